//! A table of every state and every call.

use std::collections::HashSet;

use super::*;
use crate::{
    codec::Codec,
    session::entry::seen::{Base, Version},
    store::operation::{Condition, Token},
    unusable::Unusable,
};

/// `state | call | state after | answer`. A guard for reading lives in `Clean*`, `Dirty*` and
/// `New*`; `Out:X` is an entry that is checked out and was `X`.
const TABLE: &str = "
    Absent(Unread)      | load value       | Clean                   | done
    Absent(Unread)      | load nothing     | Absent(Nothing)         | done
    Absent(Unread)      | load unusable    | Absent(Unusable)        | done
    Absent(Unread)      | load failed      | Absent(Unreachable)     | done
    Absent(Unread)      | read             | Absent(Unread)          | unread
    Absent(Unread)      | check out        | Absent(Unread)          | unread
    Absent(Unread)      | insert           | New(Unread)             | done
    Absent(Unread)      | remove           | Removed(Unread)         | done
    Absent(Nothing)     | load value       | Absent(Nothing)         | done
    Absent(Nothing)     | read             | Absent(Nothing)         | none
    Absent(Nothing)     | check out        | Out:Absent(Nothing)     | vacant
    Absent(Nothing)     | insert           | New(Nothing)            | done
    Absent(Nothing)     | remove           | Removed(Nothing)        | done
    Removed(Nothing)    | read             | Removed(Nothing)        | none
    Removed(Nothing)    | insert           | New(Nothing)            | done
    Absent(Unread)      | load tombstone   | Absent(Tombstone)       | done
    Absent(Tombstone)   | load value       | Absent(Tombstone)       | done
    Absent(Tombstone)   | read             | Absent(Tombstone)       | none
    Absent(Tombstone)   | check out        | Out:Absent(Tombstone)   | vacant
    Absent(Tombstone)   | insert           | New(Tombstone)          | done
    Absent(Tombstone)   | remove           | Removed(Tombstone)      | done
    Absent(Unreachable) | load value       | Absent(Unreachable)     | done
    Absent(Unreachable) | read             | Absent(Unreachable)     | none
    Absent(Unreachable) | check out        | Out:Absent(Unreachable) | vacant
    Absent(Unreachable) | insert           | New(Unreachable)        | done
    Absent(Unreachable) | remove           | Removed(Unreachable)    | done
    Absent(Unusable)    | load value       | Absent(Unusable)        | done
    Absent(Unusable)    | read             | Absent(Unusable)        | none
    Absent(Unusable)    | check out        | Out:Absent(Unusable)    | vacant
    Absent(Unusable)    | insert           | New(Unusable)           | done
    Absent(Unusable)    | remove           | Removed(Unusable)       | done
    Absent(Unread)      | load absence     | Absent(Absence)         | done
    Absent(Absence)     | load value       | Absent(Absence)         | done
    Absent(Absence)     | read             | Absent(Absence)         | none
    Absent(Absence)     | check out        | Out:Absent(Absence)     | vacant
    Absent(Absence)     | insert           | New(Absence)            | done
    Absent(Absence)     | remove           | Removed(Absence)        | done
    Absent(Unread)      | fetch value      | Clean                   | done
    Absent(Nothing)     | fetch value      | Clean                   | done
    Absent(Unusable)    | fetch value      | Clean                   | done
    Absent(Nothing)     | fetch absence    | Absent(Absence)         | done
    Clean               | fetch absence    | Clean                   | done
    Dirty               | fetch value      | Dirty                   | done
    New(Nothing)        | fetch value      | New(Nothing)            | done
    Removed(Nothing)    | fetch value      | Removed(Nothing)        | done
    Out:Absent(Nothing) | fetch value      | Out:Absent(Nothing)     | done
    Poisoned            | fetch value      | Poisoned                | done
    Clean               | load value       | Clean                   | done
    Clean               | read             | Clean*                  | value
    Clean               | check out        | Out:Clean               | value unmarked
    Clean               | insert           | New(Value)              | done
    Clean               | remove           | Removed(Value)          | done
    Clean*              | read             | Clean*                  | value
    Clean*              | check out        | Clean*                  | AlreadyBorrowed
    Clean*              | insert           | Clean*                  | AlreadyBorrowed
    Clean*              | remove           | Clean*                  | AlreadyBorrowed
    Dirty               | load value       | Dirty                   | done
    Dirty               | read             | Dirty*                  | value
    Dirty               | check out        | Out:Dirty               | value marked
    Dirty               | insert           | New(Value)              | done
    Dirty               | remove           | Removed(Value)          | done
    Dirty*              | read             | Dirty*                  | value
    Dirty*              | check out        | Dirty*                  | AlreadyBorrowed
    Dirty*              | insert           | Dirty*                  | AlreadyBorrowed
    Dirty*              | remove           | Dirty*                  | AlreadyBorrowed
    New(Unread)         | load value       | New(Unread)             | done
    New(Unread)         | read             | New(Unread)*            | value
    New(Unread)         | check out        | Out:New(Unread)         | value marked
    New(Unread)         | insert           | New(Unread)             | done
    New(Unread)         | remove           | Removed(Unread)         | done
    New(Nothing)        | read             | New(Nothing)*           | value
    New(Nothing)        | check out        | Out:New(Nothing)        | value marked
    New(Nothing)        | insert           | New(Nothing)            | done
    New(Nothing)        | remove           | Removed(Nothing)        | done
    New(Nothing)*       | check out        | New(Nothing)*           | AlreadyBorrowed
    New(Nothing)*       | insert           | New(Nothing)*           | AlreadyBorrowed
    New(Nothing)*       | remove           | New(Nothing)*           | AlreadyBorrowed
    New(Unreachable)    | remove           | Removed(Unreachable)    | done
    New(Unusable)       | check out        | Out:New(Unusable)       | value marked
    New(Unusable)       | remove           | Removed(Unusable)       | done
    New(Value)          | insert           | New(Value)              | done
    New(Value)          | check out        | Out:New(Value)          | value marked
    New(Value)          | remove           | Removed(Value)          | done
    Removed(Unread)     | load value       | Removed(Unread)         | done
    Removed(Unread)     | read             | Removed(Unread)         | none
    Removed(Unread)     | check out        | Out:Removed(Unread)     | vacant
    Removed(Unread)     | insert           | New(Unread)             | done
    Removed(Unread)     | remove           | Removed(Unread)         | done
    Removed(Value)      | read             | Removed(Value)          | none
    Removed(Value)      | check out        | Out:Removed(Value)      | vacant
    Removed(Value)      | insert           | New(Value)              | done
    Removed(Value)      | remove           | Removed(Value)          | done
    Removed(Unusable)   | insert           | New(Unusable)           | done
    Removed(Unreachable) | insert           | New(Unreachable)        | done
    Out:Clean           | load value       | Out:Clean               | done
    Out:Clean           | read             | Out:Clean               | AlreadyBorrowed
    Out:Clean           | check out        | Out:Clean               | AlreadyBorrowed
    Out:Clean           | insert           | Out:Clean               | AlreadyBorrowed
    Out:Clean           | remove           | Out:Clean               | AlreadyBorrowed
    Out:Clean           | back             | Clean                   | done
    Out:Clean           | back marked      | Dirty                   | done
    Out:Clean           | back removed     | Removed(Value)          | done
    Out:Clean           | back reverted    | Clean                   | done
    Out:Clean           | back torn        | Poisoned                | done
    Out:Clean           | back empty       | Poisoned                | done
    Out:Dirty           | back             | Dirty                   | done
    Out:Dirty           | back marked      | Dirty                   | done
    Out:Dirty           | back removed     | Removed(Value)          | done
    Out:Dirty           | back reverted    | Clean                   | done
    Out:Dirty           | back torn        | Poisoned                | done
    Out:New(Nothing)    | back             | New(Nothing)            | done
    Out:New(Nothing)    | back marked      | New(Nothing)            | done
    Out:New(Nothing)    | back removed     | Removed(Nothing)        | done
    Out:New(Nothing)    | back reverted    | Absent(Nothing)         | done
    Out:New(Nothing)    | back torn        | Poisoned                | done
    Out:New(Unread)     | back reverted    | Absent(Unread)          | done
    Out:New(Unusable)   | back removed     | Removed(Unusable)       | done
    Out:New(Unusable)   | back reverted    | Absent(Unusable)        | done
    Out:New(Value)      | back             | New(Value)              | done
    Out:New(Value)      | back removed     | Removed(Value)          | done
    Out:New(Value)      | back reverted    | Clean                   | done
    Out:Absent(Nothing) | back empty       | Absent(Nothing)         | done
    Out:Absent(Nothing) | back marked      | New(Nothing)            | done
    Out:Absent(Nothing) | back torn        | Poisoned                | done
    Out:Absent(Unusable) | back marked      | New(Unusable)           | done
    Out:Removed(Value)  | back empty       | Removed(Value)          | done
    Out:Removed(Value)  | back marked      | New(Value)              | done
    Out:Removed(Unread) | back empty       | Removed(Unread)         | done
    Poisoned            | load value       | Poisoned                | done
    Poisoned            | read             | Poisoned                | Poisoned
    Poisoned            | check out        | Poisoned                | Poisoned
    Poisoned            | insert           | Poisoned                | Poisoned
    Poisoned            | remove           | Poisoned                | Poisoned
    Clean               | back             | Clean                   | done
    Absent(Nothing)     | restore removed  | Removed(Nothing)        | done
    Absent(Unread)      | restore removed  | Removed(Unread)         | done
    Clean               | restore dirty    | Dirty                   | done
    Clean*              | restore clean    | Clean                   | done
    Dirty               | restore clean    | Clean                   | done
    New(Nothing)        | restore absent   | Absent(Nothing)         | done
    New(Nothing)        | restore removed  | Removed(Nothing)        | done
    New(Value)          | restore removed  | Removed(Value)          | done
    Removed(Unread)     | restore new      | New(Unread)             | done
    Out:Clean           | restore clean    | Clean                   | done
    Out:Absent(Nothing) | restore absent   | Absent(Nothing)         | done
    Out:New(Unread)     | restore poisoned | Poisoned                | done
    Poisoned            | restore absent   | Absent(Unread)          | done
    Poisoned            | restore new      | New(Unread)             | done
