//! The dictionary that a task holds.

use std::fmt;

use super::calls::Dict;
use crate::{session::async_drive::Tasks, track::Tracked};

/// A [`MemcachedDict`](crate::MemcachedDict) for tasks: its calls that may contact a store are
/// `async`.
///
/// A value that this session has loaded or written is returned without a suspension. Guards may
/// live across `.await`.
pub struct AsyncDict<'s, T: Tracked>(pub(crate) Dict<'s, T, Tasks>);

/// Shows the definition of the dictionary.
impl<T: Tracked> fmt::Debug for AsyncDict<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AsyncDict").field(&self.0.def).finish()
    }
}
