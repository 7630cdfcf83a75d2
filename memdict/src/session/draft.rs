//! What a commit has to do about one entry, of whatever type.

use super::{
    entry::{Misuse, State},
    seen::{Base, changed_paths},
    slot::Slot,
};
use crate::{
    codec::Codec,
    def::Policy,
    envelope::{self, Seal},
    error::{BoxError, Error, Result},
    key::name::Name,
    store::Condition,
    track::Tracked,
};

/// What a commit needs of an entry of whatever type.
pub(crate) trait AnySlot: Send + Sync {
    fn name(&self) -> &Name;
    fn type_name(&self) -> &'static str;

    /// What there is to do. A value to be stored is appended to `bytes` in its envelope;
    /// whatever else is appended is to be cut off again.
    fn draft(&self, nonce: u64, bytes: &mut Vec<u8>) -> Result<Draft>;

    /// The paths in which a value that nobody touched is not what was loaded all the same:
    /// changes made behind a `&`.
    fn hidden_changes(&self) -> Vec<String>;
}

/// What a commit has to do about one entry.
#[derive(Debug)]
pub(crate) enum Draft {
    /// Nothing, and it is not worth a word: there is no value.
    Nothing,
    /// Nothing: the value is what was loaded.
    Unchanged,
    /// Store what was appended.
    Store {
        policy: Policy,
        when: Condition,
    },
    Delete {
        when: Condition,
    },
}

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
        let value = match &inner.state {
            State::Absent => return Ok(Draft::Nothing),
            State::Clean { .. } => return Ok(Draft::Unchanged),
            State::Removed => return Ok(Draft::Delete { when: inner.seen.delete_when() }),
            State::CheckedOut { .. } => {
                let (dict, key) = (self.name.dict.to_string(), self.name.key.clone());
                return Err(Error::StillBorrowed { dict, key });
            }
            State::Poisoned => return Err(self.misused(Misuse::Poisoned)),
            State::Touched { value, .. } | State::New { value } => value.get(),
        };
        let codec = Codec::default();
        let seal = Seal {
            codec,
            fingerprint: self.schema.fingerprint,
            nonce,
            full_key: self.name.in_envelope(),
        };
        let encode = |out: &mut Vec<u8>| codec.encode(value, out);
        let too_long = |length| -> BoxError { format!("{length} bytes are too many").into() };
        let payload = envelope::seal(&seal, bytes, encode, too_long).map_err(|source| {
            let (dict, key) = (self.name.dict.to_string(), self.name.key.clone());
            Error::Encode { dict, key, source }
        })?;
        let base = inner.seen.base();
        if base.is_some_and(|base| self.is_unchanged(value, &bytes[payload..], base)) {
            return Ok(Draft::Unchanged);
        }
        Ok(Draft::Store { policy: inner.policy, when: inner.seen.store_when() })
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
