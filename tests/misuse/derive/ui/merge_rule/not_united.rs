use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    #[memdict(merge = union)]
    items: Vec<String>,
}

fn main() {}
