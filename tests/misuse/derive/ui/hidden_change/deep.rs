use memdict::Tracked;
use serde::{Deserialize, Serialize};

use std::{collections::HashMap, sync::Mutex};

#[derive(Serialize, Deserialize, Tracked)]
struct Cart {
    totals: Option<HashMap<String, (u8, Mutex<u64>)>>,
}

fn main() {}
