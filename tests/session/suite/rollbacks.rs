//! Random operations with savepoints and rollbacks, beside a plain map that is cloned. At each step
//! the values are those of the model, and the commit does what it would have done without the
//! operations that were rolled back.
//!
//! `MEMDICT_SEQUENCES` sets the number of sequences.

use std::collections::HashMap;

use memdict::{CommitReport, DictDef, Entry, Savepoint, Tracked};
use memdict_tests::{Bench, Session, number};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

static PAIRS: DictDef<Pair> = DictDef::new("pairs");

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
struct Pair {
    one: u8,
    many: Vec<u8>,
}

type Flags = (bool, Vec<String>);
type Key = u8;
type Model = HashMap<Key, Pair>;

const KEYS: std::ops::Range<Key> = 0..5;

#[derive(Debug, Clone)]
enum Op {
    Push(Key, u8),
    Edit(Key, u8),
    /// Borrows the value for writing, and does not change it.
    Touch(Key),
    Revert(Key),
    Insert(Key, u8),
    Remove(Key),
    Fill(Key, u8),
    TakeOut(Key),
    Read(Key),
    Savepoint,
    /// Rolls back to a valid savepoint: the index wraps.
    RollbackTo(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (KEYS, 0..4_u8).prop_map(|(key, n)| Op::Push(key, n)),
        (KEYS, 0..4_u8).prop_map(|(key, n)| Op::Edit(key, n)),
        KEYS.prop_map(Op::Touch),
        KEYS.prop_map(Op::Revert),
        (KEYS, 0..4_u8).prop_map(|(key, n)| Op::Insert(key, n)),
        KEYS.prop_map(Op::Remove),
        (KEYS, 0..4_u8).prop_map(|(key, n)| Op::Fill(key, n)),
        KEYS.prop_map(Op::TakeOut),
        KEYS.prop_map(Op::Read),
        Just(Op::Savepoint),
        (0..8_usize).prop_map(Op::RollbackTo),
    ]
}

fn with() -> impl Strategy<Value = With> {
    prop_oneof![Just(With::NoReads), Just(With::Reads), Just(With::Flags)]
}

/// Returns what the store holds when the session begins.
fn stored() -> Model {
    (0..3).map(|key| (key, Pair { one: key, many: vec![key; 2] })).collect()
}

fn change(session: &Session, op: &Op) -> memdict::Result<()> {
    let pairs = session.dict(&PAIRS);
    match *op {
        Op::Push(key, n) => {
            if let Some(mut pair) = pairs.get_mut(key)? {
                pair.many.push(n);
            }
        }
        Op::Edit(key, n) => {
            if let Some(mut pair) = pairs.get_mut(key)? {
                pair.edit().one.set(n);
            }
        }
        Op::Touch(key) => drop(pairs.entry(key)?),
        Op::Revert(key) => {
            if let Some(pair) = pairs.get_mut(key)? {
                pair.revert()?;
            }
        }
        Op::Insert(key, n) => pairs.insert(key, Pair { one: n, many: vec![] })?,
        Op::Remove(key) => pairs.remove(key)?,
        Op::Fill(key, n) => drop(pairs.entry(key)?.or_insert(Pair { one: n, many: vec![n] })),
        Op::TakeOut(key) => {
            if let Entry::Occupied(entry) = pairs.entry(key)? {
                entry.remove();
            }
        }
        Op::Read(key) => drop(pairs.get(key)?),
        Op::Savepoint | Op::RollbackTo(_) => {}
    }
    Ok(())
}

/// Makes the same change in the model, except for a revert, which depends on what was read.
fn change_model(model: &mut Model, op: &Op) {
    match *op {
        Op::Push(key, n) => drop(model.get_mut(&key).map(|pair| pair.many.push(n))),
        Op::Edit(key, n) => drop(model.get_mut(&key).map(|pair| pair.one = n)),
        Op::Insert(key, n) => drop(model.insert(key, Pair { one: n, many: vec![] })),
        Op::Remove(key) | Op::TakeOut(key) => drop(model.remove(&key)),
        Op::Fill(key, n) => {
            model.entry(key).or_insert(Pair { one: n, many: vec![n] });
        }
        Op::Revert(_) | Op::Touch(_) | Op::Read(_) | Op::Savepoint | Op::RollbackTo(_) => {}
    }
}

