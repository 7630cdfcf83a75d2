//! The workload: two types of values, their keys, and the calls that a session makes on them.

#![forbid(unsafe_code)]

use std::collections::{BTreeMap, HashMap};

use memdict::{DictDef, MemcachedDict, Result, Session, Tracked};
use serde::{Deserialize, Serialize};

/// The lifetime of values, in seconds.
pub const TTL: u32 = 3600;

/// The length of the envelope before the payload, if the key on the wire is the full key.
pub const ENVELOPE: usize = 40;

/// A type of which many values are loaded and changed.
pub trait Workload: Tracked {
    /// The dictionary of its values.
    const DICT: &'static str;

    /// Returns value number `n`, of about 200 bytes when encoded.
    fn value(n: u64) -> Self;

    /// Changes one field, but not the encoded length.
    fn change(&mut self);
}

/// A postal address.
#[derive(Debug, Default, Clone, Serialize, Deserialize, Tracked)]
pub struct Address {
    /// The street and the number.
    pub street: String,
    /// The city.
    pub city: String,
    /// The postal code.
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
            /// How often the value was changed.
            pub visits: u64,
            /// Whether it is active.
            pub active: bool,
            /// A nested struct.
            pub address: Address,
            /// Words.
            pub tags: Vec<String>,
            /// Numbers by name.
            pub scores: $map<String, u64>,
            /// An optional text.
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
    /// A value with an exact encoding: equal values are encoded equally.
    Profile in "profiles" with BTreeMap
}

profile! {
    /// The same with a map that has no fixed order, so its encoding has none either.
    Unordered in "unordered" with HashMap
}

/// Returns the dictionary of a type's values.
pub fn dict<T: Workload>(session: &Session) -> MemcachedDict<'_, T> {
    session.dict(def())
}

/// Returns the definition of that dictionary.
#[must_use]
pub fn def<T: Workload>() -> DictDef<T> {
    DictDef::new(T::DICT).ttl_secs(u64::from(TTL))
}

/// Returns `many` keys of equal length.
#[must_use]
pub fn keys(many: usize) -> Vec<String> {
    (0..many).map(|n| format!("customer-{n:08}")).collect()
}

/// Returns a key as it is on the wire.
#[must_use]
pub fn wire_key<T: Workload>(key: &str) -> String {
    format!("memdict:{}:{key}", T::DICT)
}

/// Stores a value under each key.
///
/// # Errors
///
/// The errors of `insert`.
pub fn fill<T: Workload>(session: &Session, keys: &[String]) -> Result<()> {
    let dict = dict::<T>(session);
    (0..).zip(keys).try_for_each(|(n, key)| dict.insert(key, T::value(n)))
}

/// Loads all values in one batch and changes one field of each. Returns how many there are.
///
/// # Errors
///
/// The errors of `get_mut`.
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

/// Loads all values in one batch and borrows each for writing, without a change. Returns how many
/// there are.
///
/// # Errors
///
/// The errors of `get_mut`.
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
