//! Random edits of a value with every kind of field, over several sessions, and the same edits of a
//! plain clone. A value that is loaded again equals the clone, and a write is sent if and only if
//! something tracked differs.
//!
//! `MEMDICT_SEQUENCES` sets the number of sequences.

mod edits;
mod shape;
mod strategies;

use edits::{Edit, Way};
use memdict::DictDef;
use memdict_tests::{Bench, number};
use proptest::prelude::*;
use shape::{All, Of, Text};

static ALL: DictDef<All> = DictDef::new("all");

#[derive(Debug, Clone)]
enum Step {
    Edit(Way, Edit),
    /// Assigns the loaded value.
    Restore,
    /// Reverts the guard.
    Revert,
    /// Assigns a clone of the current value.
    Insert,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        20 => (strategies::way(), strategies::edit()).prop_map(|(way, edit)| Step::Edit(way, edit)),
        1 => Just(Step::Restore),
        1 => Just(Step::Revert),
        1 => Just(Step::Insert),
    ]
}

fn hold(bench: &Bench, sessions: &[Vec<Step>]) -> memdict::Result<()> {
    let mut stored = All::default();
    bench.cache.transaction(|session| session.dict(&ALL).insert("it", stored.clone()))?;
    for steps in sessions {
        let loaded = stored.reloaded();
        let mut plain = loaded.clone();
        let session = bench.cache.session();
        let dict = session.dict(&ALL);
        let guard = || Ok::<_, memdict::Error>(dict.get_mut("it")?.expect("it is stored"));
        for step in steps {
            match step {
                Step::Edit(way, edit) => {
                    way.apply(guard()?, edit);
                    way.apply_plainly(&mut plain, edit);
                }
                Step::Restore => {
                    *guard()? = loaded.clone();
                    plain = loaded.clone();
                }
                Step::Revert => {
                    guard()?.revert()?;
                    plain = loaded.clone();
                }
                Step::Insert => {
                    let clone = (*guard()?).clone();
                    dict.insert("it", clone)?;
                }
            }
        }
        let it = guard()?;
        assert_eq!(it.text(Of::Stored), plain.text(Of::Stored), "in the session");
        assert_eq!((it.cached, it.pair.1), (plain.cached, plain.pair.1), "not stored, but kept");
        let differs = loaded.text(Of::Tracked) != plain.text(Of::Tracked);
        let fields = it.changed_fields();
        assert_eq!(!fields.is_empty(), differs, "{fields:?} of {loaded:?} and {plain:?}");
        drop(it);

        let sent = bench.store.changes();
        let report = session.commit()?;
        let sent = bench.store.changes() - sent;
        assert_eq!((report.written, sent), (differs.into(), differs.into()), "{fields:?}");
        if differs {
            stored = plain;
        }
        let session = bench.cache.session();
        let again = session.dict(&ALL).get("it")?.expect("it is stored");
        assert_eq!(again.text(Of::Stored), stored.text(Of::Stored), "loaded again");
        assert_eq!((again.cached, again.pair.1), (None, 0), "skipped");
    }
    Ok(())
}

#[test]
fn a_write_is_sent_if_and_only_if_something_tracked_differs() {
    let bench = Bench::on_memory();
    let cases = number("MEMDICT_SEQUENCES").map_or(300, |cases| cases as u32);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let steps = prop::collection::vec(step(), 0..8);
    proptest!(config, |(sessions in prop::collection::vec(steps, 1..5))| {
        hold(&bench, &sessions).map_err(|error| TestCaseError::fail(error.to_string()))?;
    });
}
