//! Support for the tests: servers, stores that fail on command, and outcomes.

mod authority;
mod bench;
mod changes;
mod daemon;
mod endpoint;
mod environment;
mod established;
mod face;
mod flare;
mod forked;
mod given;
mod mcrouter;
mod memcached;
mod noise;
mod outcome;
mod patience;
mod proxy;
mod scratch;
mod scripted;
mod tasks;
mod wait;

pub use authority::{Authority, Certificate};
pub use bench::{Address, Bench, Cart, Item};
pub use changes::{diff, marked};
pub use daemon::Daemon;
pub use endpoint::Endpoint;
pub use environment::number;
pub use face::{Cache, Dict, Held, Session};
pub use flare::Flare;
pub use forked::{Ended, Forked, alone, end_by_sigpipe, open_no_more_files};
pub use given::{Apart, given};
pub use mcrouter::Mcrouter;
pub use memcached::Memcached;
pub use memdict::testing::{Fault, FaultyStore, Lives, ManualClock, Rates};
pub use noise::noise;
pub use outcome::{
    Found, Got, apply, apply_one, find, load, load_one, load_when_up, named, store, store_for,
};
pub use patience::{PATIENCE, classic_on, in_classic_on, memcached_on};
pub use proxy::{End, Proxy, Way};
pub use scratch::Scratch;
pub use scripted::{Pieces, ScriptedServer};
pub use tasks::{Waiting, wait};
pub use wait::{ONE_SECOND_LIFE, wait_until};

/// The README's code, run as a test.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
pub struct Readme;
