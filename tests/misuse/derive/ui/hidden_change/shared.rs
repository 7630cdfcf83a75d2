// An `Arc` of what does not change is tracked; an `Rc` is not, and neither are these.
// mistakes: 3
// other errors: 3, of the compiler, which needs `Send` and `Sync` too
use std::{cell::Cell, rc::Rc, sync::{Arc, Mutex}};

use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Tracked)]
struct Cart {
    text: Arc<str>,
    counted: Rc<u64>,
    locked: Arc<Mutex<u64>>,
    cells: Arc<[Cell<u64>]>,
}

impl Serialize for Cart {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Cart {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("a test"))
    }
}

fn main() {}
