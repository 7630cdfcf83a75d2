// mistakes: 4
use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(merge = average)]
    total: u64,
    #[memdict(merge)]
    items: Vec<u64>,
    #[memdict(merge = with)]
    owner: String,
    #[memdict(merge = with(later, earlier))]
    changed: u64,
}

fn main() {}
