//! One key of a session: its names, its state, and what a commit has to do about it.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;

use super::{
    entry::{Answer, Back, Call, Marks, Misuse, State},
    seen::{Base, Seen, changed_paths, decode},
};
use crate::{
    codec::Codec,
    def::Policy,
    envelope::{self, Opened, Seal, Unusable},
    error::{BoxError, Error, Result},
    key::{Key, Wire},
    store::{Condition, Loaded, StoreError, Token},
    track::{Schema, Tracked},
};

/// What a key is called.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) dict: Arc<str>,
    pub(crate) key: Key,
    /// Namespace, dictionary and key.
    full: Box<[u8]>,
    /// What stands for it on the wire, where that is a hash.
    hashed: Option<Box<[u8]>>,
}

impl Name {
    pub(crate) fn new(dict: &Arc<str>, key: Key, full: Vec<u8>) -> Self {
        let hashed = match Wire::of(&full) {
            Wire::Plain => None,
            Wire::Hashed(wire) => Some(wire.into_boxed_slice()),
        };
        Self { dict: Arc::clone(dict), key, full: full.into_boxed_slice(), hashed }
    }

    pub(crate) fn wire(&self) -> &[u8] {
        self.hashed.as_deref().unwrap_or(&self.full)
    }

    /// What the envelope carries: the full key, where the wire has only a hash of it.
    fn in_envelope(&self) -> Option<&[u8]> {
        self.hashed.is_some().then_some(&*self.full)
    }

