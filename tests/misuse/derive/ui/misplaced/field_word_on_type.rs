use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(opaque)]
struct Cart {
    total: u64,
}

fn main() {}
