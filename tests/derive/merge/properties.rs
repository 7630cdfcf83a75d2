//! Properties of any three values.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use memdict::Tracked;
use proptest::{collection, prelude::*};
use serde::{Deserialize, Serialize};

use super::merged;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Pay {
    Later,
    Card { number: String, limit: u8 },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Address {
    city: String,
    lines: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Account {
    owner: String,
    address: Address,
    pay: Pay,
    #[memdict(merge = sum)]
    total: u64,
    #[memdict(merge = max)]
    highest: i8,
    #[memdict(merge = union)]
    tags: BTreeSet<u8>,
    #[memdict(merge = union)]
    items: HashMap<u8, u8>,
    #[memdict(merge = append)]
    log: Vec<u8>,
}

fn text() -> impl Strategy<Value = String> {
    "[ab]{0,2}"
}

fn pay() -> impl Strategy<Value = Pay> {
    let card = (text(), 0..3_u8).prop_map(|(number, limit)| Pay::Card { number, limit });
    prop_oneof![Just(Pay::Later), card]
}

fn account() -> impl Strategy<Value = Account> {
    let address =
        (text(), collection::vec(0..3_u8, 0..3)).prop_map(|(city, lines)| Address { city, lines });
    let keyed = (
        collection::btree_set(0..4_u8, 0..4),
        collection::hash_map(0..4_u8, 0..3_u8, 0..4),
        collection::vec(0..2_u8, 0..3),
    );
    (text(), address, pay(), 0..9_u64, any::<i8>(), keyed).prop_map(
        |(owner, address, pay, total, highest, (tags, items, log))| Account {
            owner,
            address,
            pay,
            total,
            highest,
            tags,
            items,
            log,
        },
    )
}

/// Returns `into` with the fields that `which` names taken from `from`.
fn take(into: &mut Account, from: &Account, which: impl Fn(u32) -> bool) {
    let from = from.clone();
    if which(0) {
        into.owner = from.owner;
    }
    if which(1) {
        into.address.city = from.address.city;
    }
    if which(2) {
        into.address.lines = from.address.lines;
    }
    if which(3) {
        into.pay = from.pay;
    }
    if which(4) {
        into.total = from.total;
    }
    if which(5) {
        into.highest = from.highest;
    }
    if which(6) {
        into.tags = from.tags;
    }
    if which(7) {
        into.items = from.items;
    }
    if which(8) {
        into.log = from.log;
    }
}

/// States the rules for one key again: its value in the base and on each side.
fn key(was: Option<u8>, ours: Option<u8>, theirs: Option<u8>) -> Result<Option<u8>, ()> {
    match (was, ours, theirs) {
        (was, ours, theirs) if theirs == was => Ok(ours),
        (was, ours, theirs) if ours == was => Ok(theirs),
        (Some(_), Some(ours), Some(theirs)) if ours == theirs => Ok(Some(ours)),
        _ => Err(()),
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Stock {
    #[memdict(merge = union)]
    of: BTreeMap<u8, u8>,
}

fn stock() -> impl Strategy<Value = Stock> {
    collection::btree_map(0..4_u8, 0..3_u8, 0..4).prop_map(|of| Stock { of })
}

proptest! {
    #[test]
    fn a_side_that_changed_nothing_leaves_the_other(base in account(), now in account()) {
        prop_assert_eq!(merged(&base, &now, &base), Ok(now.clone()));
        prop_assert_eq!(merged(&base, &base, &now), Ok(now));
    }

    #[test]
    fn changes_of_different_fields_always_both_stand(
        base in account(), now in account(), which in 0..1_u32 << 9,
    ) {
        let ours = |field: u32| which & (1 << field) != 0;
        let (mut one, mut other) = (base.clone(), base.clone());
        take(&mut one, &now, ours);
        take(&mut other, &now, |field| !ours(field));
        prop_assert_eq!(merged(&base, &one, &other), Ok(now));
    }

    /// Only the order of a log depends on which side is ours.
    #[test]
    fn both_sides_see_the_same(base in account(), one in account(), other in account()) {
        let (mut left, mut right) = (merged(&base, &one, &other), merged(&base, &other, &one));
        for side in [&mut left, &mut right].into_iter().flatten() {
            side.log.sort();
        }
        prop_assert_eq!(left.is_ok(), right.is_ok());
        if left.is_ok() {
            prop_assert_eq!(left, right);
        }
    }

    #[test]
    fn a_map_merges_key_by_key(base in stock(), ours in stock(), theirs in stock()) {
        let of = |side: &Stock, key: u8| side.of.get(&key).copied();
        let keys = (0..4).map(|at| Ok((at, key(of(&base, at), of(&ours, at), of(&theirs, at))?)));
        let keys: Result<Vec<(u8, Option<u8>)>, ()> = keys.collect();
        let result = keys.map(|keys| Stock {
            of: keys.into_iter().filter_map(|(key, value)| Some((key, value?))).collect(),
        });
        let both = ours != base && theirs != base;
        let empty = |side: &Stock| side.of.is_empty();
        let expected = match result {
            Ok(result) if both && (empty(&ours) || empty(&theirs) || empty(&result)) => Err(()),
            result => result,
        };
        prop_assert_eq!(merged(&base, &ours, &theirs).map_err(drop), expected);
    }
}
