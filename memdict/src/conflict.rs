//! The description of a conflict on one entry.

use std::fmt;

use crate::{entry_id::EntryId, unusable::Unusable};

/// An entry in conflict, because another session changed it or its value is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyConflict {
    /// The entry.
    pub id: EntryId,
    /// The type of its values.
    pub type_name: &'static str,
    /// The paths of the fields that this session changed: all fields of a value that it created,
    /// and none of a value that it removed or only read.
    pub ours: Vec<String>,
    /// The paths of the fields that the other session changed. Empty if they are unknown, because
    /// the store has no usable value now, or this session had loaded none.
    pub theirs: Vec<String>,
    /// What happened to the stored value.
    pub cause: ConflictCause,
    /// Why the two changes could not be merged, if the dictionary asks for merging.
    pub reason: Option<String>,
    /// Whether this session's change may still be in the stored value.
    pub(crate) uncertain: bool,
}

impl fmt::Display for KeyConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (`{}`) {}", self.id, self.type_name, self.cause)?;
        let changed = |fields: &[String]| match fields {
            [field] if field.is_empty() => "the whole value".to_owned(),
            fields => {
                fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ")
            }
        };
        if !self.theirs.is_empty() {
            let said = match self.cause {
                ConflictCause::Overwritten => ", which changed",
                _ => "; the stored value differs in",
            };
            write!(f, "{said} {}", changed(&self.theirs))?;
        }
        if !self.ours.is_empty() {
            write!(f, "; this session changed {}", changed(&self.ours))?;
        }
        match &self.reason {
            Some(reason) => write!(f, "; not merged: {reason}"),
            None => Ok(()),
        }
    }
}

/// What happened to a stored value that this session changed too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictCause {
    /// Another session has stored a value since this session read the key.
    Overwritten,
    /// The value is gone: evicted, expired, or removed by another session.
    Vanished,
    /// Another session has removed the value, and its tombstone tells so
    /// ([`DictDef::tombstone`](crate::DictDef::tombstone)).
    Removed,
    /// The stored value is of a newer version of the type, which this program cannot read. It stays.
    /// Trying again does not help.
    NewerSchema,
    /// The stored bytes are not a usable value, and the dictionary keeps such bytes
    /// ([`OnUnusable::Keep`](crate::OnUnusable::Keep)). Trying again does not help.
    Unusable(Unusable),
    /// The server has restarted since this session read the key, and lost all values. It counts
    /// versions anew, so the version that was read cannot be compared with any current one.
    ServerRestarted,
    /// The dictionary was [cleared](crate::Cache::clear) after this session had read from it, or
    /// its generation was lost, which clears it as well. Nobody reads what was written.
    Cleared,
}

impl ConflictCause {
    /// Returns whether another attempt may find something else.
    pub(crate) fn is_transient(self) -> bool {
        !matches!(self, Self::NewerSchema | Self::Unusable(_))
    }
}

impl fmt::Display for ConflictCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overwritten => f.write_str("was overwritten by another session"),
            Self::Vanished => f.write_str("is gone: evicted, expired or removed"),
            Self::Removed => f.write_str("was removed by another session"),
            Self::NewerSchema => f.write_str("was stored by a newer version of the program"),
            Self::Unusable(why) => write!(f, "is kept as it is, because {why}"),
            Self::ServerRestarted => {
                f.write_str("cannot be compared, because its server restarted")
            }
            Self::Cleared => f.write_str("belongs to a dictionary that was cleared"),
        }
    }
}
