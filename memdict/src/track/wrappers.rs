//! Standard types around one or two values. Each is one part; two are the same if their values are.

use std::{
    cmp::Reverse,
    num::{Saturating, Wrapping},
    ops::{Bound, Range, RangeFrom, RangeTo},
};

use super::{
    leaf::leaves,
    tracked::{Stored, Tracked},
};

leaves! {
    "option" [T: Tracked] Option<T>, [] (T), |a, b| match (a, b) {
        (Some(a), Some(b)) => T::same(a, b),
        (None, None) => true,
        _ => false,
    };
    "result" [T: Tracked, E: Tracked] Result<T, E>, [] (T, E), |a, b| match (a, b) {
        (Ok(a), Ok(b)) => T::same(a, b),
        (Err(a), Err(b)) => E::same(a, b),
        _ => false,
    };
    "box" [T: Tracked] Box<T>, [] (T), |a, b| T::same(a, b);
    "range" [T: Tracked] Range<T>, [] (T),
        |a, b| T::same(&a.start, &b.start) && T::same(&a.end, &b.end);
    // There is no `RangeInclusive`: serde does not store whether it was iterated to its end, so a
    // worker that takes numbers from one would be given the last one again and again.
    "range from" [T: Tracked] RangeFrom<T>, [] (T), |a, b| T::same(&a.start, &b.start);
    "range to" [T: Tracked] RangeTo<T>, [] (T), |a, b| T::same(&a.end, &b.end);
    "bound" [T: Tracked] Bound<T>, [] (T), |a, b| match (a, b) {
        (Bound::Included(a), Bound::Included(b)) => T::same(a, b),
        (Bound::Excluded(a), Bound::Excluded(b)) => T::same(a, b),
        (Bound::Unbounded, Bound::Unbounded) => true,
        _ => false,
    };
    "wrapping" [T: Tracked] Wrapping<T>, [] (T), |a, b| T::same(&a.0, &b.0);
    "saturating" [T: Tracked] Saturating<T>,
        [where Saturating<T>: Stored] (T), |a, b| T::same(&a.0, &b.0);
    "reverse" [T: Tracked] Reverse<T>, [] (T), |a, b| T::same(&a.0, &b.0);
}
