//! Encodes values to payload bytes, and decodes them.

use std::fmt;

use bincode::{
    config::{self, Configuration, Limit, LittleEndian, Varint},
    enc::write::Writer,
    error::EncodeError,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::BoxError;

/// An encoding of values. The envelope of each value names its codec.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// bincode 2 in its standard configuration: compact and positional.
    #[default]
    Bincode,
}

impl Codec {
    /// The codec of a dictionary that names none.
    pub(crate) const DEFAULT: Self = Self::Bincode;
}

/// Payloads up to this length are decoded under the lower of two limits.
const SMALL: usize = 1 << 20;

/// The limit for payloads up to [`SMALL`]. bincode counts decoded sizes, and one byte of a payload
/// decodes to at most 16 (a small `u128`). So an encoded payload always decodes, and a forged
/// length in a damaged one cannot allocate more than this.
const SMALL_LIMIT: usize = 16 * SMALL;

/// The limit for larger payloads: 16 times the largest length that fits into the envelope's 32
/// bits.
const LARGE_LIMIT: usize = (16 * (1_usize << 16)).saturating_mul(1 << 16);

fn limited<const N: usize>() -> Configuration<LittleEndian, Varint, Limit<N>> {
    config::standard().with_limit::<N>()
}

/// A writer that appends.
struct Tail<'a>(&'a mut Vec<u8>);

impl Writer for Tail<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

impl Codec {
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

    /// Appends the encoding of `value` to `out`. After an error, `out` may contain a part of it.
    pub(crate) fn encode<T: Serialize>(self, value: &T, out: &mut Vec<u8>) -> Result<(), BoxError> {
        match self {
            Self::Bincode => {
                match bincode::serde::encode_into_writer(value, Tail(out), config::standard()) {
                    Ok(()) => Ok(()),
                    // The type's own message, without the quotes that bincode adds.
                    Err(EncodeError::OtherString(said)) => Err(said.into()),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }

    /// Decodes a value that takes up all of `payload`. The length is trusted, the content is not.
    pub(crate) fn decode<T: DeserializeOwned>(self, payload: &[u8]) -> Result<T, BoxError> {
        match self {
            Self::Bincode => {
                let (value, used) = if payload.len() <= SMALL {
                    bincode::serde::decode_from_slice(payload, limited::<SMALL_LIMIT>())?
                } else {
                    bincode::serde::decode_from_slice(payload, limited::<LARGE_LIMIT>())?
                };
                if used < payload.len() {
                    return Err(format!("{} bytes after the value", payload.len() - used).into());
                }
                Ok(value)
            }
        }
    }
}

/// A stored value that is not decoded yet, for types that convert values of older types.
#[derive(Clone, Copy)]
pub struct Encoded<'a> {
    codec: Codec,
    payload: &'a [u8],
    /// How many older types may still be tried.
    patience: u8,
}

/// More older types than any program keeps. It ends a cycle of two types that name each other.
pub(crate) const OLDER_TYPES: u8 = 64;

impl<'a> Encoded<'a> {
    pub(crate) const fn new(codec: Codec, payload: &'a [u8]) -> Self {
        Self { codec, payload, patience: OLDER_TYPES }
    }

    /// Decodes the value as a `T`, which must take up all of it: a type with a shorter encoding is
    /// an error.
    ///
    /// # Errors
    ///
    /// The codec's error: the value is of another type, or damaged.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, BoxError> {
        self.codec.decode(self.payload)
    }

    /// Returns the same value for one more older type, or `None` if too many were tried.
    pub(crate) fn next_older(mut self) -> Option<Self> {
        self.patience = self.patience.checked_sub(1)?;
        Some(self)
    }
}

/// Shows the codec and the length, never the value.
impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoded")
            .field("codec", &self.codec)
            .field("length", &self.payload.len())
            .finish_non_exhaustive()
    }
}
