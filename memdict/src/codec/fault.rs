//! Why a value was not encoded or not decoded.

use std::{error::Error, fmt};

use bincode::error::{DecodeError, EncodeError};
use serde::{de, ser};

use super::limits::Limits;
use crate::error::BoxError;

/// Why a value was not encoded or not decoded.
#[derive(Debug)]
pub(super) enum Fault {
    /// It has more levels than this.
    TooDeep(usize),
    Other(BoxError),
}

impl Fault {
    #[cold]
    pub(super) fn new(said: impl Into<BoxError>) -> Self {
        Self::Other(said.into())
    }

    #[cold]
    pub(super) fn too_many_elements(limit: usize) -> Self {
        Self::new(format!(
            "its collections have more than {limit} elements, most of which are encoded to no \
             bytes: store their number instead"
        ))
    }

    #[cold]
    pub(super) fn too_large(limits: Limits, payload: usize) -> Self {
        Self::new(format!(
            "it needs more than {} bytes of memory, although it is encoded to {payload}: box its \
             large variants, or raise the limit with `DictDef::max_memory`",
            limits.memory(payload)
        ))
    }

    pub(super) fn into_inner(self) -> BoxError {
        match self {
            Self::TooDeep(_) => self.to_string().into(),
            Self::Other(error) => error,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep(limit) => write!(
                f,
                "it is nested more than {limit} levels deep: keep its parts in entries of their \
                 own, joined by `Link`s, or raise the limit with `DictDef::max_depth`"
            ),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl Error for Fault {}

impl From<DecodeError> for Fault {
    #[cold]
    fn from(error: DecodeError) -> Self {
        Self::new(error)
    }
}

impl From<EncodeError> for Fault {
    #[cold]
    fn from(error: EncodeError) -> Self {
        Self::new(error)
    }
}

impl de::Error for Fault {
    #[cold]
    fn custom<T: fmt::Display>(said: T) -> Self {
        Self::new(said.to_string())
    }
}

impl ser::Error for Fault {
    #[cold]
    fn custom<T: fmt::Display>(said: T) -> Self {
        Self::new(said.to_string())
    }
}
