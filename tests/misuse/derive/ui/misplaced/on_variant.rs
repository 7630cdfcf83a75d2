use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
enum Pay {
    #[memdict(untracked)]
    Cash(u64),
}

fn main() {}
