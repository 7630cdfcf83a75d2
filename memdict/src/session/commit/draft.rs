//! Says what a commit has to do about one entry, and answers what it asks of the entry later.

use std::sync::Arc;

use super::merge;
use crate::{
    codec::Codec,
    conflict::ConflictCause,
    def::{
        options::DictOptions,
        rules::{OnConflict, OnUnusable, OnVanished, Rules},
    },
    envelope::{self, Content, Found, Seal, Secrets},
    error::{BoxError, Error, Result},
    key::name::Name,
    pack::{Packing, pack},
    session::entry::{
        any_slot::{AnySlot, Draft, Fields, Stamp, Unmerged},
        generation::Generation,
        lifetime::TELL_THE_LIFE,
        seen::{Base, Expected, Look, Seen, Version, changed_paths, decode, is_newer},
        slot::Slot,
        state::{Misuse, State},
    },
    store::operation::Token,
    track::{Schema, Tracked},
    unusable::Unusable,
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
    pub(in crate::session) fn seal(
        &self,
        value: &T,
        codec: Codec,
        stamp: Stamp<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<usize, BoxError> {
        let Schema { fingerprint, lineage, .. } = self.schema;
        let content = Content::Value { codec, fingerprint, lineage };
        let encode = |out: &mut Vec<u8>| codec.encode(value, self.limits, &self.schema.known, out);
        self.seal_content(content, stamp, bytes, encode)
    }

    /// Compresses a value that was sealed last, if that is asked and worth it. The value begins at
    /// `start`, and its payload at `payload`.
    pub(in crate::session) fn pack(
        &self,
        packing: &Packing,
        [start, payload]: [usize; 2],
        stamp: Stamp<'_>,
        bytes: &mut Vec<u8>,
    ) {
        if let Some(packed) = pack(&bytes[payload..], &packing.over(stamp.packing)) {
            envelope::repack(bytes, [start, payload], &packed, &self.name, stamp.secrets);
        }
    }

    /// Appends the record that the source of the values has none.
    pub(in crate::session) fn seal_absence(
        &self,
        stamp: Stamp<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<usize, BoxError> {
        self.seal_content(Content::Absence, stamp, bytes, |_| Ok(()))
    }

    /// Appends the tombstone of the value.
    fn seal_tombstone(&self, stamp: Stamp<'_>, bytes: &mut Vec<u8>) -> Result<usize, BoxError> {
        self.seal_content(Content::Tombstone, stamp, bytes, |_| Ok(()))
    }

    fn seal_content(
        &self,
        content: Content<'_>,
        stamp: Stamp<'_>,
        bytes: &mut Vec<u8>,
        encode: impl FnOnce(&mut Vec<u8>) -> Result<(), BoxError>,
    ) -> Result<usize, BoxError> {
        let generation = self.generation.as_ref().and_then(|generation| generation.ours());
        let seal = Seal { nonce: stamp.nonce, generation: generation.unwrap_or(0), content };
        let too_long = |length| format!("{length} bytes are too many").into();
        envelope::seal(&seal, &self.name, stamp.secrets, bytes, encode, too_long)
    }

    /// Returns the value in stored bytes, if they are usable.
    fn value_in(&self, stored: &[u8], secrets: &Secrets) -> Option<T> {
        let opened = envelope::open(stored, &self.name, secrets).ok()?;
        let ours = self.generation.as_ref().and_then(|generation| generation.ours());
        if opened.generation != ours.unwrap_or(0) {
            return None;
        }
        match opened.found {
            Found::Value(sealed) => {
                let payload = sealed.unpacked(self.trained).ok()?;
                decode(&self.schema, self.limits, &sealed, &payload).ok()
            }
            Found::Tombstone | Found::Absence => None,
        }
    }

    /// Does the work of [`AnySlot::merge`]. This may panic.
    fn merge_copies(
        &self,
        ours: &[u8],
        theirs: &[u8],
        stamp: Stamp<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<Fields, Unmerged> {
        let (Some(base), Some(ours), Some(theirs)) = (
            self.loaded(),
            self.value_in(ours, stamp.secrets),
            self.value_in(theirs, stamp.secrets),
        ) else {
            return Err(Unmerged::because("the stored value is not usable"));
        };
        let (merged, fields) = merge::merge(&base, ours, theirs)?;
        let DictOptions { codec, packing, .. } = self.inner.lock().options;
        let start = bytes.len();
        match self.seal(&merged, codec, stamp, bytes) {
            Ok(payload) => {
                self.pack(&packing, [start, payload], stamp, bytes);
                Ok(fields)
            }
            Err(error) => {
                let reason = format!("the merged value cannot be encoded: {error}");
                Err(Unmerged { reason, fields: Some(fields) })
            }
        }
    }

    /// Does the work of [`AnySlot::fields`]. This may panic.
    fn fields_changed(&self, theirs: Option<&[u8]>, secrets: &Secrets) -> Fields {
        let base = self.loaded();
        let theirs = theirs.and_then(|theirs| self.value_in(theirs, secrets));
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

    fn generation(&self) -> Option<&Arc<Generation>> {
        self.generation.as_ref()
    }

    fn draft(&self, stamp: Stamp<'_>, bytes: &mut Vec<u8>) -> Result<Draft> {
        let inner = self.inner.lock();
        let (seen, options) = (&inner.seen, inner.options);
        if inner.invalidates() {
            return Ok(Draft::Invalidate { options });
        }
        if matches!(inner.state, State::Removed | State::New { .. })
            && let Some(cause) = kept(seen, options)
        {
            return Ok(Draft::Conflict(cause));
        }
        let value = match &inner.state {
            State::Absent => return Ok(inner.touched().unwrap_or(Draft::Nothing)),
            State::Clean { .. } => return Ok(inner.touched().unwrap_or(Draft::Unchanged)),
            State::Removed if is_needless(seen, options) => return Ok(Draft::Nothing),
            State::Removed => {
                if options.tombstone.is_some() {
                    let sealed = self.seal_tombstone(stamp, bytes);
                    sealed.map_err(|source| self.not_encoded(source))?;
                }
                return Ok(Draft::Delete { options, expected: to_delete(seen, options) });
            }
            State::CheckedOut { .. } => {
                return Err(Error::StillBorrowed { id: self.name.id.clone() });
            }
            State::Poisoned => return Err(self.misused("commit", Misuse::Poisoned)),
            State::Dirty { value, .. } | State::New { value } => value.get(),
        };
        let start = bytes.len();
        let sealed = self.seal(value, options.codec, stamp, bytes);
        let at = sealed.map_err(|source| self.not_encoded(source))?;
        let base = seen.base();
        let payload = &bytes[at..];
        if base.is_some_and(|base| self.is_unchanged(value, options.codec, payload, base)) {
            return Ok(inner.touched().unwrap_or(Draft::Unchanged));
        }
        let Some(expiry) = inner.expiry() else {
            let (id, missing) = (self.name.id.clone(), TELL_THE_LIFE);
            return Err(Error::Unsupported { id, missing });
        };
        let expected = to_store(seen, options);
        let replaces = seen.unusable().filter(|why| !why.is_ordinary());
        let was_loaded = base.is_some();
        self.pack(&options.packing, [start, at], stamp, bytes);
        Ok(Draft::Store { options, expiry, expected, was_loaded, replaces })
    }

    fn look(&self, stored: &[u8], token: Token, secrets: &Secrets, needs_bytes: bool) -> Look {
        let bytes = || needs_bytes.then(|| stored.to_vec());
        let opened = match envelope::open(stored, &self.name, secrets) {
            Ok(opened) => opened,
            Err(_) => {
                let nonce = envelope::nonce(stored, &self.name, secrets);
                return Look::Value { version: Version { token, nonce }, bytes: bytes() };
            }
        };
        let version = Version { token, nonce: Some(opened.nonce) };
        let ours = self.generation.as_ref().and_then(|generation| generation.ours());
        // A value of another generation is void, whatever its type.
        let is_present = opened.generation == ours.unwrap_or(0);
        match opened.found {
            Found::Value(sealed) if is_newer(&self.schema, &sealed) && is_present => {
                Look::Newer { version }
            }
            Found::Value(_) => Look::Value { version, bytes: bytes() },
            Found::Absence => Look::Value { version, bytes: None },
            Found::Tombstone => Look::Tombstone { version },
        }
    }

    fn is_dirty(&self) -> bool {
        let inner = self.inner.lock();
        match inner.state {
            State::Absent | State::Clean { .. } => inner.touched().is_some(),
            State::Removed => inner.invalidates() || !is_needless(&inner.seen, inner.options),
            _ => true,
        }
    }

    fn expected(&self) -> Expected {
        self.inner.lock().seen.expected()
    }

    fn merge(
        &self,
        ours: &[u8],
        theirs: &[u8],
        stamp: Stamp<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<Fields, Unmerged> {
        merge::caught(|| self.merge_copies(ours, theirs, stamp, bytes))
            .unwrap_or_else(|| Err(Unmerged::because("the merge panicked")))
    }

    fn fields(&self, theirs: Option<&[u8]>, secrets: &Secrets) -> Fields {
        merge::caught(|| self.fields_changed(theirs, secrets)).unwrap_or_default()
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

/// Returns whether a removal has nothing to do: the store held no value, and is to hold no
/// tombstone.
fn is_needless(seen: &Seen, options: DictOptions) -> bool {
    seen.is_known_absent() && options.tombstone.is_none()
}

/// Returns why the stored bytes have to stay, if they do.
fn kept(seen: &Seen, options: DictOptions) -> Option<ConflictCause> {
    match (seen.unusable()?, options.rules.on_unusable) {
        (why, _) if why.is_ordinary() => None,
        (Unusable::NewerSchema { .. }, _) => Some(ConflictCause::NewerSchema),
        (why, OnUnusable::Keep) => Some(ConflictCause::Unusable(why)),
        (_, OnUnusable::Replace) => None,
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
