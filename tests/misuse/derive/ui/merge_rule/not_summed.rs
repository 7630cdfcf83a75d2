// mistakes: 2
use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(merge = sum)]
    total: u64,
    #[memdict(merge = sum)]
    owner: String,
}

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Pay {
    Later,
    Card(#[memdict(merge = sum)] Option<u8>),
}

fn main() {}