";

const VERSION: Version = Version { token: Token::new(1, 2, 3), nonce: Some(9) };

fn base() -> Base {
    let payload = [1_u8].into();
    let codec = Codec::Bincode;
    Base { version: VERSION, codec, fingerprint: 0, generation: 0, payload, life: None }
}

fn seen(name: &str) -> Seen {
    match name {
        "Unread" => Seen::Unread,
        "Nothing" => Seen::Nothing,
        "Tombstone" => Seen::Tombstone(VERSION),
        "Absence" => Seen::Absence(VERSION),
        "Unreachable" => Seen::Unreachable("down".into()),
        "Unusable" => Seen::Unusable(VERSION, Unusable::Foreign),
        "Value" => Seen::Value(base()),
        _ => panic!("no {name}"),
    }
}

fn seen_name(seen: &Seen) -> &'static str {
    match seen {
        Seen::Unread => "Unread",
        Seen::Nothing => "Nothing",
        Seen::Tombstone(_) => "Tombstone",
        Seen::Absence(_) => "Absence",
        Seen::Unreachable(_) => "Unreachable",
        Seen::Unusable(..) => "Unusable",
        Seen::Value(_) => "Value",
    }
}

/// `Kind(Argument)`.
fn split(name: &str) -> (&str, &str) {
    let name = name.trim_end_matches('*');
    name.trim_end_matches(')').split_once('(').unwrap_or((name, ""))
}

