//! What memdict logs: once where once is enough, and never a value.

use std::{
    io,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use memdict::{Cache, DetectUntracked, DictDef, Link, Tracked};
use memdict_tests::{Bench, Fault, Memcached};
use serde::{Deserialize, Serialize};

/// Collects what this thread logs.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::ErrorKind::Other)?.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn logged(body: impl FnOnce() -> memdict::Result<()>) -> String {
    logged_at(tracing::Level::INFO, body)
}

fn logged_at(level: tracing::Level, body: impl FnOnce() -> memdict::Result<()>) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_ansi(false);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, body).expect("the body holds");
    let bytes = lines.0.lock().expect("nobody panicked").clone();
    String::from_utf8(bytes).expect("text")
}

#[test]
fn an_outage_is_one_line_for_each_second_with_counts() {
    let text = logged(|| {
        let bench = Bench::on_memory();
        bench.store.fail_always(Some(Fault::Down));
        let session = bench.cache.session();
        let names = session.dict::<String>("names");
        assert_eq!(names.get_many(["read", "read too"])?.len(), 2);
        names.insert("written", "hunter2".into())?;
        assert_eq!(session.commit()?.lost.len(), 1);
        // One line is logged at once, and the rest of the same second when the cache ends.
        drop(bench);
        Ok(())
    });
    let lines: Vec<_> = text.lines().collect();
    let [first, rest] = lines[..] else { panic!("{text}") };
    assert!(first.contains("WARN") && first.contains("2 misses, 0 lost writes"), "{text}");
    assert!(rest.contains("WARN") && rest.contains("0 misses, 1 lost writes"), "{text}");
    assert!(rest.contains("as planned") && !text.contains("names["), "keys are not named: {text}");
}

#[test]
fn an_outage_names_its_keys_only_at_debug() {
    let bench = Bench::on_memory();
    let text = logged_at(tracing::Level::DEBUG, || {
        bench.store.fail_always(Some(Fault::Down));
        let session = bench.cache.session();
        assert!(session.dict::<String>("names").get("read")?.is_none());
        session.dict("names").insert("written", "hunter2".to_owned())?;
        assert_eq!(session.commit()?.lost.len(), 1);
        Ok(())
    });
    let lines: Vec<_> = text.lines().filter(|line| line.contains("DEBUG")).collect();
    let [read, written] = lines[..] else { panic!("{text}") };
    assert!(read.contains("`names[read]` is a miss"), "{text}");
    assert!(written.contains("is lost: `names[written]`") && !text.contains("hunter2"), "{text}");
}

#[test]
fn the_notes_of_a_session_are_in_its_log_lines_and_in_no_others() {
    let bench = Bench::on_memory();
    let text = logged_at(tracing::Level::DEBUG, || {
        bench.store.fail_always(Some(Fault::Down));
        let session = bench.cache.session();
        session.note("order 7");
        session.note("of alice");
        session.after_commit(|_| Err("of no consequence".into()));
        session.dict("names").insert("lost", "hunter2".to_owned())?;
        assert_eq!(session.commit()?.lost.len(), 1);
        bench.store.fail_always(Some(Fault::Refused));
        let session = bench.cache.session();
        session.note("order 8");
        session.dict("names").insert("refused", "hunter2".to_owned())?;
        assert_eq!(session.commit()?.refused.len(), 1);
        let session = bench.cache.session();
        session.dict("names").insert("refused", "hunter2".to_owned())?;
        assert_eq!(session.commit()?.refused.len(), 1);
        Ok(())
    });
    let lines: Vec<_> = text.lines().filter(|line| line.contains("memdict")).collect();
    let [lost, _, hook, refused, unnoted] = lines[..] else { panic!("{text}") };
    assert!(lost.contains("of the session \"order 7; of alice\" is lost: `names[lost]`"), "{text}");
    assert!(hook.contains("of the session \"order 7; of alice\": of no consequence"), "{text}");
    assert!(refused.contains("of the session \"order 8\" was refused: `names[refused]`"), "{text}");
    assert!(unnoted.contains("a change was refused") && !text.contains("hunter2"), "{text}");
}

