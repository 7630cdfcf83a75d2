// Only the derive implements the trait: what is missing here is hidden.
use memdict::{Field, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Cart {
    total: u64,
}

impl Tracked for Cart {
    type Edit<'a> = Field<'a, u64>;
}

fn main() {}
