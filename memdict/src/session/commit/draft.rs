//! Says what a commit has to do about one entry, and answers what it asks of the entry later.

use super::merge;
use crate::{
    codec::Codec,
    def::{
        options::DictOptions,
        rules::{OnConflict, OnVanished, Rules},
    },
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
    /// Returns whether `value`, encoded by `codec` as `payload`, is the same as the loaded value.
    /// If the bytes differ, the value is changed, unless the type has parts that can be encoded in
    /// more than one way, or the loaded value was stored by an older type or another codec.
    fn is_unchanged(&self, value: &T, codec: Codec, payload: &[u8], base: &Base) -> bool {
        let alike = base.codec == codec && base.fingerprint == self.schema.fingerprint;
        if alike && *payload == *base.payload {
            return true;
        }
        (self.schema.inexact || !alike)
            && base.decode(&self.schema, self.limits).is_ok_and(|loaded| T::same(&loaded, value))
    }

    /// Returns whether `value` encodes to the loaded value. One that does not encode is changed.
    fn encodes_unchanged(&self, value: &T, base: &Base) -> bool {
        let mut payload = Vec::new();
        let encoded = base.codec.copy(value, self.limits, &mut payload);
        encoded.is_ok() && self.is_unchanged(value, base.codec, &payload, base)
    }

    /// Appends `value` in its stored form. Returns where the payload begins.
    fn seal(
        &self,
        value: &T,
        codec: Codec,
        nonce: u64,
        bytes: &mut Vec<u8>,
    ) -> Result<usize, BoxError> {
        let seal = Seal {
            codec,
            fingerprint: self.schema.fingerprint,
            nonce,
            full_key: self.name.in_envelope(),
        };
        let encode = |out: &mut Vec<u8>| codec.encode(value, self.limits, &self.schema.known, out);
        envelope::seal(&seal, bytes, encode, |length| format!("{length} bytes are too many").into())
    }

    /// Returns the value in stored bytes, if they are usable.
    fn open(&self, stored: &[u8]) -> Option<T> {
        let opened = envelope::open(stored, self.name.in_envelope()).ok()?;
        decode(&self.schema, self.limits, opened.codec, opened.fingerprint, opened.payload).ok()
    }

    /// Does the work of [`AnySlot::merge`]. This may panic.
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
            return Err(Unmerged::because("the stored value is not usable"));
        };
        let (merged, fields) = merge::merge(&base, ours, theirs)?;
        let codec = self.inner.lock().options.codec;
        match self.seal(&merged, codec, nonce, bytes) {
            Ok(_) => Ok(fields),
            Err(error) => {
                let reason = format!("the merged value cannot be encoded: {error}");
                Err(Unmerged { reason, fields: Some(fields) })
            }
        }
    }

    /// Does the work of [`AnySlot::fields`]. This may panic.
    fn fields_changed(&self, theirs: Option<&[u8]>) -> Fields {
        let base = self.loaded();
        let theirs = theirs.and_then(|theirs| self.open(theirs));
        let inner = self.inner.lock();
        let ours = match &inner.state {
            State::Dirty { value, .. } | State::New { value } => {
                changed_paths(base.as_ref(), value.get())
            }
            _ => Vec::new(),
        };
        let theirs = match (&base, &theirs) {
            (Some(base), Some(theirs)) => changed_paths(Some(base), theirs),
            // There is no value to compare with.
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
        let (seen, options) = (&inner.seen, inner.options);
        let value = match &inner.state {
            State::Absent => return Ok(Draft::Nothing),
            State::Clean { .. } => return Ok(Draft::Unchanged),
            State::Removed => {
                return Ok(Draft::Delete { options, expected: to_delete(seen, options) });
            }
            State::CheckedOut { .. } => {
                return Err(Error::StillBorrowed { id: self.name.id.clone() });
            }
            State::Poisoned => return Err(self.misused("commit", Misuse::Poisoned)),
            State::Dirty { value, .. } | State::New { value } => value.get(),
        };
        let sealed = self.seal(value, options.codec, nonce, bytes);
        let payload = sealed.map_err(|source| self.not_encoded(source))?;
        let base = seen.base();
        let payload = &bytes[payload..];
        if base.is_some_and(|base| self.is_unchanged(value, options.codec, payload, base)) {
            return Ok(Draft::Unchanged);
        }
        let expected = to_store(seen, options);
        Ok(Draft::Store { options, expected, was_loaded: base.is_some() })
    }

    fn is_dirty(&self) -> bool {
        !matches!(self.inner.lock().state, State::Absent | State::Clean { .. })
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
            .unwrap_or_else(|| Err(Unmerged::because("the merge panicked")))
    }

    fn fields(&self, theirs: Option<&[u8]>) -> Fields {
        merge::caught(|| self.fields_changed(theirs)).unwrap_or_default()
    }

    fn hidden_changes(&self) -> Vec<String> {
        let inner = self.inner.lock();
        match (&inner.state, inner.seen.base()) {
            (State::Clean { value }, Some(base)) if !self.encodes_unchanged(value.get(), base) => {
                changed_paths(base.decode(&self.schema, self.limits).ok().as_ref(), value.get())
            }
            _ => Vec::new(),
        }
    }
}

/// Returns what the store has to hold for a value to be stored.
fn to_store(seen: &Seen, options: DictOptions) -> Expected {
    match options.rules {
        // Whether there is a value has to be known: only its version may differ.
        Rules { on_vanished: OnVanished::Fail, .. } if seen.base().is_some() => seen.expected(),
        Rules { on_conflict: OnConflict::LastWriteWins, .. } => Expected::Anything,
        _ => seen.expected(),
    }
}

/// Returns what the store has to hold for a value to be deleted.
fn to_delete(seen: &Seen, options: DictOptions) -> Expected {
    match options.rules.on_conflict {
        OnConflict::LastWriteWins => Expected::Anything,
        _ => seen.expected_for_deletion(),
    }
}