fn content(session: &Session) -> memdict::Result<Model> {
    let all = session.dict(&PAIRS).get_many(KEYS)?;
    Ok(KEYS.zip(all).filter_map(|(key, pair)| Some((key, (*pair?).clone()))).collect())
}

/// Returns, for each value, whether it is dirty, and the paths that changed.
fn flags(session: &Session) -> memdict::Result<Vec<Option<Flags>>> {
    KEYS.map(|key| {
        let pair = session.dict(&PAIRS).get_mut(key)?;
        Ok(pair.map(|pair| (pair.is_dirty(), pair.changed_fields())))
    })
    .collect()
}

fn summary(report: &CommitReport) -> Vec<String> {
    let named = |how: &str, ids: Vec<&memdict::EntryId>| -> Vec<String> {
        ids.into_iter().map(|id| format!("{how} {}", id.key)).collect()
    };
    let mut all = named("written", report.written_keys().collect());
    all.extend(named("unchanged", report.unchanged_keys().collect()));
    all.extend(named("removed", report.removed_keys().collect()));
    all
}

/// What else the session does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum With {
    /// Nothing: entries are read when they are needed, and stay loaded after a rollback.
    NoReads,
    /// Reads every entry first, and after each step.
    Reads,
    /// Reads, and borrows every entry for writing at the end.
    Flags,
}

fn hold(ops: &[Op], with: With) -> memdict::Result<()> {
    let read_first = with != With::NoReads;
    let (bench, twin) = (Bench::on_memory(), Bench::on_memory());
    for bench in [&bench, &twin] {
        bench.cache.transaction(|session| {
            stored().into_iter().try_for_each(|(key, pair)| session.dict(&PAIRS).insert(key, pair))
        })?;
    }
    let mut session = bench.cache.session();
    if read_first {
        content(&session)?;
    }
    let mut model = stored();
    // The operations that were not rolled back.
    let mut done: Vec<&Op> = Vec::new();
    let mut savepoints: Vec<(Savepoint, Model, usize)> = Vec::new();
    for op in ops {
        match op {
            Op::Savepoint => {
                savepoints.push((session.savepoint(), model.clone(), done.len()));
            }
            Op::RollbackTo(nth) if !savepoints.is_empty() => {
                let nth = nth % savepoints.len();
                session.rollback_to(&savepoints[nth].0)?;
                let gone = savepoints.split_off(nth + 1);
                for (savepoint, ..) in gone {
                    assert!(session.rollback_to(&savepoint).is_err());
                }
                model.clone_from(&savepoints[nth].1);
                done.truncate(savepoints[nth].2);
            }
            // Without a read, the result depends on what was loaded in between.
            Op::Revert(key) => {
                if !read_first {
                    continue;
                }
                change(&session, op)?;
                done.push(op);
                match (model.contains_key(key), stored().remove(key)) {
                    (true, Some(pair)) => drop(model.insert(*key, pair)),
                    (true, None) => drop(model.remove(key)),
                    (false, _) => {}
                }
            }
            op => {
                change(&session, op)?;
                change_model(&mut model, op);
                done.push(op);
            }
        }
        if read_first {
            assert_eq!(content(&session)?, model, "after {op:?}");
        }
    }

    let twins = twin.cache.session();
    if read_first {
        content(&twins)?;
    }
    for op in done {
        change(&twins, op)?;
    }
    if with == With::Flags {
        assert_eq!(flags(&session)?, flags(&twins)?);
    }
    if read_first {
        let (report, twins_report) = (session.commit()?, twins.commit()?);
        assert_eq!(summary(&report), summary(&twins_report));
        assert_eq!(bench.store.changes(), twin.store.changes());
    } else {
        assert_eq!(content(&session)?, model);
        session.commit()?;
        twins.commit()?;
    }
    assert_eq!(content(&bench.cache.session())?, model);
    assert_eq!(content(&twin.cache.session())?, model);
    Ok(())
}

#[test]
fn a_session_with_rollbacks_equals_one_without_the_undone_operations() {
    let cases = number("MEMDICT_SEQUENCES").map_or(300, |cases| cases as u32);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let sequences = (prop::collection::vec(op(), 1..60), with());
    proptest!(config, |((ops, with) in sequences)| {
        hold(&ops, with).unwrap_or_else(|error| panic!("{error} ({error:?})"));
    });
}
