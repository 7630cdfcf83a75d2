//! What was stored under a key: a record or a tombstone, in one of its versions.

use std::{fmt, sync::Arc};

use super::{program::Program, record::Record};

/// A version of a record, or a tombstone. No two have the same bytes, because each write has its own nonce.
#[derive(Clone)]
pub(crate) struct Version {
    pub(crate) bytes: Arc<[u8]>,
    pub(crate) content: Content,
    /// The life of the server in which it was stored.
    pub(crate) life: u32,
    /// How many values were stored in that life so far, including this one.
    pub(crate) number: u32,
    /// Whether it was invalidated, and how often.
    pub(crate) is_stale: bool,
    pub(crate) invalidations: u32,
    /// The generation that it is of, and whether that is not the present one.
    pub(crate) generation: u64,
    pub(crate) is_void: bool,
}

/// What stored bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    /// A record in the form of this program.
    Value(Arc<Record>, Program),
    Tombstone,
}

impl Version {
    /// Returns the record, if a program can read it.
    pub(crate) fn read_by(&self, program: Program) -> Option<&Record> {
        match &self.content {
            _ if self.is_stale || self.is_void => None,
            Content::Value(record, writer) if program.reads(*writer) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        matches!(self.content, Content::Tombstone)
    }

    /// Returns whether it is of a newer program than this one.
    pub(crate) fn is_newer_than(&self, program: Program) -> bool {
        !self.is_stale && !self.is_void && !self.is_tombstone() && self.read_by(program).is_none()
    }

    /// Returns whether it is the same as an earlier version, but was invalidated once more since.
    /// Not every store tells these two apart.
    pub(crate) fn is_outdated_anew(&self, earlier: &Self) -> bool {
        self == earlier && self.invalidations != earlier.invalidations
    }

    pub(crate) fn invalidated(&self) -> Self {
        Self { is_stale: true, invalidations: self.invalidations + 1, ..self.clone() }
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes && self.life == other.life && self.is_stale == other.is_stale
    }
}

/// Does not show the bytes.
impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.content {
            Content::Value(record, writer) => {
                let Record { updates, left, right, .. } = &**record;
                write!(f, "{writer:?}: {updates:?}, {left} and {right}")?;
            }
            Content::Tombstone => f.write_str("a tombstone")?,
        }
        write!(
            f,
            "{}, of life {}",
            if self.is_stale {
                ", stale"
            } else if self.is_void {
                ", void"
            } else {
                ""
            },
            self.life
        )
    }
}
