use memdict::Tracked;
use serde::{Deserialize, Serialize};

struct Foreign;

#[derive(Tracked)]
struct Cart {
    #[memdict(opaque)]
    foreign: Option<Foreign>,
}

impl Serialize for Cart {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.foreign.is_some())
    }
}

impl<'de> Deserialize<'de> for Cart {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(|foreign| Self { foreign: foreign.then_some(Foreign) })
    }
}

fn main() {}
