//! The store with which the tests of sessions fail, tested against its own documentation.

use std::time::Duration;

use memdict::{
    Applied, Change, Condition, Count, Expiry, Load, MemoryStore, Op, Store, StoreError, Token,
};
use memdict_tests::{
    Fault, FaultyStore, Got, Lives, apply, apply_one, find, load, load_one, store,
};

use Condition::{Always, Matches};

#[test]
fn only_the_chosen_operation_fails() {
    let s = FaultyStore::new(MemoryStore::new());
    s.fail_in(1, Fault::Down);
    let changes = [b"a", b"b", b"c"].map(|key| Change::new(key, store(b"v"), Always));
    let outcomes = apply(&s, &changes);
    assert!(matches!(outcomes[..], [Ok(_), Err(StoreError::Down(_)), Ok(_)]), "{outcomes:?}");
    assert_eq!(load_one(s.inner(), b"b"), Got::Miss);
    assert_eq!((s.changes(), s.loads()), (3, 0));
}

#[test]
fn a_lost_acknowledgement_was_applied_and_a_lost_request_was_not() {
    let s = FaultyStore::new(MemoryStore::new());
    for (fault, applied) in [(Fault::AckLost, true), (Fault::SentAndLost, false)] {
        s.fail_in(0, fault);
        let outcomes = apply(&s, &[Change::new(b"k", store(b"v"), Always)]);
        assert!(matches!(outcomes[..], [Err(StoreError::Unknown(_))]), "{outcomes:?}");
        assert_eq!(load_one(s.inner(), b"k") != Got::Miss, applied);
        apply_one(s.inner(), b"k", Op::Delete, Always);
    }
}

#[test]
fn an_evicted_value_is_gone_before_the_operation() {
    let s = FaultyStore::new(MemoryStore::new());
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    s.fail_in(0, Fault::Evicted);
    let outcome = apply_one(&s, b"k", store(b"w"), Matches(token));
    assert_eq!(outcome, Applied::Gone);
}

#[test]
fn a_store_that_always_fails_recovers_when_told_to() {
    let s = FaultyStore::new(MemoryStore::new());
    s.fail_always(Some(Fault::Down));
    assert!(matches!(load(&s, &[b"k"])[..], [Err(StoreError::Down(_))]));
    s.fail_always(None);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
}

#[test]
fn one_value_or_all_stored_values_are_evicted_at_once() {
    let s = FaultyStore::new(MemoryStore::new());
    for key in [b"a", b"b", b"c"] {
        apply_one(&s, key, store(b"v"), Always);
    }
    s.evict(b"a");
    assert_eq!((load_one(&s, b"a"), s.inner().len()), (Got::Miss, 2));
    s.evict_all();
    assert!(s.inner().is_empty());
    assert_eq!(s.changes(), 3, "evictions are not counted");
}

/// The lost update that the lives in tokens prevent, shown without a server.
#[test]
fn a_restarted_store_is_empty_and_counts_from_1_again() {
    for lives in [Lives::Told, Lives::Untold, Lives::Alike] {
        let s = FaultyStore::with_lives(MemoryStore::new(), lives);
        let mut tokens = Vec::new();
        for life in 1..=3 {
            for (number, key) in [(1, b"a"), (2, b"b")] {
                apply_one(&s, key, store(b"v"), Always);
                let token = load_one(&s, key).token();
                let expected = match lives {
                    Lives::Told => Token::new(0, life, number),
                    Lives::Untold => Token::new(0, 0, number),
                    // Each life has a connection of its own.
                    Lives::Alike => Token::new(0, 1, number).over(life),
                };
                assert_eq!(token, expected);
                tokens.push(token);
            }
            s.restart();
            assert_eq!((load_one(&s, b"a"), load_one(&s, b"b")), (Got::Miss, Got::Miss));
        }
        apply_one(&s, b"a", store(b"theirs"), Always);
        let outcome = apply_one(&s, b"a", store(b"mine"), Matches(tokens[0]));
        match lives {
            Lives::Told => {
                assert_eq!(outcome, Applied::Restarted);
                assert_eq!(load_one(&s, b"a").value(), Some(&b"theirs"[..]));
            }
            Lives::Alike => {
                assert_eq!(outcome, Applied::Unproven);
                assert_eq!(load_one(&s, b"a").value(), Some(&b"theirs"[..]));
            }
            Lives::Untold => assert!(matches!(outcome, Applied::Stored), "theirs was lost"),
        }
    }
}

