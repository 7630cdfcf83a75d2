//! Standard collections: each is one part, and is compared element by element.
//!
//! The unordered ones are *inexact*: a `HashMap` that is decoded and encoded again nearly always
//! has other bytes, so a comparison of bytes alone would write it each time.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque},
    hash::{BuildHasher, Hash},
};

use super::{
    leaf::leaves,
    tracked::{Stored, Tracked},
};

/// A key of a hash map or a hash set: both traits as one bound, so that a type that has neither is
/// one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a key of a hash map or a hash set",
    label = "missing `Eq` or `Hash`",
    note = "derive `PartialEq`, `Eq` and `Hash` for it, or use a type that has them"
)]
pub trait HashKey: Eq + Hash {}

#[diagnostic::do_not_recommend]
impl<K: Eq + Hash> HashKey for K {}

fn same_pair<A: Tracked, B: Tracked>(a: (&A, &B), b: (&A, &B)) -> bool {
    A::same(a.0, b.0) && B::same(a.1, b.1)
}

leaves! {
    "seq" [T: Tracked] Vec<T>, [] (T),
        |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| T::same(a, b));
    "seq" [T: Tracked] Box<[T]>, [] (T),
        |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| T::same(a, b));
    "seq" [T: Tracked] VecDeque<T>, [] (T),
        |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| T::same(a, b));
    "seq" [T: Tracked + Clone] Cow<'static, [T]>, [] (T),
        |a, b| a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| T::same(a, b));
    "seq" [T: Tracked] LinkedList<T>, [] (T),
        |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| T::same(a, b));
    // The elements of a heap that was decoded may lie in another order. Elements that are equal
    // without being the same may seem to have changed places: that write is not needed, and no
    // change is lost.
    "heap" [T: Tracked + Ord] BinaryHeap<T>, [] (T) inexact, |a, b| {
        let (mut a, mut b) = (Vec::from_iter(a), Vec::from_iter(b));
        a.sort();
        b.sort();
        a.len() == b.len() && a.into_iter().zip(b).all(|(a, b)| T::same(a, b))
    };
    "array" [T: Tracked, const N: usize] [T; N], [where [T; N]: Stored] (T)
        length(N),
        |a, b| a.iter().zip(b).all(|(a, b)| T::same(a, b));
    "map" [K: Tracked + Ord, V: Tracked] BTreeMap<K, V>, [] (K, V),
        |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_pair(a, b));
    "set" [K: Tracked + Ord] BTreeSet<K>, [] (K),
        |a, b| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| K::same(a, b));
    // The key that is found is compared as well: its own equality may compare only an id.
    "map" [K: Tracked + HashKey, V: Tracked, S: BuildHasher + Default + Send + Sync + 'static]
        HashMap<K, V, S>, [] (K, V) inexact,
        |a, b| a.len() == b.len()
            && a.iter().all(|a| b.get_key_value(a.0).is_some_and(|b| same_pair(a, b)));
    "set" [K: Tracked + HashKey, S: BuildHasher + Default + Send + Sync + 'static]
        HashSet<K, S>, [] (K) inexact,
        |a, b| a.len() == b.len() && a.iter().all(|a| b.get(a).is_some_and(|b| K::same(a, b)));
}

macro_rules! tuples {
    ($(($($part:ident $index:tt)+);)*) => { leaves! {$(
        "tuple" [$($part: Tracked),+] ($($part,)+), [] ($($part),+),
            |a, b| $($part::same(&a.$index, &b.$index))&&+;
    )*} };
}

tuples! {
    (A 0);
    (A 0 B 1);
    (A 0 B 1 C 2);
    (A 0 B 1 C 2 D 3);
    (A 0 B 1 C 2 D 3 E 4);
    (A 0 B 1 C 2 D 3 E 4 F 5);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14);
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);
}
