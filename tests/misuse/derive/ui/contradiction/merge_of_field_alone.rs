use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    #[memdict(merge = sum)]
    total: u64,
}

fn main() {}
