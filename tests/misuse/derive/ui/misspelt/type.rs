use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(verison = 2)]
struct Cart {
    total: u64,
}

fn main() {}
