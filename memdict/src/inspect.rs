//! What stored bytes say about themselves, for tools that look into a server.
//!
//! A session needs none of this. The format of the bytes stays private: it may change with any version,
//! and this module with it.
//!
//! ```
//! use memdict::{Cache, Load, Loaded, inspect};
//!
//! let cache = Cache::builder().namespace("shop").open("memory:")?;
//! cache.transaction(|session| session.dict("carts").insert("ann", 7_u64))?;
//!
//! let wire = inspect::wire_key("shop", "carts", "ann")?;
//! let mut said = String::new();
//! cache.store().load_many(&[Load::new(&wire)], &mut |_, loaded| {
//!     said = match loaded {
//!         Ok(Loaded::Hit { bytes, .. }) => match inspect::Header::read(&wire, bytes) {
//!             Ok(header) => format!("{}: {:?}", header.id(), header.holds()),
//!             Err(why) => why.to_string(),
//!         },
//!         Ok(_) => "there is none, or it was evicted".to_owned(),
//!         Err(error) => error.to_string(),
//!     };
//! });
//! assert_eq!(said, "carts[ann]: Value");
//! # Ok::<_, memdict::Error>(())
//! ```

use std::fmt;

use crate::{
    codec::Codec,
    entry_id::EntryId,
    envelope::{self, Found, Secrets},
    error::{Error, Result},
    key::{
        ToKey,
        name::{Name, push_name},
    },
    quote::Quoted,
    unusable::Unusable,
};

/// Returns the key under which servers hold an entry: readable where memcached allows it, else a hash.
///
/// # Errors
/// [`Error::Key`]: the dictionary has no name, or the key is too long.
pub fn wire_key(namespace: &str, dict: &str, key: impl ToKey) -> Result<Vec<u8>> {
    let mut prefix = Vec::new();
    push_name(namespace, &mut prefix);
    push_name(dict, &mut prefix);
    let (dict, key) = (dict.into(), key.to_key());
    let name = Name::new(&dict, &prefix, &mut key.as_bytes().to_vec());
    match name {
        Ok(name) => Ok(name.wire().to_vec()),
        Err(reason) => Err(Error::Key { id: EntryId::new(&dict, key), reason }),
    }
}

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holds {
    /// A value.
    Value,
    /// Nothing, because the key was removed a moment ago
    /// ([`DictDef::tombstone`](crate::DictDef::tombstone)).
    Tombstone,
    /// Nothing, because the source of the values has none
    /// ([`DictDef::absent_for`](crate::DictDef::absent_for)).
    Absence,
}

/// What stored bytes say about themselves. The value itself is not decoded, and not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    namespace: String,
    id: EntryId,
    holds: Holds,
    codec: Option<Codec>,
    schema: u64,
    older: Vec<u64>,
    generation: u64,
    write: u64,
    is_signed: bool,
    length: usize,
    unpacked: Option<usize>,
}

impl Header {
    /// Reads stored bytes that a server holds under this key. Signatures are not verified, because that
    /// needs the secret.
    ///
    /// # Errors
    /// The reason why no program of this version can use them: memdict did not write them, or they are
    /// damaged, or they were stored under another key.
    pub fn read(wire_key: &[u8], stored: &[u8]) -> Result<Self, Unusable> {
        let full = envelope::included_key(stored).unwrap_or(wire_key);
        let (namespace, name) = Name::of_full(full).ok_or(Unusable::Foreign)?;
        if name.wire() != wire_key {
            return Err(Unusable::OtherKey);
        }
        let opened = envelope::open(stored, &name, Secrets::NONE)?;
        let header = Self {
            namespace,
            id: name.id.clone(),
            holds: Holds::Value,
            codec: None,
            schema: 0,
            older: Vec::new(),
            generation: opened.generation,
            write: opened.nonce,
            is_signed: opened.is_signed,
            length: 0,
            unpacked: None,
        };
        Ok(match opened.found {
            Found::Value(sealed) => Self {
                codec: Some(sealed.codec),
                schema: sealed.fingerprint,
                older: sealed.lineage.fingerprints().collect(),
                length: sealed.payload.len(),
                unpacked: sealed.packed,
                ..header
            },
            Found::Tombstone => Self { holds: Holds::Tombstone, ..header },
            Found::Absence => Self { holds: Holds::Absence, ..header },
        })
    }

    /// Returns the namespace of the cache that wrote it.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Returns the dictionary and the key.
    pub fn id(&self) -> &EntryId {
        &self.id
    }

    /// Returns what the key holds.
    pub fn holds(&self) -> Holds {
        self.holds
    }

    /// Returns how the value is encoded, if there is one.
    pub fn codec(&self) -> Option<Codec> {
        self.codec
    }

    /// Returns the fingerprint of the stored type, or 0 if there is no value.
    pub fn schema(&self) -> u64 {
        self.schema
    }

    /// Returns the fingerprints of the types that the stored type converts from, newest first.
    pub fn older_schemas(&self) -> &[u64] {
        &self.older
    }

    /// Returns the generation of the dictionary in which it was written, if the dictionary can be
    /// [cleared](crate::DictDef::clearable).
    pub fn generation(&self) -> Option<u64> {
        Some(self.generation).filter(|generation| *generation != 0)
    }

    /// Returns the random number of the write. Two writes that store the same value differ in it.
    pub fn write(&self) -> u64 {
        self.write
    }

    /// Returns whether it is [signed](crate::CacheBuilder::secrets), with whatever secret.
    pub fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// Returns how many bytes the encoded value takes in the server, without the header.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Returns how many bytes it had before it was compressed, if it is.
    pub fn unpacked_length(&self) -> Option<usize> {
        self.unpacked
    }
}

/// Shows everything on one line.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", Quoted(&self.namespace), self.id)?;
        match (self.holds, self.codec) {
            (Holds::Tombstone, _) => write!(f, "removed a moment ago")?,
            (Holds::Absence, _) => write!(f, "its source has no value")?,
            (Holds::Value, codec) => {
                let plural = if self.length == 1 { "" } else { "s" };
                write!(f, "a value of {} byte{plural}", self.length)?;
                if let Some(unpacked) = self.unpacked {
                    write!(f, " (compressed, {unpacked} before)")?;
                }
                if let Some(codec) = codec {
                    write!(f, ", {codec:?}")?;
                }
                write!(f, ", schema {:016x}", self.schema)?;
                for older in &self.older {
                    write!(f, ", converts from {older:016x}")?;
                }
            }
        }
        if let Some(generation) = self.generation() {
            write!(f, ", generation {generation:016x}")?;
        }
        write!(f, ", write {:016x}{}", self.write, if self.is_signed { ", signed" } else { "" })
    }
}
