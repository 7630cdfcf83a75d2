//! The derive on structs with named fields.

use std::collections::{BTreeMap, HashMap};

use memdict::{
    __private::{Changes, fingerprint},
    Field, Tracked,
};
use memdict_tests::{diff, marked};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
struct Address {
    street: String,
    city: String,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
struct Cart {
    /// The person who pays.
    owner: String,
    items: Vec<u32>,
    total: u64,
    coupon: Option<String>,
    attrs: HashMap<String, String>,
    address: Address,
    r#type: u8,
    #[serde(skip)]
    cache: Option<u32>,
}

#[test]
fn the_view_marks_exactly_what_it_lends_for_writing() {
    let (mut cart, mut changes) = (Cart::default(), CartChanges::default());
    {
        let mut view = Tracked::edit(&mut cart, &mut changes);
        assert!(!view.coupon.set(None));
        assert!(!view.owner.assign(""));
        assert!(view.items.is_empty());
        *view.cache = Some(1);
    }
    assert!(!changes.any());
    {
        let mut view = Tracked::edit(&mut cart, &mut changes);
        view.items.extend([3, 4]);
        for item in view.items.iter() {
            *view.total += u64::from(*item);
        }
        view.address.city.assign("Lille");
        view.r#type.set(1);
    }
    assert_eq!(marked::<Cart>(&changes), ["items", "total", "address.city", "type"]);
    assert_eq!((cart.total, cart.cache), (7, Some(1)));
    assert!(changes.items && changes.address.city && !changes.owner);
    assert_eq!(format!("{changes:?}"), r#"{"items", "total", "address.city", "type"}"#);
    assert_eq!(marked::<Cart>(&changes).len(), 4);
    let mut all = Vec::new();
    CartChanges::default().visit(true, "", &mut |path| all.push(path));
    assert_eq!(all.len(), 8);
}

#[test]
fn the_fields_of_a_view_are_borrowed_apart_and_are_send() {
    let (mut cart, mut changes) = (Cart::default(), CartChanges::default());
    let view = Tracked::edit(&mut cart, &mut changes);
    let CartEdit { mut owner, mut attrs, .. } = view;
    std::thread::scope(|scope| {
        scope.spawn(move || owner.push('a'));
        scope.spawn(move || attrs.insert("k".into(), "v".into()));
    });
    assert_eq!(marked::<Cart>(&changes), ["owner", "attrs"]);
    let _: Field<'_, String> = Tracked::edit(&mut cart, &mut changes).address.street;
    assert_eq!(format!("{:?}", Tracked::edit(&mut cart, &mut changes)), "CartEdit");
}

#[test]
fn diff_finds_what_differs_at_any_depth() {
    let base = Cart::default();
    let mut now = base.clone();
    assert!(diff(&base, &now).is_empty());
    now.cache = Some(3); // not stored
    assert!(diff(&base, &now).is_empty());
    now.address.city.push('x');
    now.items.push(1);
    assert_eq!(diff(&base, &now), ["items", "address.city"]);
}

#[test]
fn no_equality_of_a_derived_type_is_used() {
    #[derive(Serialize, Deserialize, Tracked)]
    struct ById {
        id: u32,
        text: String,
    }
    impl PartialEq for ById {
        fn eq(&self, other: &Self) -> bool {
            self.id == other.id
        }
    }
    let of = |text: &str| ById { id: 1, text: text.into() };
    assert!(of("a") == of("b"));
    assert_eq!(diff(&of("a"), &of("b")), ["text"]);
    assert_eq!(diff(&vec![of("a")], &vec![of("b")]), [""]);
}

#[test]
fn floats_are_compared_by_their_bits_and_maps_without_order() {
    #[derive(Default, Serialize, Deserialize, Tracked)]
    struct Numbers {
        of: f64,
        by_name: HashMap<u32, f32>,
    }
    let nan = |order: [u32; 3]| Numbers {
        of: f64::NAN,
        by_name: order.into_iter().map(|n| (n, f32::NAN)).collect(),
    };
    assert!(diff(&nan([1, 2, 3]), &nan([3, 2, 1])).is_empty());
    assert_eq!(diff(&nan([1, 2, 3]), &nan([1, 2, 4])), ["by_name"]);
    let zero = |of: f64| Numbers { of, ..Numbers::default() };
    assert_eq!(diff(&zero(0.0), &zero(-0.0)), ["of"]);
}

/// Each stored value has one of these: if one changes, every stored value of the type is a miss.
#[test]
fn fingerprints_are_the_same_everywhere() {
    assert_eq!(fingerprint::<Address>(), 394_390_810_079_943_709);
    assert_eq!(fingerprint::<Cart>(), 11_933_775_198_208_482_808);
}

mod other {
    use super::{BTreeMap, Deserialize, HashMap, Serialize, Tracked};

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Address {
        /// Another comment, and another method, change nothing.
        pub(super) street: String,
        #[serde(skip)]
        pub(super) cache: u8,
        #[serde(rename = "city")]
        pub(super) town: String,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Address")]
    pub(super) struct Reordered {
        pub(super) city: String,
        pub(super) street: String,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "Address")]
    pub(super) struct Retyped {
        pub(super) street: String,
        pub(super) city: Box<str>,
        pub(super) zip: BTreeMap<u8, HashMap<u8, u8>>,
    }
}

#[test]
fn a_fingerprint_follows_what_is_stored() {
    let address = fingerprint::<Address>();
    assert_eq!(fingerprint::<other::Address>(), address);
    assert_ne!(fingerprint::<other::Reordered>(), address);
    assert_ne!(fingerprint::<other::Retyped>(), address);
    assert_ne!(fingerprint::<Vec<other::Reordered>>(), fingerprint::<Vec<Address>>());
    assert_eq!(fingerprint::<HashMap<u8, other::Address>>(), fingerprint::<HashMap<u8, Address>>());
}
