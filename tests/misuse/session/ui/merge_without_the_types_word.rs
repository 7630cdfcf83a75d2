//! A dictionary that asks for merges, of a type that says nothing of them.

use memdict::{DictDef, OnConflict};

static HITS: DictDef<u64> = DictDef::new("hits").on_conflict(OnConflict::Merge);

fn main() {
    let _ = &HITS;
}
