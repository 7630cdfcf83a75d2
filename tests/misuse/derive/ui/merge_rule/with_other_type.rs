use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(merge = with(later))]
    changed: u64,
}

fn later(_base: &u32, ours: &u32, theirs: &u32) -> Result<u32, String> {
    Ok(*ours.max(theirs))
}

fn main() {}
