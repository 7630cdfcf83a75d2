use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Tracked)]
union Bits {
    float: f32,
    int: u32,
}

impl Serialize for Bits {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(0)
    }
}

impl<'de> Deserialize<'de> for Bits {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u32::deserialize(deserializer).map(|int| Self { int })
    }
}

fn main() {}
