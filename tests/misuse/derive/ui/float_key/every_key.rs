// serde's derives have errors of their own for such fields; here the impls are written by hand.
// mistakes: 9
use memdict::{Cache, DictDef, Tracked};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::*};

use indexmap::{IndexMap, IndexSet};

#[derive(Tracked)]
struct Cart {
    total: u64,
    hash_map: HashMap<f32, u64>,
    tree: BTreeMap<(u8, f64), u64>,
    hash_set: HashSet<Option<f32>>,
    tree_set: BTreeSet<Vec<[f64; 2]>>,
    index_map: IndexMap<Box<f32>, u64>,
    index_set: IndexSet<(u8, (u8, f64))>,
    heap: BinaryHeap<Reverse<f32>>,
    deep: Vec<Option<HashMap<u8, HashMap<f64, f64>>>>,
    twice: (HashMap<f32, u64>, HashMap<u8, f64>),
    good: HashMap<u8, f64>,
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
            view.hash_map.mark();
            assert!(view.good.is_dirty());
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
