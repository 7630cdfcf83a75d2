//! A type with every kind of field, and the parts of it that count, written by hand.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use memdict::Tracked;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) price: f64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Place {
    pub(crate) city: String,
    #[memdict(untracked)]
    pub(crate) visits: u32,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Pair(pub(crate) u8, #[serde(skip)] pub(crate) u16, pub(crate) f32);

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
pub(crate) enum Pay {
    #[default]
    Nothing,
    Cash(u64, #[memdict(untracked)] u32),
    Card {
        number: String,
        limit: f64,
        place: Place,
        #[serde(skip)]
        checked: bool,
    },
    Split(Box<Pay>, Box<Self>),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Node {
    pub(crate) value: i32,
    pub(crate) kids: Vec<Self>,
    pub(crate) next: Option<Box<Node>>,
}

/// A type that is not tracked.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Foreign {
    pub(crate) names: BTreeSet<u8>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
pub(crate) struct All {
    pub(crate) number: i64,
    pub(crate) ratio: f64,
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) pair: Pair,
    pub(crate) pay: Pay,
    pub(crate) items: Vec<Item>,
    pub(crate) by_name: HashMap<String, Item>,
    pub(crate) by_id: BTreeMap<u8, f64>,
    pub(crate) marks: HashSet<u8>,
    pub(crate) note: Option<String>,
    pub(crate) root: Node,
    #[memdict(untracked)]
    pub(crate) reads: u32,
    #[serde(skip)]
    pub(crate) cached: Option<u32>,
    #[memdict(opaque)]
    pub(crate) foreign: Foreign,
}

/// The parts of a value that are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Of {
    /// Those that decide whether the value changed.
    Tracked,
    /// Those that are stored.
    Stored,
}

/// Writes a value as text, which is equal for values that are the same. It does not use `Tracked`:
/// floats are written by their bits, maps and sets in order.
pub(crate) trait Text {
    fn text(&self, of: Of) -> String;
}

impl Text for Item {
    fn text(&self, _: Of) -> String {
        format!("{:?} for {:x}", self.sku, self.price.to_bits())
    }
}

impl Text for Place {
    fn text(&self, of: Of) -> String {
        format!("{:?} {}", self.city, if of == Of::Stored { self.visits } else { 0 })
    }
}

impl Text for Pay {
    fn text(&self, of: Of) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Cash(cents, coins) => {
                format!("{cents} in {}", if of == Of::Stored { *coins } else { 0 })
            }
            Self::Card { number, limit, place, checked: _ } => {
                format!("{number:?} to {:x} at {}", limit.to_bits(), place.text(of))
            }
            Self::Split(a, b) => format!("({} and {})", a.text(of), b.text(of)),
        }
    }
}

impl Text for All {
    fn text(&self, of: Of) -> String {
        let Self { number, ratio, name, place, pair, pay, items, .. } = self;
        let Self { by_name, by_id, marks, note, root, reads, cached: _, foreign, .. } = self;
        let items: Vec<_> = items.iter().map(|item| item.text(of)).collect();
        let by_name: BTreeMap<_, _> = by_name.iter().map(|(k, v)| (k, v.text(of))).collect();
        let by_id: BTreeMap<_, _> = by_id.iter().map(|(k, v)| (k, v.to_bits())).collect();
        let marks: BTreeSet<_> = marks.iter().collect();
        let reads = if of == Of::Stored { *reads } else { 0 };
        let (ratio, pair) = (ratio.to_bits(), (pair.0, pair.2.to_bits()));
        let (place, pay) = (place.text(of), pay.text(of));
        let first = format!("{number} {ratio:x} {name:?} {place} {pair:?} {pay} {items:?}");
        format!("{first} {by_name:?} {by_id:?} {marks:?} {note:?} {root:?} {reads} {foreign:?}")
    }
}

impl Pay {
    fn reloaded(&mut self) {
        match self {
            Self::Card { checked, .. } => *checked = false,
            Self::Split(a, b) => {
                a.reloaded();
                b.reloaded();
            }
            Self::Nothing | Self::Cash(..) => {}
        }
    }

    /// Changes the live variant.
    pub(crate) fn add(&mut self, n: u8) {
        match self {
            Self::Nothing => {}
            Self::Cash(cents, coins) => {
                *cents += u64::from(n % 2);
                *coins += u32::from(n);
            }
            Self::Card { number, limit, place, checked } => {
                if n.is_multiple_of(3) {
                    number.push('0');
                }
                *limit = f64::from(n % 2);
                place.visits += 1;
                *checked = true;
            }
            Self::Split(a, _) => a.add(n),
        }
    }
}

impl Node {
    pub(crate) fn depth(&self) -> usize {
        let kids = self.kids.iter().chain(self.next.as_deref());
        1 + kids.map(Self::depth).max().unwrap_or(0)
    }

    pub(crate) fn deepen(&mut self, value: i32) {
        match self.kids.first_mut() {
            Some(kid) => kid.value = value,
            None => self.kids.push(Self { value, ..Self::default() }),
        }
    }
}

impl All {
    /// Returns the value as it is after it was stored and loaded.
    pub(crate) fn reloaded(&self) -> Self {
        let mut loaded = self.clone();
        loaded.pair.1 = 0;
        loaded.cached = None;
        loaded.pay.reloaded();
        loaded
    }
}
