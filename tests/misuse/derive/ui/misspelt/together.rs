use memdict::Tracked;
use serde::{Deserialize, Serialize};

// Both mistakes, and no errors that follow from them: the type of the field is not tracked either.
// mistakes: 2
#[derive(Serialize, Deserialize)]
struct Foreign;

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(edti = View)]
struct Cart {
    #[memdict(opaqe)]
    foreign: Foreign,
}

fn edit(cart: &mut memdict::RefMut<'_, Cart>) {
    let mut view: CartEdit<'_> = cart.edit();
    view.foreign.mark();
}

fn main() {}
