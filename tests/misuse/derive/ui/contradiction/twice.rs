use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(version = 1, version = 2)]
struct Cart {
    total: u64,
}

fn main() {}
