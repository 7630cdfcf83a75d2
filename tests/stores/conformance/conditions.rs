//! Changes that depend on what is there.

use memdict::{Applied, Condition, Store, Token, What};
use memdict_tests::{Got, apply_one, load_one, store};

use Condition::{Absent, Always, Matches};

pub(super) fn absent_stores_where_nothing_is_and_leaves_what_is(s: &dyn Store) {
    assert!(matches!(apply_one(s, b"k", store(b"first"), Absent), Applied::Done(_)));
    assert_eq!(apply_one(s, b"k", store(b"second"), Absent), Applied::Exists);
    assert_eq!(load_one(s, b"k").value(), Some(&b"first"[..]));
}

pub(super) fn a_matching_token_replaces_and_an_outdated_one_differs(s: &dyn Store) {
    apply_one(s, b"k", store(b"1"), Always);
    let token = load_one(s, b"k").token();
    assert!(matches!(apply_one(s, b"k", store(b"2"), Matches(token)), Applied::Done(_)));
    assert_eq!(apply_one(s, b"k", store(b"3"), Matches(token)), Applied::Differs);
    assert_eq!(load_one(s, b"k").value(), Some(&b"2"[..]));
}

pub(super) fn storing_gives_the_token_that_a_load_gives_or_one_that_matches_nothing(s: &dyn Store) {
    let Applied::Done(stored) = apply_one(s, b"k", store(b"v"), Always) else {
        panic!("not stored")
    };
    if !s.caps().returns_tokens {
        assert_ne!(load_one(s, b"k").token(), stored);
        assert_eq!(apply_one(s, b"k", store(b"w"), Matches(stored)), Applied::Differs);
        assert_eq!(apply_one(s, b"k", What::Delete, Matches(stored)), Applied::Differs);
        assert_eq!(load_one(s, b"k").value(), Some(&b"v"[..]));
        return;
    }
    assert_eq!(load_one(s, b"k").token(), stored);
    let Applied::Done(again) = apply_one(s, b"k", store(b"w"), Matches(stored)) else {
        panic!("not stored")
    };
    assert_eq!(load_one(s, b"k").token(), again);
}

pub(super) fn a_token_on_nothing_is_gone(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let token = load_one(s, b"k").token();
    apply_one(s, b"k", What::Delete, Always);
    assert_eq!(apply_one(s, b"k", store(b"w"), Matches(token)), Applied::Gone);
    assert_eq!(load_one(s, b"k"), Got::Miss);
}

pub(super) fn deleting_obeys_tokens(s: &dyn Store) {
    apply_one(s, b"k", store(b"1"), Always);
    let old = load_one(s, b"k").token();
    apply_one(s, b"k", store(b"2"), Always);
    let new = load_one(s, b"k").token();
    assert_eq!(apply_one(s, b"k", What::Delete, Matches(old)), Applied::Differs);
    assert_eq!(load_one(s, b"k").value(), Some(&b"2"[..]));
    assert!(matches!(apply_one(s, b"k", What::Delete, Matches(new)), Applied::Done(_)));
    assert_eq!(apply_one(s, b"k", What::Delete, Matches(new)), Applied::Gone);
}

pub(super) fn deleting_on_absent_says_what_is_there_and_does_nothing(s: &dyn Store) {
    assert_eq!(apply_one(s, b"k", What::Delete, Absent), Applied::Gone);
    apply_one(s, b"k", store(b"v"), Always);
    assert_eq!(apply_one(s, b"k", What::Delete, Absent), Applied::Exists);
    assert_eq!(load_one(s, b"k").value(), Some(&b"v"[..]));
}

pub(super) fn a_token_of_another_server_or_life_matches_nothing(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let token = load_one(s, b"k").token();
    let (server, life, cas) = (token.server(), token.life(), token.cas());
    for other in [
        Token::new(server + 1, life, cas),
        Token::new(server, life.wrapping_add(1), cas),
        Token::new(server, life, cas.wrapping_add(1)),
    ] {
        assert_eq!(apply_one(s, b"k", store(b"w"), Matches(other)), Applied::Differs);
        assert_eq!(apply_one(s, b"k", What::Delete, Matches(other)), Applied::Differs);
        assert_eq!(apply_one(s, b"none", store(b"w"), Matches(other)), Applied::Gone);
        assert_eq!(apply_one(s, b"none", What::Delete, Matches(other)), Applied::Gone);
    }
    assert_eq!(load_one(s, b"k").value(), Some(&b"v"[..]));
}

pub(super) fn the_token_of_a_delete_matches_nothing(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let Applied::Done(token) = apply_one(s, b"k", What::Delete, Always) else {
        panic!("not deleted")
    };
    assert_eq!(token.cas(), 0);
    apply_one(s, b"k", store(b"v"), Always);
    assert_eq!(apply_one(s, b"k", store(b"w"), Matches(token)), Applied::Differs);
}

pub(super) fn a_value_stored_anew_has_another_version(s: &dyn Store) {
    apply_one(s, b"k", store(b"v"), Always);
    let before = load_one(s, b"k").token();
    apply_one(s, b"k", What::Delete, Always);
    apply_one(s, b"k", store(b"v"), Always);
    assert_ne!(load_one(s, b"k").token(), before);
}
