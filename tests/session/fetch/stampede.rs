//! Eight processes with eight threads each ask for one value at once.

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Child, Command},
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use memdict::{Cache, Condition, DictDef, Error, Op};
use memdict_tests::{Memcached, PATIENCE, Scratch, apply_one, memcached_on, wait_until};

const PROCESSES: usize = 8;
const THREADS: usize = 8;
const LOADER: Duration = Duration::from_millis(200);
const LEASE: Duration = Duration::from_secs(2);

static PAGES: DictDef<String> = DictDef::new("pages").ttl_secs(600).lease(LEASE);

/// Appends a line to a file that processes share.
fn tell(file: &Path, line: &str) {
    let mut file =
        fs::OpenOptions::new().create(true).append(true).open(file).expect("the folder exists");
    // One write of a short line is not mixed with others.
    file.write_all(format!("{line}\n").as_bytes()).expect("there is room");
}

fn lines(file: &Path) -> Vec<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines().map(ToOwned::to_owned).collect()
}

/// Runs in processes of its own, which the tests below start.
#[test]
fn child() {
    let Ok(url) = std::env::var("MEMDICT_STAMPEDE_URL") else { return };
    let folder = std::env::var("MEMDICT_STAMPEDE_FOLDER").expect("it is set");
    let folder = Path::new(&folder);
    let loader: u64 =
        std::env::var("MEMDICT_STAMPEDE_LOADER").map_or(200, |ms| ms.parse().expect("a number"));
    let cache = Cache::open(&url).expect("a good URL");
    tell(&folder.join("ready"), "ready");
    wait_until(PATIENCE, "all are ready", || folder.join("go").exists());
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                start.wait();
                let began = Instant::now();
                let page = cache.fetch(&PAGES, "front", || {
                    tell(&folder.join("loads"), &std::process::id().to_string());
                    thread::sleep(Duration::from_millis(loader));
                    Ok::<_, Error>(format!("by {}", std::process::id()))
                });
                let page = page.expect("no error").expect("it is made");
                tell(&folder.join("got"), &format!("{} {page}", began.elapsed().as_millis()));
            });
        }
    });
    let counters = cache.counters();
    tell(&folder.join("stored"), &format!("{} {}", counters.filled, counters.late));
}

/// A server, and the processes that ask it.
struct Stampede {
    server: Memcached,
    folder: Scratch,
    children: Vec<Child>,
}

impl Stampede {
    /// Starts the processes. They begin at once when all of them are ready.
    fn begin(loader: Duration) -> Self {
        let (server, folder) = (Memcached::start(), Scratch::new());
        let children = (0..PROCESSES).map(|_| {
            Command::new(std::env::current_exe().expect("it runs"))
                .args(["fetch::stampede::child", "--exact", "--nocapture"])
                .env("MEMDICT_STAMPEDE_URL", format!("memcache://{}", server.address()))
                .env("MEMDICT_STAMPEDE_FOLDER", folder.file(""))
                .env("MEMDICT_STAMPEDE_LOADER", loader.as_millis().to_string())
                .spawn()
                .expect("it starts")
        });
        let children = children.collect();
        let stampede = Self { server, folder, children };
        let all = || stampede.lines("ready").len() == PROCESSES;
        wait_until(PATIENCE, "all are ready", all);
        tell(Path::new(&stampede.folder.file("go")), "go");
        stampede
    }

    fn lines(&self, file: &str) -> Vec<String> {
        lines(Path::new(&self.folder.file(file)))
    }

    /// Waits until a loader runs, and returns its process.
    fn loading(&self) -> u32 {
        wait_until(PATIENCE, "a loader runs", || !self.lines("loads").is_empty());
        self.lines("loads")[0].parse().expect("a number")
    }

    /// Waits for the processes. Returns how long each call took, and what it got.
    fn end(&mut self, killed: Option<u32>) -> Vec<(Duration, String)> {
        for child in &mut self.children {
            let is_killed = Some(child.id()) == killed;
            assert_eq!(child.wait().expect("it ends").success(), !is_killed);
        }
        let got = self.lines("got");
        let parse = |line: &String| {
            let (took, page) = line.split_once(' ').expect("two columns");
            (Duration::from_millis(took.parse().expect("a number")), page.to_owned())
        };
        got.iter().map(parse).collect()
    }
}

#[test]
fn of_64_threads_in_8_processes_one_runs_its_loader() {
    let mut stampede = Stampede::begin(LOADER);
    let got = stampede.end(None);
    assert_eq!((stampede.lines("loads").len(), got.len()), (1, PROCESSES * THREADS));
    let page = format!("by {}", stampede.lines("loads")[0]);
    assert!(got.iter().all(|(_, got)| *got == page), "all got its value");
    let stored = stampede.lines("stored");
    assert_eq!(stored.iter().filter(|line| *line == "1 0").count(), 1, "{stored:?}");
    assert_eq!(stored.iter().filter(|line| *line == "0 0").count(), PROCESSES - 1);
}

#[test]
fn a_process_that_is_killed_while_it_loads_holds_up_nobody_for_longer_than_the_lease() {
    let mut stampede = Stampede::begin(LOADER);
    let killed = stampede.loading();
    for child in &mut stampede.children {
        if child.id() == killed {
            child.kill().expect("it runs"); // SIGKILL
        }
    }
    let got = stampede.end(Some(killed));
    assert_eq!(stampede.lines("loads").len(), 2, "once more");
    assert_eq!(got.len(), (PROCESSES - 1) * THREADS);
    // The loader, and what a busy machine takes.
    let longest = got.iter().map(|(took, _)| *took).max().expect("there are some");
    assert!(longest <= LEASE + LOADER + Duration::from_millis(1_500), "{longest:?}");
}

#[test]
fn a_value_that_is_invalidated_while_it_is_loaded_is_not_stored() {
    let mut stampede = Stampede::begin(LOADER);
    let first = stampede.loading();
    let store = memcached_on([stampede.server.address()]);
    let invalidate = Op::Invalidate { grace: None };
    apply_one(&store, b"memdict:pages:front", invalidate, Condition::Always);
    let got = stampede.end(None);
    let loads = stampede.lines("loads");
    assert_eq!((loads.len(), got.len()), (2, PROCESSES * THREADS), "once more");
    let cache = Cache::open(&format!("memcache://{}", stampede.server.address()));
    let session = cache.expect("a good URL").session();
    let stored = session.dict(&PAGES).get("front").expect("up").map(|page| page.cloned());
    assert_eq!(stored, Some(format!("by {}", loads[1])), "not by {first}");
    let late = stampede.lines("stored").iter().filter(|line| line.ends_with(" 1")).count();
    assert_eq!(late, 1);
}