/// Returns an entry of this name, and its guard for reading if it has one.
fn entry(name: &str) -> (State<u64>, Seen, Option<Arc<u64>>) {
    let (out, name) = match name.strip_prefix("Out:") {
        Some(was) => (true, was),
        None => (false, name),
    };
    let (kind, of) = split(name);
    let seen = match kind {
        "Clean" | "Dirty" => seen("Value"),
        "Poisoned" => Seen::Unread,
        _ => seen(of),
    };
    let reader = name.ends_with('*').then(|| Arc::new(1));
    let value = match &reader {
        Some(reader) => Value::Shared(Arc::clone(reader)),
        None => Value::Owned(Box::new(1)),
    };
    let (before, state) = match kind {
        "Absent" => (Before::Absent, State::Absent),
        "Clean" => (Before::Clean, State::Clean { value }),
        "Dirty" => (Before::Dirty, State::Dirty { value, marks: Marks::created() }),
        "New" => (Before::New, State::New { value }),
        "Removed" => (Before::Removed, State::Removed),
        "Poisoned" if !out => return (State::Poisoned, seen, None),
        _ => panic!("no {name}"),
    };
    let state = if out { State::CheckedOut { before } } else { state };
    (state, seen, reader)
}

fn entry_name(state: &State<u64>, seen: &Seen) -> String {
    let star = if state.is_read() { "*" } else { "" };
    let of = seen_name(seen);
    let loaded = |name: &str| {
        assert!(seen.base().is_some(), "{name} was seen as a value");
        format!("{name}{star}")
    };
    match state {
        State::Absent => format!("Absent({of})"),
        State::Clean { .. } => loaded("Clean"),
        State::Dirty { .. } => loaded("Dirty"),
        State::New { .. } => format!("New({of}){star}"),
        State::Removed => format!("Removed({of})"),
        State::Poisoned => "Poisoned".to_owned(),
        State::CheckedOut { before } => match before {
            Before::Absent => format!("Out:Absent({of})"),
            Before::Clean => loaded("Out:Clean"),
            Before::Dirty => loaded("Out:Dirty"),
            Before::New => format!("Out:New({of})"),
            Before::Removed => format!("Out:Removed({of})"),
        },
    }
}

