//! What the tests share.

mod bench;
mod changes;
mod clock;
mod faulty;
mod memcached;
mod outcome;
mod scripted;

pub use bench::{Address, Bench, Cart, Item};
pub use changes::{diff, marked};
pub use clock::ByHand;
pub use faulty::{Fault, FaultyStore};
pub use memcached::Memcached;
pub use outcome::{Got, apply, apply_one, load, load_one, store, store_for};
pub use scripted::ScriptedServer;

/// The README's code, run as a test.
#[doc = include_str!("../../README.md")]
#[cfg(doctest)]
pub struct Readme;

/// The code of the guide to tracking, run as a test.
#[doc = include_str!("../../docs/tracking.md")]
#[cfg(doctest)]
pub struct TrackingGuide;
