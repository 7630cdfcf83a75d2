use std::collections::BTreeMap;

use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(merge = append)]
    items: BTreeMap<u8, String>,
}

fn main() {}
