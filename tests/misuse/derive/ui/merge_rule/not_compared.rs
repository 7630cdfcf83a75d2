use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Foreign(u8);

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(opaque, merge = max)]
    foreign: Foreign,
}

fn main() {}
