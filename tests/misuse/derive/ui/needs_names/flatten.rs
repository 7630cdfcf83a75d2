//! A type that only a codec with names can decode, in a dictionary.

use std::collections::BTreeMap;

use memdict::{DictDef, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Flat {
    #[serde(flatten)]
    extra: BTreeMap<String, String>,
}

static FLATS: DictDef<Flat> = DictDef::new("flats");

fn main() {
    let _ = &FLATS;
}