fn call(name: &str) -> Call<u64> {
    let back = |value: Option<u64>, whole, back| Call::CheckIn {
        value: value.map(Box::new),
        marks: Marks { whole, parts: false },
        back,
    };
    match name {
        "load value" => {
            Call::Loaded { value: Some(Value::new(1, For::Writing)), seen: seen("Value") }
        }
        "load nothing" => Call::Loaded { value: None, seen: Seen::Nothing },
        "load tombstone" => Call::Loaded { value: None, seen: seen("Tombstone") },
        "load absence" => Call::Loaded { value: None, seen: seen("Absence") },
        "fetch value" => {
            Call::LoadedAnew { value: Some(Value::new(1, For::Writing)), seen: seen("Value") }
        }
        "fetch absence" => Call::LoadedAnew { value: None, seen: seen("Absence") },
        "load unusable" => Call::Loaded { value: None, seen: seen("Unusable") },
        "load failed" => Call::Loaded { value: None, seen: seen("Unreachable") },
        "read" => Call::Read,
        "check out" => Call::CheckOut,
        "insert" => Call::Insert(Box::new(2)),
        "remove" => Call::Remove,
        "restore absent" => Call::Restore(State::Absent),
        "restore clean" => Call::Restore(entry("Clean").0),
        "restore dirty" => Call::Restore(entry("Dirty").0),
        "restore new" => Call::Restore(entry("New(Unread)").0),
        "restore removed" => Call::Restore(State::Removed),
        "restore poisoned" => Call::Restore(State::Poisoned),
        "back" => back(Some(1), false, Back::Kept),
        "back marked" => back(Some(1), true, Back::Kept),
        "back empty" => back(None, false, Back::Kept),
        "back removed" => back(Some(1), true, Back::Removed),
        "back reverted" => back(Some(1), false, Back::Reverted),
        "back torn" => back(Some(1), true, Back::Torn),
        _ => panic!("no {name}"),
    }
}

