use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Foreign(u8);

fn asked<T: Tracked>() {}

fn ask() {
    asked::<Foreign>();
}

fn main() {}
