//! The threads that the classic client costs. A program of its own, because it counts the threads
//! of the process.

use std::{fs, sync::Barrier};

use memdict::Condition;
use memdict_tests::{Memcached, apply_one, classic_on, store};

fn threads() -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("the system lists threads").flatten();
    let names = tasks.filter_map(|task| fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|name| name.trim() == "memdict").count()
}

#[test]
fn each_server_in_use_costs_one_thread_however_many_connections_it_has() {
    let servers = [Memcached::start(), Memcached::start()];
    let names = servers.iter().map(Memcached::address);
    let s = classic_on(names);
    assert_eq!(threads(), 0);
    let together = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (s, together) = (&s, &together);
            scope.spawn(move || {
                together.wait();
                for i in 0..20 {
                    let key = format!("{thread}-{i}");
                    apply_one(s, key.as_bytes(), store(b"v"), Condition::Always);
                }
            });
        }
    });
    let connections: u64 = servers.iter().map(|server| server.stat("curr_connections")).sum();
    assert!(connections > 2 * 3, "{connections}");
    assert_eq!(threads(), 2);
}