    pub(crate) fn misused(&self, misuse: Misuse) -> Error {
        let (dict, key) = (self.dict.to_string(), self.key.clone());
        match misuse {
            Misuse::AlreadyBorrowed => Error::AlreadyBorrowed { dict, key },
            Misuse::Poisoned => Error::Poisoned { dict, key },
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}[{}]`", self.dict, self.key)
    }
}

/// One key of a session, of known type.
pub(crate) struct Slot<T: Tracked> {
    pub(crate) name: Arc<Name>,
    schema: Schema,
    inner: Mutex<Inner<T>>,
}

struct Inner<T: Tracked> {
    state: State<T>,
    /// Of the definition that handed the entry out for writing last.
    policy: Policy,
    /// Whether commit knows of the entry.
    listed: bool,
}

/// An entry that was handed out for writing, inserted or removed for the first time: commit
/// has to be told of it.
#[must_use]
pub(crate) struct FirstWrite(pub(crate) bool);

impl<T: Tracked> Slot<T> {
    pub(crate) fn new(name: Name, schema: Schema) -> Self {
        let inner = Inner { state: State::unread(), policy: Policy::default(), listed: false };
        Self { name: Arc::new(name), schema, inner: Mutex::new(inner) }
    }

    /// One transition. Of user code only the destructor of a replaced value runs under the
    /// lock; being `'static`, it has no handle to this session.
    fn step(inner: &mut Inner<T>, call: Call<T>) -> Result<Answer<T>, Misuse> {
        let state = std::mem::replace(&mut inner.state, State::Poisoned);
        let (state, answer) = state.next(call);
        inner.state = state;
        answer
    }

    fn call(&self, call: Call<T>) -> Result<Answer<T>> {
        Self::step(&mut self.inner.lock(), call).map_err(|misuse| self.name.misused(misuse))
    }

    fn write(&self, policy: Policy, call: Call<T>) -> Result<(Answer<T>, FirstWrite)> {
        let mut inner = self.inner.lock();
        let answer = Self::step(&mut inner, call).map_err(|misuse| self.name.misused(misuse))?;
        inner.policy = policy;
        let first = !std::mem::replace(&mut inner.listed, true);
        Ok((answer, FirstWrite(first)))
    }

    pub(crate) fn needs_load(&self) -> bool {
        self.inner.lock().state.needs_load()
    }

    pub(crate) fn holds_value(&self) -> Result<bool> {
        let held = self.inner.lock().state.holds_value();
        held.map_err(|misuse| self.name.misused(misuse))
    }

    pub(crate) fn read(&self) -> Result<Option<Arc<T>>> {
        match self.call(Call::Read)? {
            Answer::Read(value) => Ok(value),
            Answer::Done | Answer::Out { .. } => Ok(None),
        }
    }

    /// Gives the value, if there is one, and its marks.
    #[expect(clippy::type_complexity, reason = "taken apart where it is called, once")]
    pub(crate) fn check_out(
        &self,
        policy: Policy,
    ) -> Result<(Option<Box<T>>, Marks<T::Changes>, FirstWrite)> {
        match self.write(policy, Call::CheckOut)? {
            (Answer::Out { value, marks }, first) => Ok((value, marks, first)),
            (_, first) => Ok((None, Marks::default(), first)),
        }
    }

    pub(crate) fn check_in(&self, value: Option<Box<T>>, marks: Marks<T::Changes>, back: Back) {
        // A checked out entry takes back whatever its guard brings.
        let _ = Self::step(&mut self.inner.lock(), Call::CheckIn { value, marks, back });
    }

    pub(crate) fn insert(&self, policy: Policy, value: T) -> Result<FirstWrite> {
        Ok(self.write(policy, Call::Insert(Box::new(value)))?.1)
    }

    pub(crate) fn remove(&self, policy: Policy) -> Result<FirstWrite> {
        Ok(self.write(policy, Call::Remove)?.1)
    }

    /// What was loaded, while the entry is checked out.
    pub(crate) fn base(&self) -> Option<Base> {
        match &self.inner.lock().state {
            State::CheckedOut { was } => was.base().cloned(),
            _ => None,
        }
    }

    /// Decodes what a load gave.
    pub(crate) fn decode(&self, loaded: Result<Loaded<'_>, StoreError>) -> Decoded<T> {
        let (bytes, token) = match loaded {
            Ok(Loaded::Hit { bytes, token }) => (bytes, token),
            Ok(Loaded::Miss) => return Decoded::Nothing,
            Err(error) => return Decoded::Unreachable(error),
        };
        let Opened { codec, fingerprint, payload } =
            match envelope::open(bytes, self.name.in_envelope()) {
                Ok(opened) => opened,
                Err(why) => return Decoded::Unusable(why, token),
            };
        match decode(codec, fingerprint, payload) {
            Ok(value) => {
                let base = Base { token, codec, fingerprint, payload: payload.into() };
                Decoded::Value(Box::new(value), base)
            }
            Err(why) => Decoded::Unusable(why, token),
        }
    }

    pub(crate) fn install(&self, decoded: Decoded<T>) {
        let (value, seen) = match decoded {
            Decoded::Value(value, base) => (Some(value), Seen::Value(base)),
            Decoded::Nothing => (None, Seen::Nothing),
            Decoded::Unusable(_, token) => (None, Seen::Unusable(token)),
            Decoded::Unreachable(_) => (None, Seen::Unreachable),
        };
        // A load is never a misuse.
        let _ = Self::step(&mut self.inner.lock(), Call::Loaded { value, seen });
    }

    /// Whether `value`, whose encoding stands in `payload`, is what was loaded. Different bytes
    /// decide, unless the type has parts that may be encoded in more than one way, or what was
    /// loaded is of an older type.
    fn is_unchanged(&self, value: &T, payload: &[u8], base: &Base) -> bool {
        let alike = base.codec == Codec::default() && base.fingerprint == self.schema.fingerprint;
        if alike && *payload == *base.payload {
            return true;
        }
        (self.schema.inexact || !alike) && base.decode().is_ok_and(|loaded| T::same(&loaded, value))
    }
}

/// What a load came to.
pub(crate) enum Decoded<T> {
    Value(Box<T>, Base),
    Nothing,
    Unusable(Unusable, Token),
    Unreachable(StoreError),
}

/// What a commit needs of an entry of whatever type.
pub(crate) trait AnySlot: Send + Sync {
    fn name(&self) -> &Arc<Name>;
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
    /// Whether the encoding of `value` says that it is what was loaded. One that fails says no.
    fn encodes_unchanged(&self, value: &T, base: &Base) -> bool {
        let mut payload = Vec::new();
        let encoded = Codec::default().encode(value, &mut payload);
        encoded.is_ok() && self.is_unchanged(value, &payload, base)
    }
}

impl<T: Tracked> AnySlot for Slot<T> {
    fn name(&self) -> &Arc<Name> {
        &self.name
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<T>()
    }

    fn draft(&self, nonce: u64, bytes: &mut Vec<u8>) -> Result<Draft> {
        let inner = self.inner.lock();
        let (value, base, when) = match &inner.state {
            State::Absent { .. } => return Ok(Draft::Nothing),
            State::Clean { .. } => return Ok(Draft::Unchanged),
            State::Removed { seen } => {
                return Ok(Draft::Delete { when: seen.delete_when() });
            }
            State::CheckedOut { .. } => {
                let (dict, key) = (self.name.dict.to_string(), self.name.key.clone());
                return Err(Error::StillBorrowed { dict, key });
            }
            State::Poisoned => return Err(self.name.misused(Misuse::Poisoned)),
            State::Touched { value, base, .. } => {
                (value.get(), Some(base), Condition::Matches(base.token))
            }
            State::New { value, seen } => (value.get(), seen.base(), seen.store_when()),
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
        if base.is_some_and(|base| self.is_unchanged(value, &bytes[payload..], base)) {
            return Ok(Draft::Unchanged);
        }
        Ok(Draft::Store { policy: inner.policy, when })
    }

    fn hidden_changes(&self) -> Vec<String> {
        let inner = self.inner.lock();
        match &inner.state {
            State::Clean { value, base } if !self.encodes_unchanged(value.get(), base) => {
                changed_paths(base.decode().ok().as_ref(), value.get())
            }
            _ => Vec::new(),
        }
    }
}
