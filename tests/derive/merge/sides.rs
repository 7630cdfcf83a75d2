//! The rules `ours`, `theirs` and `with`, and fields without a rule.

use std::{fmt, num::ParseIntError};

use memdict::Tracked;
use serde::{Deserialize, Serialize};

use super::{BOTH, conflict, merged};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Page {
    title: String,
    views: u64,
    #[memdict(merge = ours)]
    seen_here: u32,
    #[memdict(merge = theirs)]
    seen_there: u32,
}

fn page(title: &str, views: u64, seen: u32) -> Page {
    Page { title: title.into(), views, seen_here: seen, seen_there: seen }
}

#[test]
fn changes_of_different_fields_both_stand() {
    let both = merged(&page("a", 1, 0), &page("b", 1, 0), &page("a", 2, 0));
    assert_eq!(both, Ok(page("b", 2, 0)));
}

#[test]
fn changes_of_one_field_are_a_conflict() {
    let both = merged(&page("a", 1, 0), &page("b", 1, 0), &page("c", 2, 0));
    assert_eq!(both, conflict("title", BOTH));
}

/// If both sides add 1 to 4, both store 5, and one addition would be lost.
#[test]
fn changes_of_one_field_to_the_same_value_are_a_conflict() {
    let both = merged(&page("a", 4, 0), &page("a", 5, 0), &page("a", 5, 0));
    assert_eq!(both, conflict("views", BOTH));
}

#[test]
fn ours_and_theirs_keep_that_side_where_both_changed() {
    let both = merged(&page("a", 1, 0), &page("a", 1, 1), &page("a", 1, 2)).unwrap();
    assert_eq!((both.seen_here, both.seen_there), (1, 2));
    // A change of one side stands.
    let both = merged(&page("a", 1, 0), &page("a", 1, 0), &page("a", 1, 2)).unwrap();
    assert_eq!((both.seen_here, both.seen_there), (2, 2));
    let both = merged(&page("a", 1, 0), &page("a", 1, 1), &page("a", 1, 0)).unwrap();
    assert_eq!((both.seen_here, both.seen_there), (1, 1));
}

/// An error that implements nothing but `Error`.
#[derive(Debug)]
struct TooLong(usize);

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} letters are too many", self.0)
    }
}

impl std::error::Error for TooLong {}

fn both_lines(base: &String, ours: &String, theirs: &String) -> Result<String, TooLong> {
    let text = format!("{base}<{ours}|{theirs}>");
    if text.len() > 12 { Err(TooLong(text.len())) } else { Ok(text) }
}

fn larger<T: Ord + Copy>(_: &T, ours: &T, theirs: &T) -> Result<T, &'static str> {
    if ours == theirs { Err("a draw") } else { Ok(*ours.max(theirs)) }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
struct Note {
    #[memdict(merge = with(both_lines))]
    text: String,
    #[memdict(merge = with(larger::<u8>))]
    rank: u8,
    #[memdict(merge = with(Self::as_numbers))]
    number: String,
}

impl Note {
    fn as_numbers(base: &String, ours: &String, theirs: &String) -> Result<String, ParseIntError> {
        let [base, ours, theirs] = [base, ours, theirs].map(|it| it.parse::<i64>());
        Ok((ours? + theirs? - base?).to_string())
    }
}

fn note(text: &str, rank: u8, number: &str) -> Note {
    Note { text: text.into(), rank, number: number.into() }
}

#[test]
fn with_asks_a_function_where_both_sides_changed() {
    let both = merged(&note("a", 1, "1"), &note("b", 3, "2"), &note("c", 2, "4"));
    assert_eq!(both, Ok(note("a<b|c>", 3, "5")));
    let one = merged(&note("a", 1, "1"), &note("b", 1, "x"), &note("a", 2, "1"));
    assert_eq!(one, Ok(note("b", 2, "x")));
}

#[test]
fn an_error_of_the_function_is_a_conflict_with_its_text() {
    let both = merged(&note("a", 1, ""), &note("bbbbbb", 1, ""), &note("cccccc", 1, ""));
    assert_eq!(both, conflict("text", "16 letters are too many"));
    let both = merged(&note("", 1, ""), &note("", 2, ""), &note("", 2, ""));
    assert_eq!(both, conflict("rank", "a draw"));
    let both = merged(&note("", 1, "1"), &note("", 1, "2"), &note("", 1, "x"));
    assert_eq!(both, conflict("number", "invalid digit found in string"));
}
