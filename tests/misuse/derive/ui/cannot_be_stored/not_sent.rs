// The compiler adds that the type is neither `Send` nor `Sync`.
// mistakes: 2
// other errors: 4, of the compiler
use memdict::{Cache, DictDef, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Tracked)]
struct Cart {
    total: u64,
    pointer: *const u8,
    work: Vec<Box<dyn Fn()>>,
}

impl Serialize for Cart {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Cart {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("a test"))
    }
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
            view.pointer.mark();
            assert!(view.work.is_dirty());
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
