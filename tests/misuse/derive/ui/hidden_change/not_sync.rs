use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    #[memdict(opaque, allow_interior)]
    total: std::cell::Cell<u64>,
}

fn main() {}
