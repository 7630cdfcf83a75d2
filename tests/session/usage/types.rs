//! Types as large as those of applications: nested structs and enums, containers, a field that is
//! not stored, a type with a destructor, a generic one and a recursive one.

use std::collections::HashMap;

use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) price: u64,
}

/// An application's type may have a destructor.
impl Drop for Item {
    fn drop(&mut self) {}
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) struct Address {
    pub(crate) street: String,
    pub(crate) city: String,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) enum Pay {
    #[default]
    Nothing,
    Card {
        number: String,
        cvc: u16,
    },
    Cash(u64),
}

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) struct Cart {
    pub(crate) owner: String,
    pub(crate) items: Vec<Item>,
    pub(crate) total: u64,
    pub(crate) coupon: Option<String>,
    pub(crate) attrs: HashMap<String, String>,
    pub(crate) address: Address,
    pub(crate) pay: Pay,
    #[serde(skip)]
    pub(crate) cached: Option<u32>,
    pub(crate) hits: u32,
}

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) number: u32,
}

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Node {
    pub(crate) value: u32,
    pub(crate) kids: Vec<Node>,
    pub(crate) next: Option<Box<Node>>,
    pub(crate) pay: Pay,
}
