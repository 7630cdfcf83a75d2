//! What is stored.

use memdict::{DictDef, Tracked};
use serde::{Deserialize, Serialize};

use crate::reply::Failure;

/// Carts of an hour, by their names.
pub(crate) static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(3600);

#[derive(Debug, Clone, Serialize, Deserialize, Tracked)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) price: u64,
}

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Cart {
    pub(crate) items: Vec<Item>,
    pub(crate) total: u64,
}

impl Item {
    /// Refuses an item that no shop has.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        let known = (1..=40).contains(&self.sku.len()) && self.price <= 1_000_000;
        if known { Ok(()) } else { Err(Failure::NoSuchItem) }
    }
}

impl Cart {
    pub(crate) fn add(&mut self, item: Item) {
        self.total += item.price;
        self.items.push(item);
    }

    /// Takes one item with this name out. Returns whether there was one.
    pub(crate) fn take_out(&mut self, sku: &str) -> bool {
        let Some(place) = self.items.iter().position(|item| item.sku == sku) else { return false };
        self.total -= self.items.remove(place).price;
        true
    }
}
