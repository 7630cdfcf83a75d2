use memdict::Tracked;
use serde::{Deserialize, Deserializer, Serialize};

use std::sync::Arc;

#[derive(Tracked)]
struct Cart {
    total: Arc<u64>,
}

impl Serialize for Cart {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.total.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).map(|total| Self { total: total.into() })
    }
}

fn main() {}