#[test]
fn a_hook_that_fails_after_a_commit_is_in_the_log() {
    let cache = Cache::builder().after_commit(|_| Err("nobody listens".into())).open("memory:");
    let cache = cache.expect("a good URL");
    let text = logged(|| {
        cache.transaction(|session| {
            session.after_commit(|report| Err(format!("{} written", report.written).into()));
            session.dict("hits").insert("a", 1_u64)
        })
    });
    let lines: Vec<_> = text.lines().collect();
    let [first, second] = lines[..] else { panic!("{text}") };
    assert!(first.contains("WARN") && first.contains("nobody listens"), "{text}");
    assert!(second.contains("1 written"), "{text}");
}

#[test]
fn definitions_that_differ_are_in_the_log_once() {
    static SHORT: DictDef<u64> = DictDef::new("lives").ttl_secs(1);
    let cache = Cache::open("memory:").expect("a good URL");
    let text = logged(|| {
        for _ in 0..3 {
            let session = cache.session();
            session.dict(&SHORT).insert("a", 1)?;
            session.dict::<u64>("lives").insert("b", 1)?;
            session.dict(&SHORT).insert("c", 1)?;
        }
        Ok(())
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("lives") && text.contains("different options"), "{text}");
}

#[test]
fn following_a_link_logs_nothing_about_definitions() {
    static SHORT: DictDef<u64> = DictDef::new("lives").ttl_secs(1);
    let cache = Cache::open("memory:").expect("a good URL");
    let text = logged(|| {
        let link = Link::new(&SHORT, "a");
        let session = cache.session();
        assert!(session.follow(&link)?.is_none());
        session.dict(&SHORT).insert("b", 1)?;
        assert!(session.follow(&link)?.is_none());
        Ok(())
    });
    assert!(text.is_empty(), "{text}");
    // It does not hide differences between definitions either.
    let text = logged(|| {
        let session = cache.session();
        assert!(session.follow(&Link::new(&SHORT, "a"))?.is_none());
        session.dict(&SHORT).insert("a", 1)?;
        session.dict::<u64>("lives").insert("b", 1)
    });
    assert!(text.contains("different options"), "{text}");
}

/// Runs `work` in a task of a runtime, and returns what it logs. The task runs on this thread.
fn logged_in_task(work: impl FnOnce() -> memdict::Result<()> + Send + 'static) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime starts");
    logged(|| runtime.block_on(async { tokio::spawn(async { work() }).await.expect("no panic") }))
}

#[test]
fn a_cache_that_blocks_a_worker_of_tokio_is_named_once() {
    let server = Memcached::start();
    let cache = Cache::open(&format!("memcache://{}", server.address())).expect("a good URL");
    let get = |cache: &Cache| cache.session().dict::<u64>("hits").get("a").map(drop);
    let (outside, inside) = (cache.clone(), cache.clone());
    assert!(logged(|| get(&outside)).is_empty(), "this thread is no worker");
    let text = logged_in_task(move || (0..3).try_for_each(|_| get(&inside)));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("blocks a worker") && text.contains("AsyncCache"), "{text}");
    // `memory:` never waits.
    let memory = Cache::open("memory:").expect("a good URL");
    assert!(logged_in_task(move || get(&memory)).is_empty());
}

#[test]
fn a_commit_that_the_end_of_its_runtime_cuts_off_is_in_the_log() {
    let server = Memcached::start();
    let proxy = memdict_tests::Proxy::before(&server.address());
    let rolled_back = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&rolled_back);
    let builder = Cache::builder().after_rollback(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let cache = builder.open(&format!("memcache://{}?timeout=20s", proxy.address()));
    let cache = cache.and_then(|cache| cache.to_async()).expect("a good URL");
    let text = logged(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime starts");
        runtime.block_on(async {
            let session = cache.session();
            *session.dict::<u64>("hits").entry("a").await?.or_default() += 1;
            proxy.delay(std::time::Duration::from_secs(5));
            let limit = std::time::Duration::from_millis(50);
            assert!(tokio::time::timeout(limit, session.commit()).await.is_err());
            Ok(())
        })
    });
    assert!(text.contains("cut off") && text.contains("drain"), "{text}");
    assert!(text.trim_end().ends_with('`') && text.contains("hits"), "it names the entry: {text}");
    assert_eq!(rolled_back.load(Ordering::Relaxed), 0, "a part of it may have been made");
}

#[test]
fn damaged_and_outdated_values_are_in_the_log_with_the_reason() {
    let bench = Bench::on_memory();
    let text = logged(|| {
        bench.cache.transaction(|session| session.dict("d").insert("a", "hunter2".to_owned()))?;
        assert!(bench.cache.session().dict::<u64>("d").get("a")?.is_none());
        Ok(())
    });
    assert!(text.contains("d[a]") && text.contains("is a `alloc::string::String`, not a `u64`"));
    assert!(!text.contains("hunter2"));
}

