use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(merge = with(later))]
    changed: u64,
}

fn later(_base: &u64, ours: &u64, theirs: &u64) -> u64 {
    *ours.max(theirs)
}

fn main() {}