fn answer_name(answer: &Result<Reply<u64>, Misuse>) -> String {
    match answer {
        Ok(Reply::Done) => "done".to_owned(),
        Ok(Reply::Unread) => "unread".to_owned(),
        Ok(Reply::Read(None)) => "none".to_owned(),
        Ok(Reply::Read(Some(_))) => "value".to_owned(),
        Ok(Reply::Lent { value: None, .. }) => "vacant".to_owned(),
        Ok(Reply::Lent { marks, .. }) if marks.any() => "value marked".to_owned(),
        Ok(Reply::Lent { .. }) => "value unmarked".to_owned(),
        Err(Misuse::AlreadyBorrowed(_)) => "AlreadyBorrowed".to_owned(),
        Err(Misuse::Poisoned) => "Poisoned".to_owned(),
    }
}

#[test]
fn every_transition_is_as_the_table_says() {
    let mut met = HashSet::new();
    for line in TABLE.trim().lines() {
        let [before, what, after, answer] = line
            .split('|')
            .map(str::trim)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap_or_else(|_| panic!("not four columns: {line}"));
        assert!(met.insert((before, what)), "twice: {line}");
        let (state, mut seen, reader) = entry(before);
        let (state, got, _) = state.next(&mut seen, call(what));
        if let Err(Misuse::AlreadyBorrowed(what_for)) = got {
            let writing = before.starts_with("Out:");
            assert_eq!(what_for == BorrowKind::Writing, writing, "{line}");
        }
        let got = (entry_name(&state, &seen), answer_name(&got), got);
        assert_eq!((got.0.as_str(), got.1.as_str()), (after, answer), "{line}");
        drop(reader);
    }
    for state in [
        "Absent(Unread)",
        "Absent(Nothing)",
        "Absent(Tombstone)",
        "Absent(Absence)",
        "Absent(Unreachable)",
        "Absent(Unusable)",
        "Clean",
        "Dirty",
        "New(Unread)",
        "Removed(Unread)",
        "Out:Clean",
        "Poisoned",
    ] {
        for what in ["load value", "read", "check out", "insert", "remove"] {
            assert!(met.contains(&(state, what)), "no line for {state} | {what}");
        }
    }
}

#[test]
fn the_condition_of_a_change_follows_from_what_was_seen() {
    let there = Condition::Matches(VERSION.token);
    for (name, store, delete) in [
        ("Unread", Condition::Always, Condition::Always),
        ("Nothing", Condition::Absent, Condition::Always),
        ("Tombstone", there, Condition::Always),
        // A record that there is none must not outlive the removal.
        ("Absence", there, there),
        ("Unreachable", Condition::Absent, Condition::Always),
        ("Unusable", there, there),
        ("Value", there, there),
    ] {
        assert_eq!(seen(name).expected().condition(), store, "{name}");
        assert_eq!(seen(name).expected_for_deletion().condition(), delete, "{name}");
    }
}

#[test]
fn a_value_is_moved_not_copied_until_it_is_read() {
    let value = Box::new(1_u64);
    let address = &raw const *value;
    let state = State::Clean { value: Value::Owned(value) };
    let (_, answer, _) = state.next(&mut seen("Value"), Call::CheckOut);
    let Ok(Reply::Lent { value: Some(value), .. }) = answer else { panic!("it is not borrowed") };
    assert_eq!(&raw const *value, address);
}