#[test]
fn a_store_restarts_before_a_chosen_operation() {
    let s = FaultyStore::with_lives(MemoryStore::new(), Lives::Told);
    apply_one(&s, b"k", store(b"v"), Always);
    let token = load_one(&s, b"k").token();
    s.fail_in(1, Fault::Restarted);
    let change = Change::new(b"k", store(b"w"), Matches(token));
    let again = Change::new(b"k", store(b"x"), Condition::Absent);
    let outcomes = apply(&s, &[change, change, again]);
    let expected = [Applied::Stored, Applied::Restarted, Applied::Stored];
    assert!(outcomes.iter().map(|outcome| outcome.as_ref().ok()).eq(expected.iter().map(Some)));
    assert_eq!(load_one(&s, b"k").token(), Token::new(0, 2, 1));
    s.fail_in(0, Fault::Restarted);
    assert_eq!(load_one(&s, b"k"), Got::Miss);
}

#[test]
fn placeholders_and_numbers_are_evicted_with_all_that_was_stored() {
    let s = FaultyStore::with_lives(MemoryStore::new(), Lives::Told);
    let lease = Load::new(b"k").lease(Duration::from_secs(60));
    let count = Op::Count(Count::add(1).or_start_at(7, Expiry::Never));
    for life in 1..=2 {
        let leased = find(&s, lease);
        assert_eq!((&*leased.words, leased.token()), ("leased won", Token::new(0, life, 1)));
        assert_eq!(apply_one(&s, b"n", count, Always), Applied::Counted(7));
        assert_eq!(s.inner().len(), 2);
        s.restart();
        assert!(s.inner().is_empty());
    }
    assert_eq!(find(&s, lease).words, "leased won");
    s.evict_all();
    assert!(s.inner().is_empty());
}

#[test]
fn what_a_load_takes_is_taken_although_its_answer_is_lost() {
    let s = FaultyStore::new(MemoryStore::new());
    let lease = Load::new(b"k").lease(Duration::from_secs(60));
    for (fault, taken) in
        [(Fault::Down, false), (Fault::SentAndLost, false), (Fault::AckLost, true)]
    {
        s.fail_in(0, fault);
        let mut down = false;
        s.load_many(&[lease], &mut |_, loaded| down = matches!(loaded, Err(StoreError::Down(_))));
        assert!(down);
        assert_eq!(s.inner().is_empty(), !taken, "{fault:?}");
    }
    assert_eq!(find(&s, lease).words, "leased", "nobody knows that he has the lease");
    s.evict_all();
    assert!(s.inner().is_empty());
}

#[test]
fn what_leaves_the_value_fails_as_other_changes_do() {
    let s = FaultyStore::new(MemoryStore::new());
    assert!(s.caps().touch() && s.caps().stale() && s.caps().counts() && s.caps().leases());
    let count = Op::Count(Count::add(1));
    let kinds =
        [(b"v", Op::Touch { expiry: Expiry::Never }), (b"v", Op::Invalidate { grace: None })];
    for (key, op) in kinds.into_iter().chain([(b"n", count)]) {
        let made = |s: &FaultyStore<MemoryStore>| {
            (
                find(s.inner(), Load::new(b"v")).words,
                load_one(s.inner(), b"n").value().map(<[u8]>::to_vec),
            )
        };
        apply_one(&s, b"v", store(b"v"), Always);
        apply_one(&s, b"n", store(b"1"), Always);
        let before = made(&s);
        for fault in [Fault::Down, Fault::Refused, Fault::SentAndLost] {
            s.fail_in(0, fault);
            assert!(apply(&s, &[Change::new(key, op, Always)])[0].is_err(), "{fault:?}");
            assert_eq!(made(&s), before, "{op:?} {fault:?}");
        }
        s.fail_in(0, Fault::AckLost);
        let outcome = apply(&s, &[Change::new(key, op, Always)]).remove(0);
        assert!(matches!(outcome, Err(StoreError::Unknown(_))), "{outcome:?}");
        assert_eq!(made(&s) == before, matches!(op, Op::Touch { .. }), "{op:?}");
        s.fail_in(0, Fault::Evicted);
        assert_eq!(apply_one(&s, key, op, Always), Applied::Gone, "{op:?}");
    }
}
