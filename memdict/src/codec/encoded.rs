//! A stored value that is not decoded yet.

use std::fmt;

use serde::de::DeserializeOwned;

use super::{format::Codec, limits::Limits};
use crate::error::BoxError;

/// A stored value that is not decoded yet, for types that convert values of older types.
#[derive(Clone, Copy)]
pub struct Encoded<'a> {
    codec: Codec,
    payload: &'a [u8],
    limits: Limits,
    /// How many older types may still be tried.
    patience: u8,
}

/// More older types than any program keeps. It ends a cycle of two types that name each other.
pub(crate) const OLDER_TYPES: u8 = 64;

impl<'a> Encoded<'a> {
    pub(crate) const fn new(codec: Codec, payload: &'a [u8], limits: Limits) -> Self {
        Self { codec, payload, limits, patience: OLDER_TYPES }
    }

    /// Decodes the value as a `T`, which must take up all of it: a type with a shorter encoding is
    /// an error.
    ///
    /// # Errors
    ///
    /// The codec's error: the value is of another type, or damaged.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        self.codec.decode(self.payload, self.limits)
    }

    /// Returns the same value for one more older type, or `None` if too many were tried.
    pub(crate) fn next_older(mut self) -> Option<Self> {
        self.patience = self.patience.checked_sub(1)?;
        Some(self)
    }
}

/// Shows the codec and the length, never the value.
impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("codec", &self.codec)
            .field("length", &self.payload.len())
            .finish_non_exhaustive()
    }
}
