use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Tracked)]
enum Count {
    Hits(std::sync::atomic::AtomicU64),
}

fn main() {}
