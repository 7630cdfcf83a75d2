use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart<'a, T> {
    owner: &'a str,
    items: Vec<T>,
}

fn main() {}
