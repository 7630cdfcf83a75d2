//! One suite of behaviours that every store has: the embedded one, one memcached, one on a unix
//! socket, three of them, and the same in the classic protocol: because the program says so, or
//! because a server, a proxy or Flare turns out to speak no other; over TLS; through the classic client, in
//! both of its protocols; and over the engine for tasks. The store that the tests of restarts use has them
//! too.

mod batches;
mod conditions;
mod counts;
mod lives;
mod rights;
mod values;

pub(super) use conditions::count_in_threads;
use memdict::{MemcachedStore, MemoryStore, Store};
use memdict_tests::{
    Daemon, FaultyStore, Flare, Lives, Mcrouter, Memcached, Proxy, Waiting, classic_on, given,
    in_classic_on, memcached_on,
};

macro_rules! suite {
    ($($group:ident { $($behaviour:ident)* })*) => {
        mod memory {
            use memdict::MemoryStore;

            $($(#[test] fn $behaviour() { super::$group::$behaviour(&MemoryStore::new()); })*)*
        }

        mod restartable {
            $($(#[test] fn $behaviour() { super::on_a_restarted_one(super::$group::$behaviour); })*)*
        }

        mod memcached {
            $($(#[test] fn $behaviour() { super::on_servers(1, super::$group::$behaviour); })*)*
        }

        mod memcached_on_a_unix_socket {
            $($(#[test] fn $behaviour() { super::on_a_socket(super::$group::$behaviour); })*)*
        }

        mod given {
            $($(#[test] #[ignore = "needs a server: scripts/servers"] fn $behaviour() {
                super::$group::$behaviour(&*memdict_tests::given());
            })*)*
        }

        mod given_in_tasks {
            $($(#[test] #[ignore = "needs a server: scripts/servers"] fn $behaviour() {
                super::on_given_in_tasks(super::$group::$behaviour);
            })*)*
        }

        mod three_memcacheds {
            $($(#[test] fn $behaviour() { super::on_servers(3, super::$group::$behaviour); })*)*
        }

        mod classic {
            $($(#[test] fn $behaviour() { super::on_classic(1, super::$group::$behaviour); })*)*
        }

        mod three_classic {
            $($(#[test] fn $behaviour() { super::on_classic(3, super::$group::$behaviour); })*)*
        }

        mod in_classic {
            $($(#[test] fn $behaviour() { super::in_classic(1, super::$group::$behaviour); })*)*
        }

        mod three_in_classic {
            $($(#[test] fn $behaviour() { super::in_classic(3, super::$group::$behaviour); })*)*
        }

        mod in_classic_in_tasks {
            $($(#[test] fn $behaviour() {
                super::in_classic_in_tasks(1, super::$group::$behaviour);
            })*)*
        }

        mod behind_twemproxy {
            $($(#[test] fn $behaviour() { super::behind_twemproxy(super::$group::$behaviour); })*)*
        }

        mod behind_twemproxy_in_tasks {
            $($(#[test] fn $behaviour() {
                super::behind_twemproxy_in_tasks(super::$group::$behaviour);
            })*)*
        }

        mod behind_mcrouter {
            $($(#[test] fn $behaviour() { super::behind_mcrouter(super::$group::$behaviour); })*)*
        }

        mod behind_mcrouter_in_tasks {
            $($(#[test] fn $behaviour() {
                super::behind_mcrouter_in_tasks(super::$group::$behaviour);
            })*)*
        }

        mod flare {
            $($(#[test] fn $behaviour() { super::on_flare(super::$group::$behaviour); })*)*
        }

        mod flare_in_tasks {
            $($(#[test] fn $behaviour() { super::on_flare_in_tasks(super::$group::$behaviour); })*)*
        }

        mod without_meta_commands {
            $($(#[test] fn $behaviour() { super::on_an_old_one(super::$group::$behaviour); })*)*
        }

        mod memory_in_tasks {
            use memdict::MemoryStore;
            use memdict_tests::Waiting;

            $($(#[test] fn $behaviour() {
                super::$group::$behaviour(&Waiting(MemoryStore::new()));
            })*)*
        }

        mod memcached_in_tasks {
            $($(#[test] fn $behaviour() {
                super::on_servers_in_tasks(1, super::$group::$behaviour);
            })*)*
        }

        mod memcached_on_a_unix_socket_in_tasks {
            $($(#[test] fn $behaviour() {
                super::on_a_socket_in_tasks(super::$group::$behaviour);
            })*)*
        }

        mod three_memcacheds_in_tasks {
            $($(#[test] fn $behaviour() {
                super::on_servers_in_tasks(3, super::$group::$behaviour);
            })*)*
        }

        mod without_meta_commands_in_tasks {
            $($(#[test] fn $behaviour() {
                super::on_an_old_one_in_tasks(super::$group::$behaviour);
            })*)*
        }

        #[cfg(feature = "tls")]
        mod tls {
            $($(#[test] fn $behaviour() { super::over_tls(super::$group::$behaviour); })*)*
        }

        #[cfg(feature = "tls")]
        mod tls_in_tasks {
            $($(#[test] fn $behaviour() { super::over_tls_in_tasks(super::$group::$behaviour); })*)*
        }

        #[cfg(feature = "tls")]
        mod tls_in_classic {
            $($(#[test] fn $behaviour() {
                super::over_tls_in_classic(super::$group::$behaviour);
            })*)*
        }

        mod sasl {
            $($(#[test] fn $behaviour() { super::on_sasl(super::$group::$behaviour); })*)*
        }
    };
}

fn on_a_restarted_one(behaviour: fn(&dyn Store)) {
    for lives in [Lives::Told, Lives::Untold] {
        let s = FaultyStore::with_lives(MemoryStore::new(), lives);
        s.restart();
        behaviour(&s);
    }
}

fn on_servers(count: usize, behaviour: fn(&dyn Store)) {
    with_servers(count, |store| behaviour(&store));
}

fn on_servers_in_tasks(count: usize, behaviour: fn(&dyn Store)) {
    with_servers(count, |store| behaviour(&Waiting(store)));
}

fn with_servers(count: usize, run: impl FnOnce(MemcachedStore)) {
    let servers: Vec<_> = (0..count).map(|_| Memcached::start()).collect();
    run(memcached_on(servers.iter().map(Memcached::address)));
}

fn on_classic(count: usize, behaviour: fn(&dyn Store)) {
    let servers: Vec<_> = (0..count).map(|_| Memcached::start()).collect();
    let names = servers.iter().map(Memcached::address);
    behaviour(&classic_on(names));
}

fn in_classic(count: usize, behaviour: fn(&dyn Store)) {
    let servers: Vec<_> = (0..count).map(|_| Memcached::start()).collect();
    behaviour(&in_classic_on(servers.iter().map(Memcached::address)));
}

fn in_classic_in_tasks(count: usize, behaviour: fn(&dyn Store)) {
    let servers: Vec<_> = (0..count).map(|_| Memcached::start()).collect();
    behaviour(&Waiting(in_classic_on(servers.iter().map(Memcached::address))));
}

/// A server that answers as Flare does.
fn on_flare(behaviour: fn(&dyn Store)) {
    let node = Flare::start();
    behaviour(&memcached_on([node.address()]).flare());
}

fn on_flare_in_tasks(behaviour: fn(&dyn Store)) {
    let node = Flare::start();
    behaviour(&Waiting(memcached_on([node.address()]).flare()));
}

/// The server that `MEMDICT_TEST_URL` names.
fn on_given_in_tasks(behaviour: fn(&dyn Store)) {
    match given().into_async() {
        Some(tasks) => behaviour(&Waiting(tasks)),
        // The classic client has no side for tasks.
        None => behaviour(&*given()),
    }
}

/// A proxy that closes a connection on a question that it does not know.
fn behind_twemproxy(behaviour: fn(&dyn Store)) {
    with_twemproxy(|store| behaviour(&store));
}

fn behind_twemproxy_in_tasks(behaviour: fn(&dyn Store)) {
    with_twemproxy(|store| behaviour(&Waiting(store)));
}

fn with_twemproxy(run: impl FnOnce(MemcachedStore)) {
    let servers = [Memcached::start(), Memcached::start()];
    let proxy = Daemon::proxy(&servers);
    let store = memcached_on([proxy.address()]);
    // What it is, is found out by the first operation.
    store.ping();
    run(store);
}

/// A proxy that tells its own life, and closes a connection on a command that it does not know.
fn behind_mcrouter(behaviour: fn(&dyn Store)) {
    with_mcrouter(|store| behaviour(&store));
}

fn behind_mcrouter_in_tasks(behaviour: fn(&dyn Store)) {
    with_mcrouter(|store| behaviour(&Waiting(store)));
}

fn with_mcrouter(run: impl FnOnce(MemcachedStore)) {
    let server = Memcached::start();
    let store = memcached_on([Mcrouter::before(&server.address()).address()]);
    // What it is, is found out by the first operation.
    store.ping();
    run(store);
}

fn on_a_socket(behaviour: fn(&dyn Store)) {
    let server = Memcached::on_socket();
    behaviour(&memcached_on([server.address()]));
}

fn on_a_socket_in_tasks(behaviour: fn(&dyn Store)) {
    let server = Memcached::on_socket();
    behaviour(&Waiting(memcached_on([server.address()])));
}

/// A server that reports a version too old for meta commands, which the first operation discovers.
fn on_an_old_one(behaviour: fn(&dyn Store)) {
    with_an_old_one(|store| behaviour(&store));
}

fn on_an_old_one_in_tasks(behaviour: fn(&dyn Store)) {
    with_an_old_one(|store| behaviour(&Waiting(store)));
}

fn with_an_old_one(run: impl FnOnce(MemcachedStore)) {
    let server = Memcached::start();
    let proxy = Proxy::before(&server.address());
    let version = &server.ask("version\r\n", "VERSION")[0];
    proxy.pretend(version.trim_start_matches("VERSION "), "1.5.22");
    run(memcached_on([proxy.address()]));
}

#[cfg(feature = "tls")]
fn over_tls(behaviour: fn(&dyn Store)) {
    with_tls(|store| behaviour(&store));
}

#[cfg(feature = "tls")]
fn over_tls_in_tasks(behaviour: fn(&dyn Store)) {
    with_tls(|store| behaviour(&Waiting(store)));
}

#[cfg(feature = "tls")]
fn over_tls_in_classic(behaviour: fn(&dyn Store)) {
    with_tls(|store| behaviour(&store.classic()));
}

#[cfg(feature = "tls")]
fn with_tls(run: impl FnOnce(MemcachedStore)) {
    let (server, authority) = Daemon::memcached_with_tls(&[]);
    let tls = memdict::Tls::new().ca_file(authority.ca_file());
    run(memcached_on([server.address()]).tls(tls).expect("the file is there"));
}

/// A server in memcached's binary protocol.
fn on_sasl(behaviour: fn(&dyn Store)) {
    let server = Daemon::memcached_with_sasl("shop", "5ecret", &[]);
    let s = classic_on([server.address()]);
    behaviour(&s.credentials("shop", "5ecret").expect("both are plain"));
}

suite! {
    values {
        a_stored_value_is_loaded
        a_value_may_be_empty_or_of_any_bytes
        a_key_that_was_never_stored_is_a_miss
        storing_replaces_any_value
        deleting_removes_a_value_and_reports_an_absent_one_as_gone
        a_lifetime_ends
        a_lifetime_of_zero_is_a_second_and_not_for_ever
        storing_again_sets_a_new_lifetime
        errors_show_no_values
    }
    conditions {
        storing_on_absent_keeps_a_value_that_exists
        a_matching_token_replaces_and_an_outdated_one_differs
        a_token_of_an_absent_value_is_gone
        deleting_obeys_tokens
        deleting_on_absent_says_whether_there_is_a_value_and_does_nothing
        a_token_of_another_server_or_version_matches_nothing
        a_token_of_another_life_says_that_the_server_restarted_if_both_are_known
        a_token_of_another_life_changes_nothing_even_within_a_batch
        a_value_stored_again_has_another_version
        threads_lose_no_update_that_depends_on_a_version
    }
    batches {
        operations_on_one_key_take_effect_in_order
        the_largest_value_fits_and_a_larger_one_is_refused_alone
        a_refused_value_leaves_the_old_one
        keys_up_to_250_bytes_are_accepted_and_are_distinct
        keys_that_are_not_utf_8_are_accepted_or_refused
        invalid_keys_are_refused_and_the_others_served
        a_batch_may_be_empty
        a_batch_may_be_large
    }
    lives {
        a_touch_sets_the_end_of_life_anew_and_keeps_value_and_version
        a_touch_of_nothing_says_so_and_stores_nothing
        a_touch_has_no_condition
        touches_and_stores_on_one_key_take_effect_in_order
        a_value_whose_time_has_passed_expires_at_once
        a_time_to_come_is_when_a_value_expires
        the_life_that_is_left_is_told_in_whole_seconds
        a_value_can_expire_when_the_one_that_it_replaces_does
    }
    rights {
        one_caller_gets_the_lease_and_the_others_learn_of_it
        a_lease_lasts_as_long_as_asked_and_can_be_given_back_on_its_token
        whatever_replaces_or_invalidates_a_placeholder_voids_the_lease
        an_empty_value_is_not_a_placeholder
        an_invalidated_value_is_stale_and_one_caller_renews_it
        invalidating_obeys_tokens_and_sets_the_grace
        a_plain_load_a_touch_or_a_count_never_uses_up_the_right_to_renew
        a_stale_value_is_replaced_on_the_token_of_a_load_that_is_to_replace_it
        one_caller_renews_a_value_that_has_little_life_left
    }
    counts {
        a_count_returns_the_new_number
        a_number_has_64_bits_and_begins_again_after_the_largest
        what_is_no_number_is_refused_and_stays
        a_count_changes_the_version_and_keeps_the_end_of_life
        a_count_has_no_condition
        threads_lose_no_count
    }
}
