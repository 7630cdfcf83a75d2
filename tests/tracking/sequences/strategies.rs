//! The edits to try. There are few values, so that a change is often undone.

use proptest::prelude::*;

use super::{
    edits::{Edit, Way},
    shape::{Item, Pay, Place},
};

/// Returns a float; three of the choices are NaN.
fn float() -> impl Strategy<Value = f64> {
    let nan = f64::from_bits(f64::NAN.to_bits() ^ 1);
    prop::sample::select(vec![0.0, -0.0, 1.5, f64::NAN, -f64::NAN, nan, f64::INFINITY])
}

fn text() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["", "a", "b", "é"]).prop_map(str::to_owned)
}

fn item() -> impl Strategy<Value = Item> {
    (text(), float()).prop_map(|(sku, price)| Item { sku, price })
}

fn pay() -> impl Strategy<Value = Pay> {
    let one = prop_oneof![
        Just(Pay::Nothing),
        (0..2_u64, 0..3_u32).prop_map(|(cents, coins)| Pay::Cash(cents, coins)),
        (text(), float(), text(), any::<bool>()).prop_map(|(number, limit, city, checked)| {
            Pay::Card { number, limit, place: Place { city, visits: 0 }, checked }
        }),
    ];
    prop_oneof![
        3 => one.clone(),
        1 => (one.clone(), one).prop_map(|(a, b)| Pay::Split(a.into(), b.into())),
    ]
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let f = (float(), any::<u8>(), text());
    let tracked = prop_oneof![
        (0..2_i64).prop_map(Edit::Number),
        float().prop_map(Edit::Ratio),
        text().prop_map(Edit::Name),
        text().prop_map(Edit::City),
        (0..2_u8).prop_map(Edit::Pair),
        float().prop_map(|ratio| Edit::PairRatio(ratio as f32)),
        pay().prop_map(Edit::Pay),
        any::<u8>().prop_map(Edit::PayAdd),
        item().prop_map(Edit::Push),
        f.prop_map(|(price, which, sku)| match which % 7 {
            0 => Edit::Pop,
            1 => Edit::PriceOfFirst(price),
            2 => Edit::Sort,
            3 => Edit::Clear,
            4 => Edit::Rehash,
            5 => Edit::TakeNote,
            _ => Edit::Remove(sku),
        }),
        (text(), item()).prop_map(|(name, item)| Edit::Insert(name, item)),
        (text(), item()).prop_map(|(name, item)| Edit::InsertNew(name, item)),
        (0..3_u8, float()).prop_map(|(id, ratio)| Edit::ById(id, ratio)),
        (0..3_u8).prop_map(Edit::ForgetId),
        (0..4_u8).prop_map(Edit::Mark),
        (0..4_u8).prop_map(Edit::Unmark),
        prop::option::of(text()).prop_map(Edit::Note),
        (0..2_i32).prop_map(Edit::Grow),
        (0..2_i32).prop_map(Edit::Chain),
        (0..2_i32).prop_map(Edit::Deep),
        Just(Edit::Prune),
        (0..2_u8).prop_map(Edit::Foreign),
        (0..2_u8).prop_map(Edit::ForgetForeign),
    ];
    let hidden = prop_oneof![
        any::<u32>().prop_map(Edit::Visits),
        any::<u32>().prop_map(Edit::Reads),
        any::<u32>().prop_map(Edit::Cached),
        any::<u16>().prop_map(Edit::PairSkipped),
    ];
    prop_oneof![4 => tracked, 1 => hidden]
}

pub(crate) fn way() -> impl Strategy<Value = Way> {
    prop::sample::select(vec![Way::Method, Way::Guard, Way::View, Way::Set])
}
