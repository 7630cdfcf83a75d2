//! The deadline, which limits a whole call. The upper bounds are wide, because machines are busy.

use std::time::{Duration, Instant};

use memdict::{Cache, ClassicStore, DictDef, Error, Store};
use memdict_tests::{Got, Pieces, ScriptedServer, apply, load, load_one};

use super::{applied, loaded, open, stores};

const TIMEOUT: Duration = Duration::from_millis(600);
const DEADLINE: Duration = Duration::from_millis(1_800);

/// Runs a call, and checks that it took about this long.
fn until<R>(deadline: Duration, call: impl FnOnce() -> R) -> R {
    let begun = Instant::now();
    let result = call();
    let elapsed = begun.elapsed();
    assert!(elapsed < deadline + Duration::from_secs(3), "{elapsed:?}");
    result
}

fn says_what_to_do(error: &impl ToString, server: &ScriptedServer) {
    let error = error.to_string();
    for part in ["deadline of", "`deadline=`", &server.address()] {
        assert!(error.contains(part), "{error}");
    }
}

/// Starts a server that sends one byte after the other, a value of many.
fn trickling(version: &str, header: &str) -> ScriptedServer {
    let value = format!("{header}\r\n{}\r\nEND\r\n", "v".repeat(30_000));
    let server = ScriptedServer::start(version, &[&value]);
    server.cut_answers(Pieces::Bytes);
    server
}

#[test]
fn a_byte_at_a_time_does_not_keep_a_call_beyond_its_deadline() {
    let server = trickling("1.6.45", "VA 30000 c1{O}");
    let s = open(server.address()).timeout(TIMEOUT).deadline(DEADLINE);
    let error = until(DEADLINE, || load(&s, &[b"a"])).remove(0).expect_err("it takes 30 s");
    says_what_to_do(&error, &server);
    // The server answers, if slowly, so it is not left alone.
    server.cut_answers(Pieces::Whole);
    server.play(&["EN{O}\r\n"]);
    assert_eq!(load_one(&s, b"a"), Got::Miss);
}

#[test]
fn a_byte_at_a_time_does_not_keep_a_call_of_the_classic_client_beyond_its_deadline() {
    let server = trickling("1.4.39", "VALUE a 0 30000 1");
    let s = ClassicStore::new([server.address()]).expect("a good name");
    let s = s.timeout(TIMEOUT).deadline(DEADLINE);
    let error = until(DEADLINE, || load(&s, &[b"a"])).remove(0).expect_err("it takes 30 s");
    says_what_to_do(&error, &server);
}

#[test]
fn the_deadline_is_ten_timeouts_unless_it_is_set() {
    let keys: Vec<String> = (0..200).map(|n| format!("key-{n}")).collect();
    let keys: Vec<&[u8]> = keys.iter().map(String::as_bytes).collect();
    let server = ScriptedServer::start("1.6.45", &["{pause}EN{O}\r\n"; 200]);
    server.pause(Duration::from_millis(100));
    let s = open(server.address()).timeout(Duration::from_millis(400));
    let outcomes = until(Duration::from_secs(4), || load(&s, &keys));
    let words = loaded(&outcomes);
    // What came in time counts.
    let came = words.iter().take_while(|word| **word == "miss").count();
    assert!((1..100).contains(&came), "{words:?}");
    assert!(words[came..].iter().all(|word| *word == "down"), "{words:?}");
    says_what_to_do(outcomes[199].as_ref().expect_err("it is down"), &server);
}

#[test]
fn changes_that_were_sent_before_the_deadline_are_unknown() {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n"]);
    let s = open(server.address()).timeout(Duration::from_secs(20)).deadline(DEADLINE);
    load_one(&s, b"first");
    server.pause(2 * DEADLINE);
    server.play(&["HD c1{O}\r\n", "{pause}HD c2{O}\r\n"]);
    let outcomes = until(DEADLINE, || apply(&s, &stores([b"a", b"b"])));
    // Both answers are due at once, after the pause.
    assert_eq!(applied(&outcomes), ["done", "unknown"], "{outcomes:?}");
    says_what_to_do(outcomes[1].as_ref().expect_err("unknown"), &server);
}

#[test]
fn changes_of_the_classic_client_that_were_not_begun_before_the_deadline_are_down() {
    let server =
        ScriptedServer::start("1.4.39", &["STORED\r\n", "{pause}STORED\r\n", "STORED\r\n"]);
    server.pause(2 * DEADLINE);
    let s = ClassicStore::new([server.address()]).expect("a good name");
    let s = s.timeout(Duration::from_secs(20)).deadline(DEADLINE);
    let outcomes = until(DEADLINE, || apply(&s, &stores([b"a", b"b", b"c"])));
    assert_eq!(applied(&outcomes), ["done", "unknown", "down"], "{outcomes:?}");
    outcomes[1..]
        .iter()
        .flat_map(|it| it.as_ref().err())
        .for_each(|it| says_what_to_do(it, &server));
    // The late answer belongs to nobody, and nothing more was begun.
    std::thread::sleep(2 * DEADLINE);
    assert_eq!(server.requests().len(), 2, "{:?}", server.requests());
}

static HITS: DictDef<u64> = DictDef::new("hits");

#[test]
fn a_session_has_a_deadline_of_its_own_for_reads_and_for_its_commit() {
    let server = ScriptedServer::start("1.6.45", &["EN{O}\r\n", "", "", "", ""]);
    let url = format!("memcache://{}?timeout=20s&deadline=60s&strict=true", server.address());
    let cache = Cache::open(&url).expect("a good URL");
    assert!(cache.session().dict(&HITS).get("first").expect("up").is_none());
    let session = cache.session();
    session.deadline(DEADLINE);
    let error = until(DEADLINE, || session.dict(&HITS).get("a").map(|_| ()));
    let Err(Error::Unavailable { source, .. }) = error else { panic!("{error:?}") };
    says_what_to_do(&source, &server);
    session.dict(&HITS).insert("b", 1).expect("it is free");
    // The change and the look at what became of it share one deadline.
    let error = until(DEADLINE, || session.commit()).expect_err("no answer");
    let Error::Unavailable { report: Some(report), .. } = error else { panic!("{error:?}") };
    assert!(report.lost[0].to_string().contains("deadline"), "{report:?}");
}

#[test]
fn every_store_that_waits_takes_a_deadline_for_a_call() {
    assert!(memdict::MemoryStore::new().within(Some(DEADLINE)).is_none());
    let server = ScriptedServer::start("1.6.45", &[""]);
    let s = open(server.address());
    let call = s.within(Some(DEADLINE)).expect("it waits for servers");
    let error = until(DEADLINE, || load(&*call, &[b"a"])).remove(0).expect_err("no answer");
    says_what_to_do(&error, &server);
    // All batches of a call share its deadline.
    let begun = Instant::now();
    assert_eq!(loaded(&load(&*call, &[b"a"])), ["down"]);
    assert!(begun.elapsed() < Duration::from_secs(3));
}
