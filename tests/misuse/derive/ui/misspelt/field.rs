use memdict::Tracked;
use serde::{Deserialize, Serialize};

struct Foreign;

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    total: u64,
    #[memdict(opague)]
    #[serde(skip)]
    foreign: u8,
}

fn main() {}
