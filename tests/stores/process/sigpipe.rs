//! A process that SIGPIPE would end writes to connections that the server has closed.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixListener,
    thread,
};

use memdict::{Change, ClassicStore, Condition, MemcachedStore, Store};
use memdict_tests::{Ended, Forked, Scratch, alone, apply, end_by_sigpipe, store};

/// Greets like a memcached, and closes each connection at the first change.
fn closes(listener: UnixListener, version: &'static str) {
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().expect("it is open")).lines();
            for line in lines.map_while(Result::ok) {
                let answer = match line.as_str() {
                    "version" => format!("VERSION {version}\r\n"),
                    "mn" => "MN\r\n".to_owned(),
                    line if line.starts_with("stats") => "END\r\n".to_owned(),
                    _ => break,
                };
                if stream.write_all(answer.as_bytes()).is_err() {
                    break;
                }
            }
        }
    });
}

fn survives(s: &dyn Store) {
    // More than the buffers between both ends hold, so that a part is sent after the end.
    let large = vec![b'x'; 1_000_000];
    let changes = [Change::new(b"k", store(&large), Condition::Always); 8];
    let child = Forked::run(|| {
        end_by_sigpipe();
        (0..3).map(|_| i32::from(apply(s, &changes).iter().any(Result::is_ok))).sum()
    });
    assert_eq!(child.wait(), Ended::Code(0));
}

#[test]
fn a_closed_connection_is_an_error_and_does_not_end_the_process() {
    let _alone = alone();
    let files = Scratch::new();
    let path = files.file("socket");
    closes(UnixListener::bind(&path).expect("a path of its own"), "1.6.45");
    survives(&MemcachedStore::new([path]).expect("a good path"));
}

#[test]
fn a_closed_connection_of_the_classic_client_is_an_error_and_does_not_end_the_process() {
    let _alone = alone();
    let files = Scratch::new();
    let path = files.file("socket");
    closes(UnixListener::bind(&path).expect("a path of its own"), "1.4.39");
    survives(&ClassicStore::new([path]).expect("a good path"));
}
