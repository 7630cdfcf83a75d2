use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    #[serde(skip)]
    #[memdict(untracked)]
    total: u64,
}

fn main() {}
