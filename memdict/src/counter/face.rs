//! The counter that an application holds.

use super::calls::Calls;
#[cfg(feature = "tokio")]
use crate::session::async_drive::Tasks;
use crate::{error::Result, face::faces, key::ToKey, session::drive::Blocking};

/// A counter of a cache: each call is one round trip, and takes effect at once.
/// [`CounterDef`](crate::CounterDef) says what may be lost.
///
/// A server that cannot be reached is always an error, which names the number: a count has no value
/// without it.
#[derive(Debug)]
pub struct Counter<'c>(pub(crate) Calls<'c, Blocking>);

/// A [`Counter`] for tasks: its calls are `async`. A count whose future is dropped may have been made
/// or not.
#[cfg(feature = "tokio")]
#[derive(Debug)]
pub struct AsyncCounter<'c>(pub(crate) Calls<'c, Tasks>);

faces! {
    impl['c] Counter<'c>, AsyncCounter<'c> {
        /// Adds to the number of a key, and returns the new one. A missing number counts as 0.
        ///
        /// # Errors
        ///
        /// - [`Unavailable`](crate::Error::Unavailable): the server cannot be reached, or did not
        ///   answer. In the second case, which the source tells, the count may have been made.
        /// - [`Refused`](crate::Error::Refused): the server has no memory for the number, or something
        ///   else is stored in its place.
        /// - [`Unsupported`](crate::Error::Unsupported): the store cannot count.
        /// - [`Key`](crate::Error::Key): the key cannot be used.
        async fn add(&self, key: impl ToKey, amount: u64) -> Result<u64>;

        /// Subtracts from the number of a key, and returns the new one, which is at least 0. A missing
        /// number counts as 0.
        ///
        /// # Errors
        ///
        /// Fails as [`add`](Self::add) does.
        async fn subtract(&self, key: impl ToKey, amount: u64) -> Result<u64>;

        /// Returns the number of a key, or `None` if there is none.
        ///
        /// # Errors
        ///
        /// Fails with [`Unavailable`](crate::Error::Unavailable) and [`Key`](crate::Error::Key), as
        /// [`add`](Self::add) does.
        async fn get(&self, key: impl ToKey) -> Result<Option<u64>>;

        /// Returns the numbers of keys, in their order, in one round trip.
        ///
        /// # Errors
        ///
        /// Fails as [`get`](Self::get) does, if any of them cannot be read.
        async fn get_many[K: ToKey](
            &self,
            keys: impl IntoIterator<Item = K>,
        ) -> Result<Vec<Option<u64>>>;

        /// Sets the number of a key, and begins its life anew.
        ///
        /// # Errors
        ///
        /// Fails as [`add`](Self::add) does.
        async fn set(&self, key: impl ToKey, number: u64) -> Result<()>;
    }
}
