//! Connections that many tasks share, in the classic protocol.

use std::pin::pin;

use memdict::{MemcachedStore, StoreError};
use memdict_tests::{Memcached, ScriptedServer, in_classic_on};
use tokio::{join, task::JoinSet};

use crate::sharing::{begin_before_others, get, on_one_thread, set, warm};

#[test]
fn tasks_share_connections_and_each_gets_its_own_answers() {
    let server = Memcached::start();
    on_one_thread(async {
        let s = std::sync::Arc::new(in_classic_on([server.address()]).max_connections(4));
        for round in 0..3 {
            let mut tasks = JoinSet::new();
            for n in 0..200 {
                let s = std::sync::Arc::clone(&s);
                tasks.spawn(async move {
                    let (key, value) = (format!("k{n}"), format!("v{n} of {round}"));
                    let stored = set(&s, &key, value.as_bytes()).await;
                    let got = get(&s, &key).await.expect("the server is up");
                    (stored.is_ok(), got == Some(value.into_bytes()))
                });
            }
            while let Some(done) = tasks.join_next().await {
                assert_eq!(done.expect("no task panics"), (true, true));
            }
        }
    });
    assert!(server.stat("total_connections") < 10, "connections are shared");
}

/// Makes a store over a scripted server, with connections of which two tasks can share one.
async fn warmed(server: &ScriptedServer) -> MemcachedStore {
    let s = in_classic_on([server.address()]);
    server.play(&["END\r\n"; 3]);
    warm(&s).await;
    s
}

#[test]
fn an_error_that_may_leave_a_value_unread_ends_a_shared_connection_for_all() {
    let server = ScriptedServer::start("1.4.39", &[]);
    on_one_thread(async {
        let s = warmed(&server).await;
        // The first one is alone. The others share: `ERROR` is followed by what the server makes of
        // the value, which must not be taken for the answer to the third.
        server.play(&["STORED\r\n", "ERROR\r\nSTORED\r\n", "STORED\r\n"]);
        let mut alone = pin!(set(&s, "a", b"v"));
        begin_before_others(&server, alone.as_mut()).await;
        let (alone, refused, other) = join!(alone, set(&s, "b", b"v"), set(&s, "c", b"v"));
        assert!(alone.is_ok(), "{alone:?}");
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        assert!(matches!(other, Err(StoreError::Unknown(_))), "{other:?}");
    });
}

#[test]
fn an_error_in_place_of_values_is_for_its_task_alone_on_a_shared_connection() {
    let server = ScriptedServer::start("1.4.39", &[]);
    on_one_thread(async {
        let s = warmed(&server).await;
        let value = "VALUE c 0 1 7\r\nv\r\nEND\r\n";
        server.play(&["END\r\n", "SERVER_ERROR out of memory\r\n", value]);
        let mut alone = pin!(get(&s, "a"));
        begin_before_others(&server, alone.as_mut()).await;
        let (alone, refused, other) = join!(alone, get(&s, "b"), get(&s, "c"));
        assert!(matches!(alone, Ok(None)), "{alone:?}");
        assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
        assert!(matches!(&other, Ok(Some(value)) if value == b"v"), "{other:?}");
    });
}
