//! What is known of the servers of a store: whether they are up, and what was exchanged with them.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

use crate::latency::Latency;

/// What is known of one server, as returned by [`Cache::health`](crate::Cache::health) and
/// [`ping`](crate::Cache::ping).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerHealth {
    /// Its name, as `host:port` or as a path.
    pub server: String,
    /// Whether it was reached at the last attempt, or `None` if there was none yet.
    pub up: Option<bool>,
    /// Since when no attempt has reached it, if it is down.
    pub down_since: Option<SystemTime>,
    /// What went wrong last, whether or not it is down now.
    pub last_error: Option<String>,
    /// Its version, as it told last.
    pub version: Option<String>,
    /// The life that it was in when it was last greeted: a number that stays the same as long as the
    /// server runs. `None` if it does not tell. Two servers may have the same.
    pub life: Option<u64>,
    /// How many connections there are, idle, in use or shared by tasks, of both faces.
    pub open: usize,
    /// How many of them are idle: no batch uses them, and on one that tasks share, no task waits.
    pub idle: usize,
    /// How long the last exchange with it took.
    pub latency: Option<Duration>,
    /// How many lost removals are [remembered](crate::CacheBuilder::remember_removals).
    pub remembered: usize,
}

impl ServerHealth {
    /// Makes a server of which nothing is known.
    #[must_use]
    pub fn unknown(server: impl Into<String>) -> Self {
        Self {
            server: server.into(),
            up: None,
            down_since: None,
            last_error: None,
            version: None,
            life: None,
            open: 0,
            idle: 0,
            latency: None,
            remembered: 0,
        }
    }
}

/// `cache-1:11211 is up, 1.6.18, 3 connections (2 idle)`
impl fmt::Display for ServerHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { server, up, version, open, idle, last_error, .. } = self;
        match up {
            None => write!(f, "{server} was not asked yet"),
            Some(true) => {
                let version = version.as_deref().unwrap_or("of an unknown version");
                write!(f, "{server} is up, {version}, {open} connections ({idle} idle)")
            }
            Some(false) => {
                write!(f, "{server} is down ({})", last_error.as_deref().unwrap_or("unknown"))
            }
        }
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What was exchanged with one server since the store was made, as returned by
        /// [`Cache::server_counters`](crate::Cache::server_counters).
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct ServerCounters {
            /// Its name, as `host:port` or as a path.
            pub server: String,
            $($(#[$doc])* pub $name: u64,)*
            /// How long the exchanges took that ended well.
            pub latency: Latency,
            /// How many items the server has evicted that nobody had read, as it told when it was
            /// last greeted, or `None` if it does not tell. Other clients' items count as well.
            pub evicted_unread: Option<u64>,
        }

        impl ServerCounters {
            /// The names of the series, in the order of the fields.
            #[cfg_attr(not(unix), allow(dead_code))]
            pub(crate) const SERIES: &[&str] =
                &[$(concat!("memdict.server.", stringify!($name)),)*];
        }

        /// Events at a server that were counted and not added yet.
        #[derive(Debug, Clone, Copy, Default)]
        #[cfg_attr(not(unix), allow(dead_code))]
        pub(crate) struct Exchanged {
            $(pub(crate) $name: u64,)*
        }

        #[cfg_attr(not(unix), allow(dead_code))]
        impl Exchanged {
            pub(crate) fn each(&self) -> [u64; ServerCounters::SERIES.len()] {
                [$(self.$name,)*]
            }

            /// Makes the counters of a server.
            pub(crate) fn read(each: &ServerCounting, server: &str) -> ServerCounters {
                let [$($name,)*] = each;
                let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
                ServerCounters {
                    server: server.to_owned(),
                    $($name: read($name),)*
                    ..ServerCounters::default()
                }
            }
        }
    };
}

/// One counter for each field.
#[cfg_attr(not(unix), allow(dead_code))]
pub(crate) type ServerCounting = [AtomicU64; ServerCounters::SERIES.len()];

counters! {
    /// Shares of batches that the server answered.
    exchanges,
    /// Keys that it was asked for.
    loads,
    /// Loads that returned a value, whatever it was worth.
    hits,
    /// Loads of keys without a value, or with the placeholder of a lease.
    misses,
    /// Changes that it was sent, and answered or left unanswered as agreed.
    changes,
    /// Operations that it refused.
    refused,
    /// Operations that it could not be sent, or did not answer.
    failed,
    /// Connections that were made and greeted.
    connections,
    /// Attempts to connect that failed, and connections that broke.
    failures,
    /// Bytes received from it.
    bytes_in,
    /// Bytes sent to it.
    bytes_out,
    /// Removals that had been lost, and were sent when the server came back.
    resent,
    /// Removals that were lost and are not sent any more, because there were too many, because they
    /// were too old, or because the server was restarted, so that nothing old is left.
    forgotten,
}