#[derive(Default, Serialize, Deserialize, Tracked)]
struct Page {
    #[memdict(opaque, allow_interior)]
    hits: AtomicU64,
}

#[test]
fn a_hidden_change_is_in_the_log_with_key_and_field_path() {
    let cache = Cache::builder().detect_untracked(DetectUntracked::Warn).open("memory:");
    let cache = cache.expect("a good URL");
    let text = logged(|| {
        cache.transaction(|session| session.dict("pages").insert("a", Page::default()))?;
        let session = cache.session();
        let page = session.dict::<Page>("pages").get("a")?.expect("stored");
        page.hits.fetch_add(7777, Ordering::Relaxed);
        drop(page);
        assert_eq!(session.commit()?.written, 0);
        Ok(())
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("pages[a]") && text.contains("hits") && !text.contains("7777"), "{text}");
}

#[test]
fn a_server_that_keeps_no_versions_is_named_in_the_log_once() {
    let mut server = Memcached::with(&["-C"]);
    let text = logged(|| {
        let cache = Cache::open(&format!("memcache://{}?timeout=20s", server.address()))?;
        cache.session().dict::<u64>("hits").get("a")?;
        server.restart();
        cache.session().dict::<u64>("hits").lookup("a")?;
        let connections = cache.server_counters()[0].connections;
        assert!(connections > 1, "{connections}");
        Ok(())
    });
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(&server.address()) && text.contains("`-C`"), "{text}");
}

/// Runs in a process of its own, started by the next test, because it needs its own environment and
/// a log that has said nothing yet.
#[test]
fn child() {
    if std::env::var_os("MEMDICT_TEST_CHILD").is_none() {
        return;
    }
    let text = logged(|| {
        for _ in 0..3 {
            let cache = Cache::builder().namespace("here").open_from_env()?;
            Cache::from_env()?;
            cache.transaction(|session| session.dict("hits").insert("a", 1_u64))?;
        }
        Ok(())
    });
    println!("<<{}|{text}>>", text.lines().count());
}

fn run_child(url: Option<&str>) -> String {
    let mut command = Command::new(std::env::current_exe().expect("it runs"));
    command.args(["child", "--exact", "--nocapture"]).env("MEMDICT_TEST_CHILD", "1");
    match url {
        Some(url) => command.env("MEMDICT_URL", url),
        None => command.env_remove("MEMDICT_URL"),
    };
    let output = command.output().expect("it starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn without_a_url_in_the_environment_values_stay_in_memory_and_the_log_says_so_once() {
    let said = run_child(None);
    assert!(said.contains("<<1|") && said.contains("MEMDICT_URL"), "{said}");
    let said = run_child(Some("memory:?max_bytes=1MiB"));
    assert!(said.contains("<<0|"), "{said}");
    let said = run_child(Some("nonsense:"));
    assert!(!said.contains("<<"), "a bad URL is an error: {said}");
}

/// A name may come from a stored link, which anybody who can write to the server may have stored.
#[test]
fn no_name_of_a_dictionary_and_no_key_forges_a_line_or_hides_in_one() {
    let forged = "x\n2030-01-01 ERROR memdict: forged \u{1b}[31m\u{202e}\u{2028}";
    let text = logged_at(tracing::Level::DEBUG, || {
        let bench = Bench::on_memory();
        let session = bench.cache.session();
        let brief = DictDef::<u64>::named(forged).ttl_secs(5);
        session.dict(&brief).insert(forged, 1)?;
        session.dict::<u64>(forged).insert("k", 2)?;
        session.commit()?;
        // A value of another type is a line too, and so is an outage.
        let session = bench.cache.session();
        let link = Link::<String>::new(&DictDef::named(forged), forged);
        assert!(session.follow(&link)?.is_none());
        bench.store.fail_always(Some(Fault::Down));
        assert!(bench.cache.session().dict::<u64>(forged).get(forged)?.is_none());
        Ok(())
    });
    assert!(text.contains("forged"), "{text}");
    for line in text.lines() {
        assert!(line.contains(" memdict: ") && !line.starts_with("2030"), "{line:?}");
        assert!(
            !line.chars().any(|c| c.is_control() || "\u{202e}\u{2028}".contains(c)),
            "{line:?}"
        );
    }
}
