use memdict::{Cache, DictDef, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Foreign(u8);

#[derive(Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Cart {
    total: u64,
    // One mistake, in however many fields.
    foreign: Vec<Option<Foreign>>,
    again: Vec<Option<Foreign>>,
}

static CARTS: DictDef<Cart> = DictDef::new("carts");

// Whatever names the type, its dictionary or its view has no errors of its own.
fn main() -> memdict::Result<()> {
    let cache = Cache::open("memory:")?;
    cache.transaction(|session| {
        let carts = session.dict(&CARTS);
        if let Some(mut cart) = carts.get_mut("a")? {
            cart.total += 1;
            let mut view: CartEdit<'_> = cart.edit();
            view.total.set(3);
            view.foreign.mark();
            assert!(view.again.is_dirty());
        }
        Ok(())
    })?;
    let session = cache.session();
    for cart in session.dict::<Cart>("carts").get_many(["a", "b"])?.into_iter().flatten() {
        println!("{}", cart.total);
    }
    session.commit()?;
    Ok(())
}
