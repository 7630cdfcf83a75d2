//! Tries whether what was encoded can be decoded, for types of which memdict knows only the
//! encoding: serde has attributes that only a codec with names can decode.
//!
//! The first value of each such type that a process encodes is decoded and encoded again; in a
//! debug build, every value.

use std::{
    any, fmt,
    ops::Range,
    sync::atomic::{AtomicBool, Ordering},
};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    fault::Fault,
    limits::Limits,
    read,
    sink::{Notes, Place},
    write,
};

/// A type that is known only by its encoding.
#[derive(Debug, Clone, Copy)]
pub struct Unknown {
    name: fn() -> &'static str,
    again: fn(&[u8], Limits) -> Result<Vec<u8>, Fault>,
}

impl Unknown {
    /// Describes the type `T`.
    #[must_use]
    pub const fn of<T: Serialize + DeserializeOwned>() -> Self {
        Self { name: any::type_name::<T>, again: again::<T> }
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}

/// Decodes a value and encodes it again.
fn again<T: Serialize + DeserializeOwned>(bytes: &[u8], limits: Limits) -> Result<Vec<u8>, Fault> {
    let value = read::decode::<T>(bytes, limits)?;
    let mut again = Vec::with_capacity(bytes.len());
    write::encode(&value, limits, None, &mut again)?;
    Ok(again)
}

/// The types inside a type that are known only by their encoding.
#[derive(Debug)]
pub(crate) struct Trial {
    parts: Vec<Tried>,
    /// Whether every one of them was tried.
    over: AtomicBool,
}

#[derive(Debug)]
struct Tried {
    name: &'static str,
    unknown: Unknown,
    done: AtomicBool,
}

impl Trial {
    /// Makes the trial of these types. Returns `None` if there are none.
    pub(crate) fn of(unknown: &[Unknown]) -> Option<Self> {
        let mut parts: Vec<Tried> = Vec::new();
        for unknown in unknown {
            let name = unknown.name();
            if parts.iter().all(|part| part.name != name) {
                parts.push(Tried { name, unknown: *unknown, done: AtomicBool::new(false) });
            }
        }
        (!parts.is_empty()).then(|| Self { parts, over: AtomicBool::new(false) })
    }

    /// Returns whether a value has to be tried.
    pub(super) fn is_due(&self) -> bool {
        cfg!(debug_assertions) || !self.over.load(Ordering::Relaxed)
    }

    /// Tries the parts of a value.
    ///
    /// # Errors
    ///
    /// A part does not decode, or decodes to another value.
    pub(super) fn run(
        &self,
        occurrences: &Occurrences<'_>,
        bytes: &[u8],
        limits: Limits,
    ) -> Result<(), Fault> {
        for Occurrence { part, place, bytes: range } in &occurrences.list {
            let bytes = &bytes[range.clone()];
            let limits = limits.of_own_value();
            let again =
                (part.unknown.again)(bytes, limits).map_err(|why| part.unreadable(*place, &why))?;
            if !same_bytes(bytes, again) {
                return Err(part.unreadable(*place, &"it decodes to another value"));
            }
            part.done.store(true, Ordering::Relaxed);
        }
        if self.parts.iter().all(|part| part.done.load(Ordering::Relaxed)) {
            self.over.store(true, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Tried {
    fn unreadable(&self, place: Place, why: &dyn fmt::Display) -> Fault {
        let (name, Place { of, field }) = (self.name, place);
        let place = if field.is_empty() { String::new() } else { format!(" in `{of}::{field}`") };
        Fault::new(format!(
            "`{name}`{place} could not be read again: {why}; store it as JSON, with \
             `#[serde(with = \"memdict::as_json\")]` on the field or as a `memdict::Json`"
        ))
    }
}

/// Returns whether both are the same bytes, perhaps in another order, as those of a hash map are.
fn same_bytes(bytes: &[u8], mut again: Vec<u8>) -> bool {
    if bytes == again {
        return true;
    }
    let mut bytes = bytes.to_vec();
    bytes.sort_unstable();
    again.sort_unstable();
    bytes == again
}

/// Where the parts of a value are that have to be tried.
pub(super) struct Occurrences<'t> {
    trial: &'t Trial,
    list: Vec<Occurrence<'t>>,
}

struct Occurrence<'t> {
    part: &'t Tried,
    place: Place,
    bytes: Range<usize>,
}

impl<'t> Occurrences<'t> {
    pub(super) fn new(trial: &'t Trial) -> Self {
        Self { trial, list: Vec::new() }
    }
}

impl Notes for Occurrences<'_> {
    fn note(&mut self, name: &str, place: Place, bytes: Range<usize>) {
        let due = |part: &&Tried| {
            part.name == name && (cfg!(debug_assertions) || !part.done.load(Ordering::Relaxed))
        };
        if let Some(part) = self.trial.parts.iter().find(due) {
            self.list.push(Occurrence { part, place, bytes });
        }
    }
}
