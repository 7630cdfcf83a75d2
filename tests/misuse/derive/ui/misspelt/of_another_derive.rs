use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    #[memdict(nested)]
    total: u64,
}

fn main() {}
