//! The codecs, and what each of them does.

use serde::{Serialize, de::DeserializeOwned};

use super::{
    fault::Fault,
    limits::Limits,
    read,
    sink::Notes,
    trial::{Occurrences, Trial},
    write,
};
use crate::error::BoxError;

/// An encoding of values. The envelope of each value names its codec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// bincode 2 in its standard configuration: compact and positional.
    #[default]
    Bincode,
}

/// What the encoder and the decoder know about a type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// The types inside that are known only by their encoding.
    pub(crate) trial: Option<&'static Trial>,
    /// The size of the largest type inside.
    pub(crate) largest: usize,
}

impl Codec {
    /// The codec of a dictionary that names none.
    pub(crate) const DEFAULT: Self = Self::Bincode;

    /// Returns the byte for this codec in an envelope.
    pub(crate) const fn id(self) -> u8 {
        match self {
            Self::Bincode => 1,
        }
    }

    pub(crate) const fn from_id(id: u8) -> Option<Self> {
        match id {
            1 => Some(Self::Bincode),
            _ => None,
        }
    }

    /// Appends the encoding of `value` to `out`, so that it can be decoded with the same limits.
    ///
    /// # Errors
    ///
    /// The value does not encode, or exceeds a limit, or could not be read again. `out` may then
    /// contain a part of it.
    pub(crate) fn encode<T: Serialize + DeserializeOwned>(
        self,
        value: &T,
        limits: Limits,
        known: &Known,
        out: &mut Vec<u8>,
    ) -> Result<(), BoxError> {
        let Self::Bincode = self;
        let start = out.len();
        let trial = known.trial.filter(|trial| trial.is_due());
        let mut occurrences = trial.map(Occurrences::new);
        let notes = occurrences.as_mut().map(|notes| notes as &mut dyn Notes);
        let encoding = write::encode(value, limits, notes, out).map_err(Fault::into_inner)?;
        if let (Some(trial), Some(occurrences)) = (trial, &occurrences) {
            trial.run(occurrences, out, limits).map_err(Fault::into_inner)?;
        }
        let payload = &out[start..];
        // An upper bound of what the decoder will count. Only a value near the limit is decoded.
        if encoding.parts.saturating_mul(known.largest) > limits.memory(payload.len()) {
            read::decode::<T>(payload, limits).map_err(Fault::into_inner)?;
        }
        Ok(())
    }

    /// Appends the encoding of `value` to `out`, for a copy that only this process reads.
    ///
    /// # Errors
    ///
    /// The value does not encode, or is nested too deeply. `out` may then contain a part of it.
    pub(crate) fn copy<T: Serialize + ?Sized>(
        self,
        value: &T,
        limits: Limits,
        out: &mut Vec<u8>,
    ) -> Result<(), BoxError> {
        let Self::Bincode = self;
        write::encode(value, limits, None, out).map(drop).map_err(Fault::into_inner)
    }

    /// Decodes a value that takes up all of `payload`.
    ///
    /// # Errors
    ///
    /// The bytes are not those of a `T`, or exceed a limit.
    pub(crate) fn decode<T: DeserializeOwned>(
        self,
        payload: &[u8],
        limits: Limits,
    ) -> Result<T, BoxError> {
        let Self::Bincode = self;
        read::decode(payload, limits).map_err(Fault::into_inner)
    }
}

/// Returns whether both values have the same encoding. A value that does not encode is the same as
/// no other.
///
/// A value that was decoded is not nested deeply. So the other one is not followed any further than
/// it, however deep it is.
pub(crate) fn same_encoding<T: Serialize + ?Sized>(a: &T, b: &T) -> bool {
    let mut limits = Limits::DEFAULT;
    let encode = |value: &T, limits| {
        let mut bytes = Vec::new();
        write::encode(value, limits, None, &mut bytes).map(|_| bytes)
    };
    loop {
        match (encode(a, limits), encode(b, limits)) {
            (Ok(a), Ok(b)) => return a == b,
            (Err(Fault::TooDeep(_)), Err(Fault::TooDeep(_))) => {
                limits.depth = limits.depth.saturating_mul(4);
            }
            _ => return false,
        }
    }
}
