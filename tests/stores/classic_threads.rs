//! The threads that the classic client costs. A program of its own, because it counts the threads
//! of the process.

use std::{fs, sync::Barrier};

use memdict::{ClassicStore, Condition};
use memdict_tests::{Daemon, Memcached, apply_one, classic_on, store};

fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("the system lists threads").flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim() == "memdict").count()
}

#[test]
fn each_server_with_sasl_costs_one_thread_and_one_without_none() {
    let servers = [Memcached::start(), Memcached::start()];
    let s = classic_on(servers.iter().map(Memcached::address));
    use_from_many_threads(&s);
    let connections: u64 = servers.iter().map(|server| server.stat("curr_connections")).sum();
    assert!(connections > 2 * 3, "{connections}");
    assert_eq!(threads(), 0);

    let servers = ["one", "other"].map(|user| Daemon::memcached_with_sasl(user, "5ecret", &[]));
    let with = |server: &Daemon, user| {
        let s = classic_on([server.address()]);
        s.credentials(user, "5ecret").expect("both are plain")
    };
    let (one, other) = (with(&servers[0], "one"), with(&servers[1], "other"));
    use_from_many_threads(&one);
    use_from_many_threads(&other);
    assert_eq!(threads(), 2);
}

fn use_from_many_threads(s: &ClassicStore) {
    let together = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let together = &together;
            scope.spawn(move || {
                together.wait();
                for i in 0..20 {
                    let key = format!("{thread}-{i}");
                    apply_one(s, key.as_bytes(), store(b"v"), Condition::Always);
                }
            });
        }
    });
}
