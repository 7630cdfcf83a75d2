// mistakes: 2
use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Foreign(u8);

#[derive(Serialize, Deserialize, Tracked)]
enum Pay {
    Nothing,
    Foreign(u8, Foreign),
    Card { foreign: (u8, Foreign) },
}

fn main() {
    let session = memdict::Cache::open("memory:").unwrap().session();
    if let Some(mut pay) = session.dict::<Pay>("payments").get_mut("a").unwrap() {
        pay.edit().set(Pay::Nothing);
        if let PayEdit::Foreign(mut number, mut foreign) = pay.edit().variant() {
            number.set(1);
            foreign.mark();
        }
    }
}
