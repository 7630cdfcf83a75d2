use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Tracked)]
struct Cart {
    total: u64,
}

fn main() {}
