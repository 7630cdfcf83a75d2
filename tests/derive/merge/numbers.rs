//! The rules `sum`, `max` and `min`.

use memdict::Tracked;
use serde::{Deserialize, Serialize};

use super::{conflict, merged};

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Counter {
    #[memdict(merge = sum)]
    count: u64,
    #[memdict(merge = sum)]
    balance: i64,
}

fn counter(count: u64, balance: i64) -> Counter {
    Counter { count, balance }
}

#[test]
fn sum_adds_what_both_sides_added() {
    let merged = merged(&counter(10, 0), &counter(11, 0), &counter(12, 0));
    assert_eq!(merged, Ok(counter(13, 0)));
}

#[test]
fn sum_keeps_two_additions_of_the_same_number() {
    assert_eq!(merged(&counter(4, 0), &counter(5, 0), &counter(5, 0)), Ok(counter(6, 0)));
}

#[test]
fn sum_subtracts_what_both_sides_subtracted() {
    let merged = |base, ours, theirs| merged(&base, &ours, &theirs);
    assert_eq!(merged(counter(10, 1), counter(7, -1), counter(6, 3)), Ok(counter(3, 1)));
    assert_eq!(merged(counter(10, 0), counter(12, 0), counter(3, 0)), Ok(counter(5, 0)));
}

#[test]
fn a_sum_that_overflows_is_a_conflict() {
    let why = "changed on both sides, and the sum overflows";
    let full = merged(&counter(0, 0), &counter(u64::MAX, 0), &counter(1, 0));
    assert_eq!(full, conflict("count", why));
    let below = merged(&counter(3, 0), &counter(1, 0), &counter(0, 0));
    assert_eq!(below, conflict("count", why));
    let below = merged(&counter(0, i64::MIN + 1), &counter(0, i64::MIN), &counter(0, i64::MIN));
    assert_eq!(below, conflict("balance", why));
}

/// For each integer type: the sum is exact if it fits the type, however far apart the sides are,
/// and a conflict otherwise.
macro_rules! edges {
    ($($name:ident $integer:ident;)*) => {$(
        mod $name {
            use super::*;

            #[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, Tracked)]
            #[memdict(merge)]
            struct Sum(#[memdict(merge = sum)] $integer);

            const MIN: $integer = $integer::MIN;
            const MAX: $integer = $integer::MAX;

            fn sum(base: $integer, ours: $integer, theirs: $integer) -> Option<$integer> {
                let of = |ours, theirs| merged(&Sum(base), &Sum(ours), &Sum(theirs));
                let sum = of(ours, theirs);
                assert_eq!(sum, of(theirs, ours));
                let why = "changed on both sides, and the sum overflows";
                assert!(sum.is_ok() || sum == conflict("0", why));
                sum.ok().map(|sum| sum.0)
            }

            #[test]
            fn the_sum_is_exact_up_to_the_edges() {
                assert_eq!(sum(MAX - 3, MAX - 2, MAX - 1), Some(MAX));
                assert_eq!(sum(MAX - 2, MAX - 1, MAX), None);
                assert_eq!(sum(MAX - 2, MAX, MAX), None);
                assert_eq!(sum(MIN + 3, MIN + 2, MIN + 1), Some(MIN));
                assert_eq!(sum(MIN + 2, MIN + 1, MIN), None);
                assert_eq!(sum(MIN + 2, MIN, MIN), None);
                // An intermediate result does not fit, but the sum does.
                assert_eq!(sum(MAX, MAX - 1, MIN), None);
                assert_eq!(sum(MAX - 1, MAX, MIN), Some(MIN + 1));
                assert_eq!(sum(MIN + 1, MIN, MAX), Some(MAX - 1));
                assert_eq!(sum(MIN, MAX, MIN + 1), None);
                assert_eq!(sum(MAX, MIN, MIN), None);
            }
        }
    )*};
}

edges! {
    of_u8 u8;
    of_u16 u16;
    of_u32 u32;
    of_u64 u64;
    of_u128 u128;
    of_usize usize;
    of_i8 i8;
    of_i16 i16;
    of_i32 i32;
    of_i64 i64;
    of_i128 i128;
    of_isize isize;
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Reading {
    #[memdict(merge = max)]
    highest: f64,
    #[memdict(merge = min)]
    lowest: f64,
    #[memdict(merge = max)]
    last: (u32, String),
}

fn reading(highest: f64, lowest: f64, last: u32) -> Reading {
    Reading { highest, lowest, last: (last, String::new()) }
}

#[test]
fn max_keeps_the_greater_and_min_the_lesser() {
    let (base, one, other) = (reading(5., 5., 5), reading(7., 1., 9), reading(9., 3., 7));
    let both = reading(9., 1., 9);
    assert_eq!(merged(&base, &one, &other), Ok(both.clone()));
    assert_eq!(merged(&base, &other, &one), Ok(both));
}

/// `max` says what two changes mean together, and not what one means alone.
#[test]
fn max_and_min_are_asked_only_where_both_sides_changed() {
    let (base, lower) = (reading(5., 5., 5), reading(1., 9., 1));
    assert_eq!(merged(&base, &lower, &base), Ok(lower.clone()));
    assert_eq!(merged(&base, &base, &lower), Ok(lower));
    // The base does not count then.
    let both = merged(&base, &reading(2., 5., 5), &reading(3., 5., 5));
    assert_eq!(both, Ok(reading(3., 5., 5)));
}

#[test]
fn ours_is_kept_of_two_equal_values() {
    let (base, plus, minus) = (reading(5., 5., 5), reading(0., 0., 5), reading(-0., -0., 5));
    for (ours, theirs) in [(&plus, &minus), (&minus, &plus)] {
        let both = merged(&base, ours, theirs).unwrap();
        assert!(Reading::same(&both, ours), "{both:?}");
    }
}

#[test]
fn values_that_cannot_be_compared_are_a_conflict() {
    let (base, one, nan) = (reading(5., 5., 5), reading(7., 5., 5), reading(f64::NAN, 5., 5));
    let why = "changed on both sides to values that cannot be compared";
    assert_eq!(merged(&base, &one, &nan), conflict("highest", why));
    assert_eq!(merged(&base, &nan, &one), conflict("highest", why));
    assert_eq!(merged(&base, &one, &reading(5., f64::NAN, 5)).map(|it| it.highest), Ok(7.));
}
