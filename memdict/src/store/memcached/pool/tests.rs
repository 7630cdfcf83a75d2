use std::{
    os::unix::net::UnixStream,
    sync::atomic::{AtomicU64, Ordering},
};

use super::*;
use crate::store::memcached::{
    connection::KEPT, inbox::Inbox, proto::greeting::Facts, socket::Socket, wire::Wire,
};

const HERE: u32 = 7;
const PATIENCE: Duration = Duration::from_secs(1);

/// Makes a connection with a number of its own, whose other end is returned.
fn connection() -> (Box<Connection>, UnixStream) {
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let (near, far) = UnixStream::pair().expect("a pair of sockets");
    near.set_nonblocking(true).expect("an option is set");
    let facts = Facts {
        clock: None,
        evicted_unread: None,
        version: "1.6.45".to_owned(),
        dialect: Default::default(),
        marks: true,
        item_size_max: 1 << 20,
        cas_enabled: true,
        life: 1,
        connection: NUMBER.fetch_add(1, Ordering::Relaxed),
    };
    let connection =
        Connection::new(Socket::plain(Wire::Unix(near)), facts, Inbox::default(), Vec::new());
    (Box::new(connection), far)
}

fn wish(wanted: Option<u64>) -> Wish {
    Wish { wanted, callers: Callers::Threads, patience: PATIENCE }
}

fn dial(pool: &Pool) -> Permit<'_> {
    match pool.approach(HERE, wish(None)) {
        Approach::Dial(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn reached(pool: &Pool) -> Permit<'_> {
    let mut permit = dial(pool);
    permit.reached();
    permit
}

fn idle(pool: &Pool, wanted: Option<u64>) -> (Box<Connection>, Permit<'_>) {
    match pool.approach(HERE, wish(wanted)) {
        Approach::Connected(connection, permit) => (connection, permit),
        other => panic!("{other:?}"),
    }
}

#[test]
fn connections_of_another_process_are_not_used_and_do_not_count() {
    let pool = Pool::of(1, Instant::now);
    let (connection, _far) = connection();
    reached(&pool).put_back(connection);
    let Approach::Dial(permit) = pool.approach(HERE + 1, wish(None)) else {
        panic!("it belongs to the process that made it")
    };
    drop(permit);
    assert!(lock(&pool.state).idle.is_empty());
}

#[test]
fn an_idle_connection_keeps_small_buffers_only() {
    let pool = Pool::of(1, Instant::now);
    let (mut connection, _far) = connection();
    let large = vec![7; 3 << 20];
    let mut rest = &large[..];
    while !rest.is_empty() {
        let room = connection.inbox.room();
        let fits = rest.len().min(room.len());
        room[..fits].copy_from_slice(&rest[..fits]);
        connection.inbox.received(fits);
        rest = &rest[fits..];
    }
    connection.inbox.read(large.len());
    connection.buffer = Vec::with_capacity(1 << 20);
    assert!(connection.inbox.capacity() > 1 << 20);
    reached(&pool).put_back(connection);
    let (connection, _permit) = idle(&pool, None);
    assert!(connection.inbox.capacity() <= KEPT, "{}", connection.inbox.capacity());
    assert!(connection.buffer.capacity() <= KEPT, "{}", connection.buffer.capacity());
}

#[test]
fn the_connection_of_the_tokens_is_used_or_else_that_of_the_thread() {
    let pool = Pool::of(4, Instant::now);
    let three = [connection(), connection(), connection()];
    let [(a, _a), (b, _b), (c, _c)] = three;
    let numbers = [&a, &b, &c].map(|it| it.facts.connection);
    let permits = [reached(&pool), reached(&pool), reached(&pool)];
    let [first, second, third] = permits;
    first.put_back(a);
    thread::scope(|scope| {
        scope.spawn(|| second.put_back(b));
    });
    third.put_back(c);
    for number in numbers {
        let (found, permit) = idle(&pool, Some(number));
        assert_eq!(found.facts.connection, number);
        // `b` was used by another thread, which has ended.
        if number == numbers[1] {
            thread::scope(|scope| {
                scope.spawn(|| permit.put_back(found));
            });
        } else {
            permit.put_back(found);
        }
    }
    let (found, _permit) = idle(&pool, Some(0));
    assert_ne!(found.facts.connection, numbers[1]);
}

#[test]
fn a_refused_connection_is_no_outage_while_another_one_is_in_use() {
    let pool = Pool::of(8, Instant::now);
    let (connection, _far) = connection();
    let in_use = reached(&pool);
    let refused = dial(&pool);
    assert_eq!(pool.not_reached(refused, "is full", Instant::now()), Refused::Queue);
    // Nobody asks for another one for a while.
    assert!(matches!(pool.approach(HERE, wish(None)), Approach::Queue));
    in_use.put_back(connection);
    let waiting = pool.wait(wish(None), Instant::now() + PATIENCE);
    assert!(matches!(waiting, Approach::Connected(..)), "{waiting:?}");
}

#[test]
fn a_refused_connection_is_an_outage_if_it_is_the_first() {
    let pool = Pool::of(8, Instant::now);
    let both = (dial(&pool), dial(&pool));
    assert_eq!(pool.not_reached(both.0, "is down", Instant::now()), Refused::Queue);
    assert_eq!(pool.not_reached(both.1, "is down", Instant::now()), Refused::Outage);
    let Approach::Down(why) = pool.approach(HERE, wish(None)) else { panic!("it is down") };
    assert!(why.contains("is down"), "{why}");
}

#[test]
fn a_caller_that_finds_no_connection_free_waits_until_its_deadline_and_says_so() {
    let pool = Pool::of(2, Instant::now);
    let _both = (reached(&pool), dial(&pool));
    assert!(matches!(pool.approach(HERE, wish(None)), Approach::Queue));
    let ends = Instant::now() + Duration::from_millis(5);
    let Approach::Down(why) = pool.wait(wish(None), ends) else { panic!("none is free") };
    assert!(why.contains("max_connections=2"), "{why}");
}

#[test]
fn a_connection_that_broke_makes_room_for_another_one() {
    let pool = Pool::of(1, Instant::now);
    let broken = reached(&pool);
    pool.broke(broken);
    drop(dial(&pool));
    drop(dial(&pool));
}

#[test]
fn a_caller_that_stops_while_it_tries_a_server_lets_another_one_try() {
    let pool = Pool::of(2, Instant::now);
    let permit = dial(&pool);
    assert_eq!(pool.not_reached(permit, "is down", Instant::now()), Refused::Outage);
    let permit = loop {
        match pool.approach(HERE, wish(None)) {
            Approach::Dial(permit) => break permit,
            Approach::Down(_) => thread::sleep(Duration::from_millis(1)),
            other => panic!("{other:?}"),
        }
    };
    assert!(matches!(pool.approach(HERE, wish(None)), Approach::Down(_)), "one at a time tries");
    drop(permit);
    assert!(matches!(pool.approach(HERE, wish(None)), Approach::Dial(_)));
}
