// serde's derives have errors of their own for such fields; here the impls are written by hand.
// mistakes: 7
use memdict::{Cache, DictDef, Tracked};
use serde::{Deserialize, Serialize};

const MANY: usize = 33;

#[derive(Tracked)]
struct Cart {
    total: u64,
    text: Option<&'static str>,
    call: fn(u8) -> u8,
    work: Box<dyn Fn() + Send + Sync>,
    tuple: (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8),
    array: [u8; 33],
    also_array: [u8; MANY],
    instant: Vec<std::time::Instant>,
    #[serde(skip)]
    not_stored: Option<&'static str>,
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
            view.text.mark();
            assert!(view.array.is_dirty());
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
