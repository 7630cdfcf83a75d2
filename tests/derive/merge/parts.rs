//! The parts of a merge: nested types, enums, and fields that are not tracked are merged field by
//! field, or as one part.

use std::collections::BTreeMap;

use memdict::Tracked;
use serde::{Deserialize, Serialize};

use super::{BOTH, conflict, merged};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Address {
    #[serde(rename = "road")]
    street: String,
    city: String,
}

/// Does not merge, because width and height belong together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, Tracked)]
struct Size {
    width: u32,
    height: u32,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Parcel {
    to: Address,
    size: Size,
    /// An `Option` and the value inside are one part.
    back: Option<Address>,
    tags: BTreeMap<u8, Size>,
}

fn changed(edit: impl Fn(&mut Parcel)) -> Parcel {
    let mut parcel = Parcel::default();
    edit(&mut parcel);
    parcel
}

#[test]
fn only_types_with_merge_merge() {
    assert_eq!([Address::MERGES, Parcel::MERGES, Size::MERGES], [true, true, false]);
    assert_eq!([u64::MERGES, Vec::<Address>::MERGES, Option::<Address>::MERGES], [false; 3]);
}

#[test]
fn a_nested_type_that_merges_does_so_field_by_field() {
    let ours = changed(|it| it.to.street = "Rue".into());
    let theirs = changed(|it| it.to.city = "Lille".into());
    let both = merged(&Parcel::default(), &ours, &theirs).unwrap();
    assert_eq!(both.to, Address { street: "Rue".into(), city: "Lille".into() });
}

#[test]
fn a_conflict_names_the_path_as_changed_fields_do() {
    let base = Parcel::default();
    let [one, other] = ["a", "b"].map(|name| changed(|it| it.to.city = name.into()));
    assert_eq!(merged(&base, &one, &other), conflict("to.city", BOTH));
    assert_eq!(memdict_tests::diff(&base, &one), ["to.city"]);
    // A field has the name that serde gives it.
    let [one, other] = ["a", "b"].map(|name| changed(|it| it.to.street = name.into()));
    assert_eq!(merged(&base, &one, &other), conflict("to.road", BOTH));
    assert_eq!(memdict_tests::diff(&base, &one), ["to.road"]);
}

#[test]
fn a_nested_type_that_does_not_merge_is_one_part() {
    let (wide, high) = (changed(|it| it.size.width = 2), changed(|it| it.size.height = 3));
    assert_eq!(merged(&Parcel::default(), &wide, &high), conflict("size", BOTH));
    assert_eq!(merged(&Parcel::default(), &Parcel::default(), &high), Ok(high));
    let size = |width| Size { width, height: 0 };
    assert_eq!(merged(&size(1), &size(2), &size(1)), Ok(size(2)));
    assert_eq!(merged(&size(1), &size(1), &size(2)), Ok(size(2)));
    // An entry itself has no path.
    assert_eq!(merged(&size(1), &size(2), &size(2)), Err(BOTH.into()));
}

#[test]
fn a_container_and_its_elements_are_one_part() {
    let base = changed(|it| it.back = Some(Address::default()));
    let [mut street, mut city] = [base.clone(), base.clone()];
    street.back.as_mut().unwrap().street = "Rue".into();
    city.back.as_mut().unwrap().city = "Lille".into();
    assert_eq!(merged(&base, &street, &city), conflict("back", BOTH));
    let [one, other] = [1, 2].map(|key| changed(|it| _ = it.tags.insert(key, Size::default())));
    assert_eq!(merged(&Parcel::default(), &one, &other), conflict("tags", BOTH));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
enum Pay {
    Later,
    Card {
        number: String,
        #[memdict(merge = sum)]
        used: u32,
    },
    Sent(Address, u8),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Order {
    pay: Pay,
}

fn card(number: &str, used: u32) -> Pay {
    Pay::Card { number: number.into(), used }
}

fn sent(street: &str, city: &str, days: u8) -> Pay {
    Pay::Sent(Address { street: street.into(), city: city.into() }, days)
}

#[test]
fn an_enum_of_one_variant_merges_field_by_field() {
    assert_eq!(merged(&card("1", 3), &card("2", 4), &card("1", 5)), Ok(card("2", 6)));
    let both = merged(&sent("", "", 1), &sent("Rue", "", 1), &sent("", "Lille", 2));
    assert_eq!(both, Ok(sent("Rue", "Lille", 2)));
    let both = merged(&sent("", "", 1), &sent("", "a", 1), &sent("", "b", 1));
    assert_eq!(both, conflict("0.city", BOTH));
    let [base, ours, theirs] = ["1", "2", "3"].map(|number| Order { pay: card(number, 0) });
    assert_eq!(merged(&base, &ours, &theirs), conflict("pay.number", BOTH));
    assert_eq!(merged(&Pay::Later, &Pay::Later, &Pay::Later), Ok(Pay::Later));
}

#[test]
fn an_enum_of_several_variants_is_one_part() {
    for other in [Pay::Later, card("2", 3), sent("", "", 1)] {
        let base = card("1", 3);
        assert_eq!(merged(&base, &other, &base), Ok(other.clone()));
        assert_eq!(merged(&base, &base, &other), Ok(other));
    }
    for (base, ours, theirs) in [
        (card("1", 3), card("1", 4), Pay::Later),
        (card("1", 3), Pay::Later, card("1", 4)),
        (Pay::Later, card("1", 3), card("1", 3)),
        (Pay::Later, card("1", 3), sent("", "", 1)),
    ] {
        assert_eq!(merged(&base, &ours, &theirs), Err(BOTH.into()));
        let [base, ours, theirs] = [base, ours, theirs].map(|pay| Order { pay });
        assert_eq!(merged(&base, &ours, &theirs), conflict("pay", BOTH));
    }
}

/// A type that is not tracked, such as one of another crate.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
struct Foreign(u32);

fn sum_foreign(base: &Foreign, ours: &Foreign, theirs: &Foreign) -> Result<Foreign, String> {
    Ok(Foreign(ours.0 + theirs.0 - base.0))
}

mod doubled {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &u32, serializer: S) -> Result<S::Ok, S::Error> {
        (value / 2).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
        u32::deserialize(deserializer).map(|half| half * 2)
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Mixed {
    total: u32,
    #[memdict(untracked)]
    reads: u32,
    #[serde(skip)]
    shown: u32,
    #[memdict(opaque)]
    plain: Foreign,
    #[memdict(opaque, merge = ours)]
    ours: Foreign,
    #[memdict(opaque, merge = theirs)]
    theirs: Foreign,
    #[memdict(opaque, merge = with(sum_foreign))]
    sum: Foreign,
    #[memdict(opaque, merge = max)]
    max: Foreign,
    /// Stored as its half, and compared by that.
    #[serde(with = "doubled")]
    even: u32,
    #[serde(with = "doubled")]
    #[memdict(merge = sum)]
    even_sum: u32,
}

fn mixed(edit: impl Fn(&mut Mixed)) -> Mixed {
    let mut mixed = Mixed::default();
    edit(&mut mixed);
    mixed
}

#[test]
fn an_untracked_field_stays_ours() {
    let ours = mixed(|it| it.reads = 1);
    let theirs = mixed(|it| (it.reads, it.total) = (2, 3));
    let both = merged(&Mixed::default(), &ours, &theirs);
    assert_eq!(both, Ok(mixed(|it| (it.reads, it.total) = (1, 3))));
}

#[test]
fn a_skipped_field_stays_ours() {
    let ours = mixed(|it| it.shown = 1);
    let theirs = mixed(|it| (it.shown, it.total) = (2, 3));
    let both = merged(&Mixed::default(), &ours, &theirs);
    assert_eq!(both, Ok(mixed(|it| (it.shown, it.total) = (1, 3))));
}

#[test]
fn an_opaque_field_merges_by_its_encoding() {
    let base = Mixed::default();
    let change = |n| {
        let foreign = Foreign(n);
        mixed(|it| (it.ours, it.theirs, it.sum, it.max) = (foreign, foreign, foreign, foreign))
    };
    let both = merged(&base, &change(2), &change(3)).unwrap();
    assert_eq!([both.ours.0, both.theirs.0, both.sum.0, both.max.0], [2, 3, 5, 3]);
    let [one, other] = [1, 2].map(|n| mixed(|it| it.plain = Foreign(n)));
    assert_eq!(merged(&base, &one, &other), conflict("plain", BOTH));
    assert_eq!(merged(&base, &base, &other), Ok(other));
}

#[test]
fn a_field_with_serdes_with_merges_by_what_it_stores() {
    let [base, ours, same, other] = [0, 4, 1, 2].map(|n| mixed(|it| it.even = n));
    assert_eq!(merged(&base, &ours, &same), Ok(ours.clone()));
    assert_eq!(merged(&base, &ours, &other), conflict("even", BOTH));
    let [base, ours, theirs, sum] = [2, 4, 8, 10].map(|n| mixed(|it| it.even_sum = n));
    assert_eq!(merged(&base, &ours, &theirs), Ok(sum));
}
