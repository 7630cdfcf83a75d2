use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Foreign(u8);

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    foreign: Foreign,
}

fn main() {}
