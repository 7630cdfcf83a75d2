use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Foreign(u8);

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(opaque, merge = append)]
    foreign: Vec<Foreign>,
}

fn main() {}
