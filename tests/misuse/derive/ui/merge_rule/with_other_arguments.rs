use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(merge = with(later))]
    changed: u64,
}

fn later(ours: &u64, theirs: &u64) -> Result<u64, String> {
    Ok(*ours.max(theirs))
}

fn main() {}
