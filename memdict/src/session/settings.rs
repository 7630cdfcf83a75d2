//! What all sessions of a cache share.

use std::{collections::HashSet, fmt};

use parking_lot::Mutex;

use crate::{counters::Counting, log::warning};

/// What [`CacheBuilder::detect_untracked`](crate::CacheBuilder::detect_untracked) does about a
/// value that was only read and is not what was loaded all the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetectUntracked {
    /// Does not look.
    #[default]
    Off,
    /// Says so in the log, with key and field path. The change is not written.
    Warn,
    /// Makes the commit an [`Error::HiddenChange`](crate::Error::HiddenChange). Nothing is sent.
    Error,
}

/// Settings of a cache, and what it counts.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) namespace: String,
    pub(crate) strict: bool,
    pub(crate) detect_untracked: DetectUntracked,
    pub(crate) counting: Counting,
    /// Dictionaries of which the log has said that their definitions differ.
    differing: Mutex<HashSet<String>>,
}

impl Settings {
    pub(crate) fn new(namespace: String, strict: bool, detect_untracked: DetectUntracked) -> Self {
        Self { namespace, strict, detect_untracked, ..Self::default() }
    }

    /// Says so, once for each name.
    pub(crate) fn definitions_differ(&self, dict: &str) {
        if self.differing.lock().insert(dict.to_owned()) {
            warning!(
                "dictionary `{dict}` is defined with different options: the definition that hands \
                 an entry out for writing decides"
            );
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("namespace", &self.namespace)
            .field("strict", &self.strict)
            .finish_non_exhaustive()
    }
}
