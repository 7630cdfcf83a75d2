//! Changes that depend on the stored value.

use std::thread;

use memdict::{Applied, Change, Condition, Op, Store, Token};
use memdict_tests::{Got, apply, apply_one, load_one, store};

use Condition::{Absent, Always, Matches};

pub(super) fn storing_on_absent_keeps_a_value_that_exists(s: &dyn Store) {
    assert!(matches!(apply_one(s, b"k", store(b"first"), Absent), Applied::Stored));
    assert_eq!(apply_one(s, b"k", store(b"second"), Absent), Applied::Exists);
    assert_eq!(load_one(s, b"k").value(), Some(&b"first"[..]));
}

pub(super) fn a_matching_token_replaces_and_an_outdated_one_differs(s: &dyn Store) {
    apply_one(s, b"k", store(b"1"), Always);
    let token = load_one(s, b"k").token();
    assert!(matches!(apply_one(s, b"k", store(b"2"), Matches(token)), Applied::Stored));
    assert_eq!(apply_one(s, b"k", store(b"3"), Matches(token)), Applied::Differs);
    assert_eq!(load_one(s, b"k").value(), Some(&b"2"[..]));
}

pub(super) fn a_token_of_an_absent_value_is_gone(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let token = load_one(s, b"k").token();
    apply_one(s, b"k", Op::Delete, Always);
    assert_eq!(apply_one(s, b"k", store(b"w"), Matches(token)), Applied::Gone);
    assert_eq!(load_one(s, b"k"), Got::Miss);
}

pub(super) fn deleting_obeys_tokens(s: &dyn Store) {
    apply_one(s, b"k", store(b"1"), Always);
    let old = load_one(s, b"k").token();
    apply_one(s, b"k", store(b"2"), Always);
    let new = load_one(s, b"k").token();
    assert_eq!(apply_one(s, b"k", Op::Delete, Matches(old)), Applied::Differs);
    assert_eq!(load_one(s, b"k").value(), Some(&b"2"[..]));
    assert!(matches!(apply_one(s, b"k", Op::Delete, Matches(new)), Applied::Deleted));
    assert_eq!(apply_one(s, b"k", Op::Delete, Matches(new)), Applied::Gone);
}

pub(super) fn deleting_on_absent_says_whether_there_is_a_value_and_does_nothing(s: &dyn Store) {
    assert_eq!(apply_one(s, b"k", Op::Delete, Absent), Applied::Gone);
    apply_one(s, b"k", store(b"v"), Always);
    assert_eq!(apply_one(s, b"k", Op::Delete, Absent), Applied::Exists);
    assert_eq!(load_one(s, b"k").value(), Some(&b"v"[..]));
}

/// Tries all changes on `tokens`, which match nothing.
fn match_nothing(s: &dyn Store, tokens: &[Token], there: Applied, where_nothing_is: Applied) {
    for token in tokens {
        for what in [store(b"w"), Op::Delete] {
            assert_eq!(apply_one(s, b"k", what, Matches(*token)), there, "{token:?}");
            assert_eq!(apply_one(s, b"none", what, Matches(*token)), where_nothing_is, "{token:?}");
        }
    }
    assert_eq!(load_one(s, b"k").value(), Some(&b"v"[..]));
    assert_eq!(load_one(s, b"none"), Got::Miss);
}

/// Returns a known life that is not this one.
fn another(life: u64) -> u64 {
    if life == 1 { 2 } else { 1 }
}

fn token_of_v(s: &dyn Store) -> Token {
    apply_one(s, b"k", store(b"v"), Always);
    load_one(s, b"k").token()
}

pub(super) fn a_token_of_another_server_or_version_matches_nothing(s: &dyn Store) {
    let token = token_of_v(s);
    let (server, life, cas) = (token.server(), token.life(), token.cas());
    let others = [
        Token::new(server + 100, life, cas),
        Token::new(server + 100, life.wrapping_add(1), cas),
        Token::new(server, life, cas.wrapping_add(1)),
    ];
    match_nothing(s, &others, Applied::Differs, Applied::Gone);
}

pub(super) fn a_token_of_another_life_says_that_the_server_restarted_if_both_are_known(
    s: &dyn Store,
) {
    let token = token_of_v(s);
    let (server, life, cas) = (token.server(), token.life(), token.cas());
    let of_life = |life: u64| Token::new(server, life, cas);
    if life == 0 {
        let others = [of_life(1), of_life(u64::MAX)];
        return match_nothing(s, &others, Applied::Differs, Applied::Gone);
    }
    for other in [of_life(another(life)), Token::new(server, another(life), 0)] {
        for what in [store(b"w"), Op::Delete] {
            assert_eq!(apply_one(s, b"k", what, Matches(other)), Applied::Restarted, "{other:?}");
        }
    }
    match_nothing(s, &[of_life(0)], Applied::Differs, Applied::Gone);
}

pub(super) fn a_token_of_another_life_changes_nothing_even_within_a_batch(s: &dyn Store) {
    let token = token_of_v(s);
    if token.life() == 0 {
        return;
    }
    let other = Token::new(token.server(), another(token.life()), token.cas());
    let never = Change::new(b"k", store(b"never"), Matches(other));
    let one = |what, when| Change::new(b"k", what, when);
    // Enough changes that quiet ones are silent.
    for quiet in [false, true] {
        let changes = [
            never,
            one(store(b"1"), Always),
            never,
            one(store(b"x"), Absent),
            one(Op::Delete, Matches(other)),
            one(store(b"2"), Always),
            one(Op::Delete, Always),
            never,
            one(store(b"3"), Absent),
            never,
        ];
        let how = |change: Change<'static>| if quiet { change.quiet() } else { change };
        let outcomes = apply(s, &changes.map(how));
        let expected =
            "restarted done restarted exists restarted done done restarted done restarted";
        let word = |outcome: &Result<Applied, _>| match outcome {
            Ok(Applied::Stored | Applied::Deleted) => "done".to_owned(),
            other => format!("{other:?}").replace("Ok(", "").replace(')', "").to_lowercase(),
        };
        let words: Vec<_> = outcomes.iter().map(word).collect();
        assert_eq!(words.join(" "), expected);
        assert_eq!(load_one(s, b"k").value(), Some(&b"3"[..]));
    }
}

pub(super) fn a_value_stored_again_has_another_version(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let before = load_one(s, b"k").token();
    apply_one(s, b"k", Op::Delete, Always);
    apply_one(s, b"k", store(b"v"), Always);
    assert_ne!(load_one(s, b"k").token(), before);
}

pub(super) fn threads_lose_no_update_that_depends_on_a_version(s: &dyn Store) {
    count_in_threads(s, 100);
}

/// Increments a number in four threads, this many times in each.
pub(crate) fn count_in_threads(s: &dyn Store, times: u64) {
    apply_one(s, b"n", store(&0_u64.to_le_bytes()), Always);
    let add_one = || {
        let Got::Hit(bytes, token) = load_one(s, b"n") else { panic!("the counter is gone") };
        let n = u64::from_le_bytes(bytes.try_into().expect("8 bytes")) + 1;
        apply_one(s, b"n", store(&n.to_le_bytes()), Matches(token))
    };
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..times {
                    // Another thread may have taken the connection of the token.
                    while matches!(add_one(), Applied::Differs | Applied::Unproven) {}
                }
            });
        }
    });
    assert_eq!(load_one(s, b"n").value(), Some(&(4 * times).to_le_bytes()[..]));
}
