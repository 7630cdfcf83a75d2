//! The state that all sessions of a cache share.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use parking_lot::Mutex;

use super::fetch::{early::LoadTimes, flight::Flights, rest::Resting};
use crate::{
    counters::CacheCounting, envelope::Secrets, log::warning, outages::Outages, pack::Packing,
    quote::Quoted,
};

/// What a cache does about a value that was only read and nevertheless differs from what was
/// loaded. [`CacheBuilder::detect_untracked`](crate::CacheBuilder::detect_untracked) sets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DetectUntracked {
    /// Does not check.
    #[default]
    Off,
    /// Logs the key and the paths of the fields. The change is not written.
    Warn,
    /// Fails the commit with [`Error::HiddenChange`](crate::Error::HiddenChange). Nothing is sent.
    Error,
}

/// Stored values whose type is not the requested one.
/// [`Cache::other_schemas`](crate::Cache::other_schemas) lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherSchema {
    /// The dictionary's name.
    pub dict: String,
    /// The type that was requested.
    pub asked: &'static str,
    /// The type that was stored, if this process knows it.
    pub found: Option<&'static str>,
    /// The fingerprint of the stored schema.
    pub fingerprint: u64,
    /// How many loads found such a value.
    pub loads: u64,
}

/// How many kinds of other schemas are recorded at most. Each is a program of another version, or a
/// mistake. The limit bounds the memory that values with invented fingerprints can take.
const OTHER_SCHEMAS: usize = 64;

/// The settings of a cache, and its counters.
#[derive(Default)]
pub(crate) struct Settings {
    pub(crate) namespace: String,
    pub(crate) strict: bool,
    pub(crate) detect_untracked: DetectUntracked,
    pub(crate) secrets: Secrets,
    pub(crate) packing: Packing,
    pub(crate) counting: CacheCounting,
    pub(crate) outages: Outages,
    pub(crate) flights: Arc<Flights>,
    pub(crate) load_times: LoadTimes,
    pub(crate) resting: Resting,
    /// The dictionaries for which the log has said that their definitions differ.
    differing: Mutex<HashSet<String>>,
    other_schemas: Mutex<HashMap<(String, u64, &'static str), OtherSchema>>,
}

impl Settings {
    pub(crate) fn new(
        namespace: String,
        strict: bool,
        detect_untracked: DetectUntracked,
        secrets: Secrets,
    ) -> Self {
        let counting = CacheCounting::of_namespace(&namespace);
        Self { namespace, strict, detect_untracked, secrets, counting, ..Self::default() }
    }

    /// Logs that the definitions of a dictionary differ, once for each name.
    pub(crate) fn definitions_differ(&self, dict: &str) {
        if self.differing.lock().insert(dict.to_owned()) {
            warning!(
                "dictionary `{}` is defined with different options: each entry takes those of the \
                 definition that wrote to it last",
                Quoted(dict)
            );
        }
    }

    /// Counts a load that found a value of another type.
    pub(crate) fn found_other_schema(
        &self,
        dict: &str,
        fingerprint: u64,
        found: Option<&'static str>,
        asked: &'static str,
    ) {
        let mut schemas = self.other_schemas.lock();
        let kind = (dict.to_owned(), fingerprint, asked);
        if schemas.len() < OTHER_SCHEMAS || schemas.contains_key(&kind) {
            let dict = dict.to_owned();
            let new = || OtherSchema { dict, asked, found, fingerprint, loads: 0 };
            schemas.entry(kind).or_insert_with(new).loads += 1;
        }
    }

    pub(crate) fn other_schemas(&self) -> Vec<OtherSchema> {
        let mut all: Vec<_> = self.other_schemas.lock().values().cloned().collect();
        all.sort_by(|a, b| {
            (&a.dict, a.asked, a.fingerprint).cmp(&(&b.dict, b.asked, b.fingerprint))
        });
        all
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
