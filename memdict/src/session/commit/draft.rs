//! What a commit has to know of one entry, of whatever type.

use super::merge;
use crate::{
    codec::Codec,
    def::{OnConflict, OnVanished, Policy},
    envelope::{self, Seal},
    error::{BoxError, Error, Result},
    key::name::Name,
    session::entry::{
        any_slot::{AnySlot, Draft, Fields, Unmerged},
        seen::{Base, Expected, Seen, changed_paths, decode},
        slot::Slot,
        state::{Misuse, State},
    },
    track::Tracked,
};

impl<T: Tracked> Slot<T> {
    /// Whether `value`, whose encoding stands in `payload`, is what was loaded. Different bytes
    /// decide, unless the type has parts that may be encoded in more than one way, or what was
    /// loaded is of an older type.
    fn is_unchanged(&self, value: &T, payload: &[u8], base: &Base) -> bool {
        let alike = base.codec == Codec::default() && base.fingerprint == self.schema.fingerprint;
        if alike && *payload == *base.payload {
            return true;
        }
        (self.schema.inexact || !alike)
            && base.decode(&self.schema).is_ok_and(|loaded| T::same(&loaded, value))
    }

    /// Whether the encoding of `value` says that it is what was loaded. One that fails says no.
    fn encodes_unchanged(&self, value: &T, base: &Base) -> bool {
        let mut payload = Vec::new();
        let encoded = Codec::default().encode(value, &mut payload);
        encoded.is_ok() && self.is_unchanged(value, &payload, base)
    }

    /// Appends `value` as it is stored. Gives where the payload begins.
    fn seal(&self, value: &T, nonce: u64, bytes: &mut Vec<u8>) -> Result<usize, BoxError> {
        let codec = Codec::default();
        let seal = Seal {
            codec,
            fingerprint: self.schema.fingerprint,
            nonce,
            full_key: self.name.in_envelope(),
        };
        let encode = |out: &mut Vec<u8>| codec.encode(value, out);
        envelope::seal(&seal, bytes, encode, |length| format!("{length} bytes are too many").into())
    }

    /// The value of stored bytes, if they are usable.
    fn open(&self, stored: &[u8]) -> Option<T> {
        let opened = envelope::open(stored, self.name.in_envelope()).ok()?;
        decode(&self.schema, opened.codec, opened.fingerprint, opened.payload).ok()
    }

    /// [`AnySlot::merge`], which may panic.
    fn merge_copies(
        &self,
        ours: &[u8],
        theirs: &[u8],
        nonce: u64,
        bytes: &mut Vec<u8>,
    ) -> Result<Fields, Unmerged> {
        let (Some(base), Some(ours), Some(theirs)) =
            (self.loaded(), self.open(ours), self.open(theirs))
        else {
            return Err(Unmerged::because("what is there now is no usable value"));
        };
        let (merged, fields) = merge::merge(&base, ours, theirs)?;
        match self.seal(&merged, nonce, bytes) {
            Ok(_) => Ok(fields),
            Err(error) => {
                let reason = format!("the merged value cannot be encoded: {error}");
                Err(Unmerged { reason, fields: Some(fields) })
            }
        }
    }

    /// [`AnySlot::fields`], which may panic.
    fn fields_changed(&self, theirs: Option<&[u8]>) -> Fields {
        let base = self.loaded();
        let theirs = theirs.and_then(|theirs| self.open(theirs));
        let inner = self.inner.lock();
        let ours = match &inner.state {
            State::Touched { value, .. } | State::New { value } => {
                changed_paths(base.as_ref(), value.get())
            }
            _ => Vec::new(),
        };
        let theirs = match (&base, &theirs) {
            (Some(base), Some(theirs)) => changed_paths(Some(base), theirs),
            // Without a value to compare with, it cannot be told.
            _ => Vec::new(),
        };
        Fields { ours, theirs }
    }
}

impl<T: Tracked> AnySlot for Slot<T> {
    fn name(&self) -> &Name {
        &self.name
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }

    fn draft(&self, nonce: u64, bytes: &mut Vec<u8>) -> Result<Draft> {
        let inner = self.inner.lock();
        let (seen, policy) = (&inner.seen, inner.policy);
        let value = match &inner.state {
            State::Absent => return Ok(Draft::Nothing),
            State::Clean { .. } => return Ok(Draft::Unchanged),
            State::Removed => {
                return Ok(Draft::Delete { policy, expected: to_delete(seen, policy) });
            }
            State::CheckedOut { .. } => {
                let (dict, key) = (self.name.dict.to_string(), self.name.key.clone());
                return Err(Error::StillBorrowed { dict, key });
            }
            State::Poisoned => return Err(self.misused("commit", Misuse::Poisoned)),
            State::Touched { value, .. } | State::New { value } => value.get(),
        };
        let payload = self.seal(value, nonce, bytes).map_err(|source| self.not_encoded(source))?;
        let base = seen.base();
        if base.is_some_and(|base| self.is_unchanged(value, &bytes[payload..], base)) {
            return Ok(Draft::Unchanged);
        }
        let expected = to_store(seen, policy);
        Ok(Draft::Store { policy, expected, was_loaded: base.is_some() })
    }

    fn expected(&self) -> Expected {
        self.inner.lock().seen.expected()
    }

    fn merge(
        &self,
        ours: &[u8],
        theirs: &[u8],
        nonce: u64,
        bytes: &mut Vec<u8>,
    ) -> Result<Fields, Unmerged> {
        merge::caught(|| self.merge_copies(ours, theirs, nonce, bytes))
            .unwrap_or_else(|| Err(Unmerged::because("merging them panicked")))
    }

    fn fields(&self, theirs: Option<&[u8]>) -> Fields {
        merge::caught(|| self.fields_changed(theirs)).unwrap_or_default()
    }

    fn hidden_changes(&self) -> Vec<String> {
        let inner = self.inner.lock();
        match (&inner.state, inner.seen.base()) {
            (State::Clean { value }, Some(base)) if !self.encodes_unchanged(value.get(), base) => {
                changed_paths(base.decode(&self.schema).ok().as_ref(), value.get())
            }
            _ => Vec::new(),
        }
    }
}

/// What has to be there for a value to be stored.
fn to_store(seen: &Seen, policy: Policy) -> Expected {
    match policy {
        // It has to be known whether a value is there: only the version may be another.
        Policy { on_vanished: OnVanished::Fail, .. } if seen.base().is_some() => seen.expected(),
        Policy { on_conflict: OnConflict::LastWriteWins, .. } => Expected::Anything,
        _ => seen.expected(),
    }
}

/// What has to be there to be deleted.
fn to_delete(seen: &Seen, policy: Policy) -> Expected {
    match policy.on_conflict {
        OnConflict::LastWriteWins => Expected::Anything,
        _ => seen.expected_for_deletion(),
    }
}
