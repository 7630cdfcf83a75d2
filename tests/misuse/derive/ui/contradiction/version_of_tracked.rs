use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    #[memdict(version = 2)]
    total: u64,
}

fn main() {}
