use memdict::Tracked;
use serde::{Deserialize, Serialize};

// Both mistakes, and nothing behind them: the field's type is not even tracked.
#[derive(Serialize, Deserialize)]
struct Foreign;

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(edti = View)]
struct Cart {
    #[memdict(opaqe)]
    foreign: Foreign,
}

fn edit(cart: &mut Cart, changes: &mut CartChanges) {
    let _: CartEdit<'_> = cart.edit(changes);
}

fn main() {}
