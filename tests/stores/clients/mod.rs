//! The promises of both clients of memcached, the engine and the classic client, besides those of
//! every store. The differences between them are data of [`Client`].

mod failing;
mod text;
mod working;

use std::time::Duration;

use memdict::{ClassicStore, MemcachedStore, Store};
use memdict_tests::{Got, Memcached, PATIENCE, load_when_up};

/// One of the two clients, and its differences from the other.
trait Client: Store + Sized {
    /// The version of a server that this client speaks to, such a server's answer to a miss, and
    /// the beginning of the request.
    const MISS: (&'static str, &'static str, &'static str);
    /// A key that only this client refuses.
    const REFUSES: Option<&'static [u8]>;
    /// Whether the client always reads what a server says before it closes a new connection.
    const HEARS_A_FAREWELL: bool;

    fn of(names: impl IntoIterator<Item = String>) -> memdict::Result<Self>;

    fn with_timeout(self, timeout: Duration) -> Self;

    fn on(names: impl IntoIterator<Item = String>) -> Self {
        Self::of(names).expect("the names are well formed").with_timeout(PATIENCE)
    }

    fn open(server: &Memcached) -> Self {
        Self::on([server.address()])
    }

    /// Loads a key from a server that was down and is back.
    fn load_again(&self, key: &[u8]) -> Got {
        load_when_up(self, key)
    }
}

impl Client for MemcachedStore {
    const MISS: (&'static str, &'static str, &'static str) = ("1.6.18", "EN{O}\r\n", "mg k ");
    const REFUSES: Option<&'static [u8]> = None;
    const HEARS_A_FAREWELL: bool = true;

    fn of(names: impl IntoIterator<Item = String>) -> memdict::Result<Self> {
        Self::new(names)
    }

    fn with_timeout(self, timeout: Duration) -> Self {
        self.timeout(timeout).connect_timeout(timeout)
    }
}

impl Client for ClassicStore {
    const MISS: (&'static str, &'static str, &'static str) = ("1.4.0", "END\r\n", "gets k");
    /// It is not UTF-8.
    const REFUSES: Option<&'static [u8]> = Some(b"\xff");
    /// A request may be the first to notice the close.
    const HEARS_A_FAREWELL: bool = false;

    fn of(names: impl IntoIterator<Item = String>) -> memdict::Result<Self> {
        Self::new(names)
    }

    fn with_timeout(self, timeout: Duration) -> Self {
        self.timeout(timeout).connect_timeout(timeout)
    }
}

macro_rules! suite {
    ($($group:ident { $($behaviour:ident)* })*) => {
        mod memcached {
            use memdict::MemcachedStore;

            $($(#[test] fn $behaviour() { super::$group::$behaviour::<MemcachedStore>(); })*)*
        }

        mod classic {
            use memdict::ClassicStore;

            $($(#[test] fn $behaviour() { super::$group::$behaviour::<ClassicStore>(); })*)*
        }
    };
}

suite! {
    working {
        nothing_is_connected_until_the_first_operation
        an_empty_list_and_malformed_names_are_errors_that_quote_them
        invalid_keys_are_refused_and_cannot_smuggle_a_command
        lifetimes_around_30_days_are_kept
        lifetimes_that_end_after_2038_end_then_and_are_not_dropped
        each_key_is_on_one_server_and_the_order_of_the_list_does_not_matter
        changes_on_a_version_are_refused_unsent_by_servers_that_keep_none
    }
    failing {
        a_server_that_is_down_fails_at_once_and_is_used_again_when_it_is_back
        a_restart_between_two_calls_loses_the_values_and_causes_no_error
        a_server_that_dies_in_use_is_down_and_found_again
        only_the_keys_of_a_server_that_is_down_are_down
        without_memory_each_change_is_refused_by_itself_and_none_is_unknown
        a_server_without_a_free_connection_is_down_and_used_when_it_has_one
    }
}
