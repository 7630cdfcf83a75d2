use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(edit = Cart2, changes = Cart2)]
struct Cart {
    total: u64,
}

fn main() {}
