use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(version = "two")]
struct Cart {
    total: u64,
}

fn main() {}
