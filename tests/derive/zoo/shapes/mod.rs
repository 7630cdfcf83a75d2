//! The shapes.

pub(crate) mod attribute;
pub(crate) mod kind;
pub(crate) mod whole;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    marker::PhantomData,
    sync::Arc,
};

use memdict::{Opaque, Tracked};
use serde::{Deserialize, Serialize};

use crate::zoo::keeper::{Counts, Specimen};

/// A type that is not tracked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Foreign(u8);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) struct Inner {
    city: String,
    #[serde(with = "halved")]
    size: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) enum Choice {
    Left,
    Right(#[serde(with = "halved")] u32),
}

pub(crate) fn inner(city: &str) -> Inner {
    Inner { city: city.to_owned(), size: 2 }
}

pub(crate) fn greater(_: &u32, ours: &u32, theirs: &u32) -> Result<u32, std::convert::Infallible> {
    Ok(*ours.max(theirs))
}

/// Stores the half of an even number.
pub(crate) mod halved {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        (value / 2).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        u32::deserialize(deserializer).map(|half| half * 2)
    }
}
