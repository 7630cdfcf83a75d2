// other errors: 1, of the compiler, which needs `Sync` too
use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    total: std::cell::Cell<u64>,
}

fn main() {}
