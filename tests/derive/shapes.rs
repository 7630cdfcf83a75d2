//! The derive on tuples, enums, generic and recursive types.

use std::{collections::BTreeMap, fmt::Debug, marker::PhantomData};

use memdict::{
    __private::{Changes, fingerprint, is_inexact, needs_names},
    Tracked,
};
use memdict_tests::{diff, marked};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
struct Pair(u32, #[serde(skip)] u8, String);

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
struct Unit;

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
struct Empty {}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
enum Pay {
    #[default]
    Nothing,
    Card {
        number: String,
        cvc: u16,
        pair: Pair,
        #[serde(skip)]
        checked: bool,
    },
    Cash(u64, #[memdict(untracked)] u32),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, Tracked)]
enum Level {
    #[default]
    Low,
    High,
}

#[derive(Clone, Copy, Serialize, Deserialize, Tracked)]
enum Never {}

fn card(cvc: u16) -> Pay {
    Pay::Card { number: "4".into(), cvc, pair: Pair::default(), checked: false }
}

#[test]
fn an_enum_without_variants_is_tracked() {
    assert_ne!(fingerprint::<Option<Never>>(), fingerprint::<Option<Unit>>());
    assert!(diff(&None::<Never>, &None).is_empty());
}

#[test]
fn tuple_and_unit_structs_have_views() {
    let (mut pair, mut changes) = (Pair::default(), PairChanges::default());
    let mut view = Tracked::edit(&mut pair, &mut changes);
    *view.1 = 9;
    assert!(!view.0.set(0));
    assert!(view.2.assign("x"));
    assert_eq!(marked::<Pair>(&changes), ["2"]);
    assert_eq!(diff(&Pair::default(), &pair), ["2"]);

    let mut nothing = UnitChanges::default();
    let UnitEdit = Tracked::edit(&mut Unit, &mut nothing);
    nothing.visit(true, "", &mut |path| panic!("{path}"));
    let EmptyEdit {} = Tracked::edit(&mut Empty {}, &mut EmptyChanges::default());
    assert!(diff(&Empty {}, &Empty {}).is_empty());
}

#[test]
fn an_enum_in_a_view_is_read_set_and_edited_inside() {
    let (mut pay, mut changes) = (card(1), PayChanges::default());
    {
        let mut view = Tracked::edit(&mut pay, &mut changes);
        assert!(matches!(*view, Pay::Card { .. }));
        assert!(!view.set(card(1)) && !view.is_dirty());
        if let PayEdit::Card { mut cvc, mut pair, checked, .. } = view.variant() {
            cvc.set(2);
            pair.2.push('x');
            *checked = true;
        }
    }
    assert_eq!(marked::<Pay>(&changes), ["cvc", "pair.2"]);
    assert_eq!(diff(&card(1), &pay), ["cvc", "pair.2"]);
    {
        let mut view = Tracked::edit(&mut pay, &mut changes);
        assert!(view.set(Pay::Cash(1, 0)));
        if let PayEdit::Cash(mut cents, coins) = view.variant() {
            *cents += 1;
            *coins += 5;
        }
        assert_eq!(format!("{view:?}"), "EnumField { dirty: true, .. }");
    }
    assert_eq!(marked::<Pay>(&changes), [""]);
    assert_eq!(diff(&card(1), &pay), [""]);
    assert_eq!(diff(&Pay::Cash(1, 0), &pay), ["0"]);
    assert!(diff(&Pay::Cash(2, 0), &pay).is_empty()); // the coins are untracked
    assert!(is_inexact::<Pay>() && !is_inexact::<Pair>());
}

#[test]
fn an_enum_in_a_struct_has_its_path() {
    #[derive(Default, Serialize, Deserialize, Tracked)]
    struct Order {
        pay: Pay,
        level: Level,
    }
    let (mut order, mut changes) = (Order::default(), OrderChanges::default());
    order.pay = card(1);
    {
        let mut view = Tracked::edit(&mut order, &mut changes);
        assert!(view.level.set(Level::High) && !view.level.set(Level::High));
        match view.level.variant() {
            LevelEdit::Low => unreachable!(),
            LevelEdit::High => {}
        }
        if let PayEdit::Card { mut number, .. } = view.pay.variant() {
            number.push('2');
        }
    }
    assert_eq!(marked::<Order>(&changes), ["pay.number", "level"]);
    *Tracked::edit(&mut order, &mut changes).pay = Pay::Nothing;
    assert_eq!(marked::<Order>(&changes), ["pay", "level"]);
}

#[derive(Debug, Clone, Serialize, Deserialize, Tracked)]
struct Page<T, K = u8, const N: usize = 2>
where
    K: Ord + Clone,
    [u8; N]: Serialize + for<'a> Deserialize<'a>,
{
    rows: Vec<T>,
    first: Option<T>,
    by_key: BTreeMap<K, T>,
    #[serde(skip)]
    marker: PhantomData<fn() -> K>,
    raw: [u8; N],
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
struct Wrap<T: Default> {
    inner: T,
    #[serde(skip)]
    spare: T,
}

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Mark<T> {
    #[serde(skip)]
    of: PhantomData<T>,
}

#[derive(Serialize, Deserialize, Tracked)]
enum Either<L, R> {
    Left(L),
    Right { right: R },
}

#[derive(Serialize, Deserialize, Tracked)]
#[serde(bound(serialize = "I::Item: Serialize", deserialize = "I::Item: for<'a> Deserialize<'a>"))]
struct Projected<I: Iterator> {
    items: Vec<I::Item>,
}

#[test]
fn generic_types_have_generic_views() {
    let page = |n: u64| Page::<u64> {
        rows: vec![n],
        first: Some(n),
        by_key: BTreeMap::new(),
        marker: PhantomData,
        raw: [0; 2],
    };
    let (mut edited, mut changes) = (page(1), PageChanges::default());
    Tracked::edit(&mut edited, &mut changes).rows.push(2);
    assert_eq!(marked::<Page<u64>>(&changes), ["rows"]);
    assert_eq!(diff(&page(1), &page(2)), ["rows", "first"]);
    assert_ne!(fingerprint::<Page<u64>>(), fingerprint::<Page<u32>>());

    let (mut wrap, mut changes) = (Wrap::<Pair>::default(), WrapChanges::default());
    Tracked::edit(&mut wrap, &mut changes).inner.2.push('x');
    assert_eq!(marked::<Wrap<Pair>>(&changes), ["inner.2"]);
    assert!(diff(&Mark::<u8> { of: PhantomData }, &Mark { of: PhantomData }).is_empty());

    let mut either = Either::<Pair, u8>::Left(Pair::default());
    let mut changes = Default::default();
    let mut view = Tracked::edit(&mut either, &mut changes);
    if let EitherEdit::Left(mut pair) = view.variant() {
        pair.0.set(1);
    }
    assert_eq!(marked::<Either<Pair, u8>>(&changes), ["0.0"]);
    let right = Either::<Pair, u8>::Right { right: 1 };
    assert_eq!(diff(&right, &Either::Right { right: 2 }), ["right"]);

    type Bytes = std::vec::IntoIter<u8>;
    let of = |items| Projected::<Bytes> { items };
    assert_eq!(diff(&of(vec![1]), &of(vec![2])), ["items"]);
}

mod arguments {
    use super::*;

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Id<T>(pub(super) u64, #[serde(skip)] PhantomData<T>);

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct User {
        name: String,
    }

    pub(super) mod moved {
        use super::*;

        /// In another module, and with another field.
        #[derive(Serialize, Deserialize, Tracked)]
        pub(in super::super) struct User {
            pub(in super::super) id: Id<User>,
        }
    }

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Foreign<T>(#[memdict(opaque)] pub(super) T);
}

#[test]
fn an_argument_that_is_not_stored_is_in_the_fingerprint_by_its_name_alone() {
    use arguments::{Foreign, Id, User, moved};
    assert_ne!(fingerprint::<Id<Pair>>(), fingerprint::<Id<User>>());
    assert_ne!(fingerprint::<Id<Vec<User>>>(), fingerprint::<Id<User>>());
    assert_eq!(fingerprint::<Id<moved::User>>(), fingerprint::<Id<User>>());
    assert_ne!(fingerprint::<moved::User>(), fingerprint::<User>());
    assert_ne!(fingerprint::<Foreign<u8>>(), fingerprint::<Foreign<u16>>());
    // An argument that a field stores is in it by its shape, and not by its name as well.
    assert_eq!(fingerprint::<Tree<u8>>(), 467_430_488_569_169_487);
}

#[test]
fn generic_code_edits_generic_types() {
    fn first_path<T: Tracked + Debug + Default>() -> Vec<String> {
        let (mut value, mut changes) = (Wrap::<T>::default(), Default::default());
        Wrap::edit(&mut value, &mut changes);
        let mut paths = Vec::new();
        changes.visit(true, "", &mut |path| paths.push(path));
        paths
    }
    assert_eq!(first_path::<u8>(), ["inner"]);
    assert_eq!(first_path::<Pair>(), ["inner.0", "inner.2"]);
}

#[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
struct Node {
    value: u32,
    kids: Vec<Self>,
    next: Option<Box<Node>>,
}

#[derive(Debug, Clone, Serialize, Deserialize, Tracked)]
enum Expr {
    Number(f64),
    Neg(Box<Expr>),
    Sum(Vec<Expr>),
    Named { body: Box<Self>, name: String },
}

#[derive(Debug, Clone, Serialize, Deserialize, Tracked)]
struct Tree<T> {
    value: T,
    kids: Vec<Tree<T>>,
}

#[test]
fn recursive_types_are_tracked() {
    let leaf = |value| Node { value, ..Node::default() };
    let tree = |value| Node { value: 0, kids: vec![leaf(value)], next: Some(Box::new(leaf(1))) };
    assert_eq!(diff(&tree(1), &tree(2)), ["kids"]);
    let prints = [
        fingerprint::<Node>(),
        fingerprint::<Expr>(),
        fingerprint::<Tree<u8>>(),
        fingerprint::<Tree<Node>>(),
    ];
    for (i, print) in prints.iter().enumerate() {
        assert!(!prints[..i].contains(print));
    }
    let sum = |of| Expr::Sum(vec![Expr::Neg(Box::new(Expr::Number(of)))]);
    assert!(diff(&sum(f64::NAN), &sum(f64::NAN)).is_empty());
    assert_eq!(diff(&sum(1.0), &sum(2.0)), ["0"]);
    let named = |name: &str| Expr::Named { body: Box::new(sum(1.0)), name: name.into() };
    assert_eq!(diff(&named("a"), &named("b")), ["name"]);
    let grown = Tree { value: 1, kids: vec![Tree { value: 2, kids: Vec::new() }] };
    assert_eq!(diff(&grown, &Tree { value: 1, kids: Vec::new() }), ["kids"]);
}

macro_rules! record {
    ($name:ident { $($field:ident: $type:ty),* }) => {
        #[derive(Default, Serialize, Deserialize, Tracked)]
        struct $name { $($field: $type),* }
    };
}
record!(Made { of: Option<u8>, r#in: (Vec<String>, u8) });

#[test]
fn types_in_macros_and_in_functions_are_tracked() {
    let made = Made { r#in: (Vec::new(), 1), ..Made::default() };
    assert_eq!(diff(&Made::default(), &made), ["in"]);

    #[derive(Default, Serialize, Deserialize, Tracked)]
    struct Local<T> {
        r#struct: T,
    }
    let (mut local, mut changes) = (Local::<u8>::default(), LocalChanges::default());
    Tracked::edit(&mut local, &mut changes).r#struct.set(1);
    assert_eq!(marked::<Local<u8>>(&changes), ["struct"]);
}

#[test]
fn an_attribute_that_needs_names_is_found_at_any_depth() {
    #[derive(Serialize, Deserialize, Tracked)]
    struct Flat {
        #[serde(flatten)]
        extra: BTreeMap<String, String>,
    }
    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(tag = "kind")]
    enum Tagged {
        A,
        B { b: u8 },
    }
    #[derive(Serialize, Deserialize, Tracked)]
    enum Gap {
        A,
        #[serde(skip)]
        B,
        C,
    }
    #[derive(Serialize, Deserialize, Tracked)]
    enum Tail {
        A,
        #[serde(skip)]
        B,
    }
    #[derive(Serialize, Deserialize, Tracked)]
    struct Half {
        #[serde(default, skip_serializing)]
        a: u8,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        b: Option<u8>,
    }
    #[derive(Serialize, Deserialize, Tracked)]
    struct Outer {
        inner: Option<Flat>,
    }
    let flat = "`#[serde(flatten)]` on `Flat::extra` needs a codec that stores names";
    assert_eq!(const { Flat::NEEDS_NAMES }, Some(flat));
    assert_eq!(const { <Vec<Option<Flat>>>::NEEDS_NAMES }, Some(flat));
    assert_eq!(needs_names::<Outer>(), Some(flat));
    assert_eq!(Outer::NEEDS_NAMES, None);
    assert!(
        Tagged::NEEDS_NAMES.is_some_and(|what| what.starts_with("`#[serde(tag)]` on `Tagged`"))
    );
    assert!(Gap::NEEDS_NAMES.is_some_and(|what| what.starts_with("`#[serde(skip)]` on `Gap::B`")));
    assert_eq!(Tail::NEEDS_NAMES, None);
    assert!(matches!((Gap::B, Tail::B), (Gap::B, Tail::B)));
    assert!(Half::NEEDS_NAMES.is_some_and(|what| what.contains("(skip_serializing)")));
    assert_eq!(needs_names::<Node>(), None);
}
