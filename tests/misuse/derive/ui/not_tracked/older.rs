use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Old {
    total: u32,
}

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(from = Old)]
struct Cart {
    total: u64,
}

fn main() {}
