//! Encodes values to payload bytes, and decodes them. The bytes are not believed: whatever they
//! claim, decoding ends, and takes no more memory and stack than the `limits` say.
//!
//! - `format` has the codecs. Both directions keep the same `limits`, so that what was encoded can
//!   be decoded; a `fault` says why not.
//! - `write` and `read` are the encoder and the decoder; a `sink` and a `source` are the bytes, and
//!   what is left of the limits.
//! - `trial` tries whether types that are known only by their encoding can be decoded at all.
//! - `json` is the text of values that need the names of fields.
//! - `encoded` is a stored value whose type is not known yet.

mod encoded;
mod fault;
mod format;
#[cfg(feature = "json")]
pub(crate) mod json;
mod limits;
mod read;
mod sink;
mod source;
mod trial;
mod write;

pub use self::{encoded::Encoded, format::Codec, trial::Unknown};
pub(crate) use self::{
    encoded::OLDER_TYPES,
    format::{Known, same_encoding},
    limits::Limits,
    trial::Trial,
};

#[cfg(test)]
mod tests;
