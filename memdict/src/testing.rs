//! What an application's own tests need: a store that fails, and a clock to turn.
//!
//! The [guide](crate::docs::testing) shows how to use them. They are for tests: a program in production
//! has no use for them, and they may change in any release that raises the second number of the
//! version.

pub use crate::store::{
    clock::ManualClock,
    faulty::{FaultyStore, fault::Fault, lives::Lives, rates::Rates},
};
