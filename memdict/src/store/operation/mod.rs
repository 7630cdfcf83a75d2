//! The operations of a store and their outcomes: what is asked, what is answered, and why there is no
//! answer.
//!
//! `load` and `change` are the operations, `count` is the change that the server computes, `token` is
//! the version that a change may depend on, and `failure` says why an operation has no outcome.

mod change;
mod count;
mod failure;
mod load;
mod token;

pub use change::{Applied, Change, Condition, Op};
pub use count::{By, Count};
pub use failure::{Reason, StoreError};
pub use load::{Load, Loaded, Renewal};
pub use token::Token;

/// A callback for the outcomes of a batch of loads. It takes the index of a load and its outcome.
pub type LoadOut<'a> = dyn FnMut(usize, Result<Loaded<'_>, StoreError>) + Send + 'a;

/// A callback for the outcomes of a batch of changes. It takes the index of a change and its
/// outcome.
pub type ApplyOut<'a> = dyn FnMut(usize, Result<Applied, StoreError>) + Send + 'a;
