//! Every shape of type that derives `Tracked`: each attribute and each kind of field, at each
//! place, in structs, tuple structs and both kinds of enum variants, and in generic types. A value
//! of each is stored, loaded, compared, changed plainly and through its view, and merged.

#[macro_use]
mod cages;
mod keeper;
mod shapes;

use keeper::{Specimen, check};
use shapes::{attribute, kind, whole};

#[test]
fn every_attribute_of_serde_works_at_every_place() {
    check::<attribute::of_serde::All>();
}

#[test]
fn with_works_at_every_place_alone_and_beside_other_attributes() {
    check::<attribute::with::All>();
}

#[test]
fn every_attribute_of_memdict_works_at_every_place() {
    check::<attribute::of_memdict::All>();
}

#[test]
fn every_kind_of_leaf_works_in_every_kind_of_type() {
    check::<kind::leaf::All>();
}

#[test]
fn every_kind_of_nested_type_works_in_every_kind_of_type() {
    check::<kind::nested::All>();
}

#[test]
fn every_attribute_of_types_and_variants_works() {
    check::<whole::All>();
}

/// The others are parts of a larger type.
#[test]
fn every_kind_of_type_is_an_entry() {
    check::<whole::one_field::Shape>();
    check::<whole::newtype::Shape>();
    check::<whole::unit::Shape>();
    check::<whole::units::Shape>();
    check::<whole::other_variant::Shape>();
    check::<whole::generic::Shape>();
    check::<whole::generic_enum::Shape>();
    check::<attribute::with::with::first::named::Shape>();
    check::<attribute::with::with::first::tuple_variant::Shape>();
}

#[test]
fn there_are_more_than_two_hundred_shapes() {
    let fields = attribute::of_serde::All::COUNT
        + attribute::with::All::COUNT
        + attribute::of_memdict::All::COUNT
        + kind::leaf::All::COUNT
        + kind::nested::All::COUNT;
    // Each shape has three.
    assert!(fields / 3 > 200, "{}", fields / 3);
}
