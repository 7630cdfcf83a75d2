//! What is measured: two types of value, their keys, and the calls that a session makes on them.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap};

use memdict::{DictDef, MemcachedDict, Result, Session, Tracked};
use serde::{Deserialize, Serialize};

/// How long values live, in seconds.
pub const TTL: u32 = 3600;

/// The length of the envelope before the payload of a value whose key is on the wire as it is.
pub const ENVELOPE: usize = 40;

/// A type of which many values are loaded and changed.
pub trait Workload: Tracked {
    /// The dictionary that it is in.
    const DICT: &'static str;

    /// Value number `n`, of about 200 bytes when encoded.
    fn value(n: u64) -> Self;

    /// Changes one field, and not the encoded length.
    fn change(&mut self);
}

/// Where somebody lives.
#[derive(Debug, Default, Clone, Serialize, Deserialize, Tracked)]
pub struct Address {
    /// The street and the number.
    pub street: String,
    /// The city.
    pub city: String,
    /// The code of the city.
    pub code: u32,
}

macro_rules! profile {
    ($(#[$doc:meta])* $name:ident in $dict:literal with $map:ident) => {
        $(#[$doc])*
        #[derive(Debug, Default, Clone, Serialize, Deserialize, Tracked)]
        pub struct $name {
            /// A number.
            pub id: u64,
            /// A name.
            pub name: String,
            /// How often it was changed.
            pub visits: u64,
            /// Whether it is in use.
            pub active: bool,
            /// A nested struct.
            pub address: Address,
            /// Words.
            pub tags: Vec<String>,
            /// Numbers by name.
            pub scores: $map<String, u64>,
            /// Perhaps a text.
            pub note: Option<String>,
        }

        impl Workload for $name {
            const DICT: &'static str = $dict;

            fn value(n: u64) -> Self {
                let text = |text: &str| text.to_owned();
                let scores = ["alpha", "beta", "gamma", "delta"];
                Self {
                    id: 1_000_000 + n,
                    name: format!("Customer number {n:08}"),
                    // Five bytes long when encoded, now and after any number of changes.
                    visits: 1_000_000,
                    active: true,
                    address: Address {
                        street: format!("{:04} Long Avenue East", n % 10_000),
                        city: text("Springfield"),
                        code: 100_000,
                    },
                    tags: vec![text("regular"), text("newsletter"), text("invoice")],
                    scores: scores.into_iter().map(|name| (text(name), 70_000 + n)).collect(),
                    note: Some(text("Rings twice; leave the parcel with the neighbours.")),
                }
            }

            fn change(&mut self) {
                self.visits += 1;
            }
        }
    };
}

profile! {
    /// A value whose encoding is exact: equal values are encoded equally.
    Profile in "profiles" with BTreeMap
}

profile! {
    /// The same with a map that has no fixed order, so that its encoding has none either.
    Unordered in "unordered" with HashMap
}

/// The dictionary of a type's values.
pub fn dict<T: Workload>(session: &Session) -> MemcachedDict<'_, T> {
    session.dict(DictDef::new(T::DICT).ttl_secs(u64::from(TTL)))
}

/// `many` keys of equal length.
#[must_use]
pub fn keys(many: usize) -> Vec<String> {
    (0..many).map(|n| format!("customer-{n:08}")).collect()
}

/// A key as it is on the wire.
#[must_use]
pub fn wire_key<T: Workload>(key: &str) -> String {
    format!("memdict:{}:{key}", T::DICT)
}

/// Puts a value under each key.
///
/// # Errors
///
/// As `insert`.
pub fn fill<T: Workload>(session: &Session, keys: &[String]) -> Result<()> {
    let dict = dict::<T>(session);
    (0..).zip(keys).try_for_each(|(n, key)| dict.insert(key, T::value(n)))
}

/// Loads all in one batch and changes one field of each; returns how many there are.
///
/// # Errors
///
/// As `get_mut`.
pub fn change<T: Workload>(session: &Session, keys: &[String]) -> Result<usize> {
    let dict = dict::<T>(session);
    dict.prefetch(keys)?;
    let mut found = 0;
    for key in keys {
        if let Some(mut value) = dict.get_mut(key)? {
            value.change();
            found += 1;
        }
    }
    Ok(found)
}

/// Loads all in one batch and hands each out for writing, without a change.
///
/// # Errors
///
/// As `get_mut`.
pub fn touch<T: Workload>(session: &Session, keys: &[String]) -> Result<usize> {
    let dict = dict::<T>(session);
    dict.prefetch(keys)?;
    let mut found = 0;
    for key in keys {
        if let Some(mut value) = dict.get_mut(key)? {
            std::hint::black_box(&mut *value);
            found += 1;
        }
    }
    Ok(found)
}
