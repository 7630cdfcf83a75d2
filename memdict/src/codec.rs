//! Values to payload bytes and back.

use std::fmt;

use bincode::{
    config::{self, Configuration, Limit, LittleEndian, Varint},
    enc::write::Writer,
    error::EncodeError,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::BoxError;

/// How values are encoded. The envelope of each value names its codec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// bincode 2, standard configuration: compact, positional.
    #[default]
    Bincode,
}

impl Codec {
    /// The codec of a dictionary that does not name another.
    pub(crate) const DEFAULT: Self = Self::Bincode;
}

/// Payloads up to this length are decoded under the lower of two limits.
const SMALL: usize = 1 << 20;

/// bincode counts decoded sizes against its limit, and one byte of a payload decodes to at most
/// 16 (a small `u128`). So a payload that was encoded always decodes, and a forged length in
/// a damaged one cannot ask for more than this.
const SMALL_LIMIT: usize = 16 * SMALL;

/// For payloads above [`SMALL`]: 16 times what the envelope's 32-bit length can say.
const LARGE_LIMIT: usize = (16 * (1_usize << 16)).saturating_mul(1 << 16);

fn limited<const N: usize>() -> Configuration<LittleEndian, Varint, Limit<N>> {
    config::standard().with_limit::<N>()
}

/// Writes behind what is there.
struct Tail<'a>(&'a mut Vec<u8>);

impl Writer for Tail<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

impl Codec {
    /// The byte that stands for this codec in an envelope.
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

    /// Appends the encoding of `value` to `out`. After an error, `out` may hold a part of it.
    pub(crate) fn encode<T: Serialize>(self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError> {
        match self {
            Self::Bincode => {
                match bincode::serde::encode_into_writer(value, Tail(out), config::standard()) {
                    Ok(()) => Ok(()),
                    // What the type itself says, without bincode's quotes around it.
                    Err(EncodeError::OtherString(said)) => Err(said.into()),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Decodes `payload`, all of it. Its length is trusted, its content is not.
    pub(crate) fn decode<T: DeserializeOwned>(self, payload: &[u8]) -> Result<T, BoxError> {
        match self {
            Self::Bincode => {
                let (value, used) = if payload.len() <= SMALL {
                    bincode::serde::decode_from_slice(payload, limited::<SMALL_LIMIT>())?
                } else {
                    bincode::serde::decode_from_slice(payload, limited::<LARGE_LIMIT>())?
                };
                if used < payload.len() {
                    return Err(format!("{} bytes behind the value", payload.len() - used).into());
                }
                Ok(value)
            }
        }
    }
}

/// A stored value that was not decoded yet, for types that convert the values of older ones.
#[derive(Clone, Copy)]
pub struct Encoded<'a> {
    codec: Codec,
    payload: &'a [u8],
    /// How many older types may still be asked.
    patience: u8,
}

/// More older types than anybody keeps; two types that are each other's older one end here.
const OLDER_TYPES: u8 = 64;

impl<'a> Encoded<'a> {
    pub(crate) const fn new(codec: Codec, payload: &'a [u8]) -> Self {
        Self { codec, payload, patience: OLDER_TYPES }
    }

    /// Decodes it as a `T`. All of it must be one: a type with a shorter encoding does not fit.
    ///
    /// # Errors
    ///
    /// What the codec says: it is another type's encoding, or damaged.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        self.codec.decode(self.payload)
    }

    /// The same for one more older type.
    pub(crate) fn next_older(mut self) -> Option<Self> {
        self.patience = self.patience.checked_sub(1)?;
        Some(self)
    }
}

/// Without the value.
impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("codec", &self.codec)
            .field("length", &self.payload.len())
            .finish_non_exhaustive()
    }
}
