//! What becomes of changes if the store fails.

use memdict::{DictDef, Error, Opaque};
use memdict_tests::{Bench, Fault, Session, noise};
use serde::{Deserialize, Serialize, Serializer};

use super::{Outcome, hold};

static NAMES: DictDef<String> = DictDef::new("names");

fn name(bench: &Bench, key: &str) -> memdict::Result<Option<String>> {
    Ok(bench.cache.session().dict(&NAMES).get(key)?.map(|name| (*name).clone()))
}

fn fill(bench: &Bench, keys: &[&str]) -> Outcome {
    bench.cache.transaction(|session| {
        keys.iter().try_for_each(|key| session.dict(&NAMES).insert(*key, "old".into()))
    })
}

fn change(session: &Session, keys: &[&str]) -> Outcome {
    for key in keys {
        *session.dict(&NAMES).get_mut(*key)?.expect("it was stored") = "new".into();
    }
    Ok(())
}

pub(crate) fn a_store_that_is_down_reads_as_a_miss_and_loses_writes_with_a_report(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench, &["a", "b"])?;
        let session = bench.cache.session();
        change(&session, &["a"])?;
        bench.store.fail_always(Some(Fault::Down));
        assert!(session.dict(&NAMES).get("b")?.is_none());
        session.dict(&NAMES).remove("b")?;
        let report = session.commit()?;
        assert_eq!((report.written, report.removed), (0, 0));
        let lost: Vec<_> = report.lost.iter().map(|lost| lost.id.to_string()).collect();
        assert_eq!(lost, ["names[a]", "names[b]"]);
        assert!(report.lost.iter().all(|lost| !lost.reason.is_empty()));
        bench.store.fail_always(None);
        assert_eq!(name(bench, "a")?.as_deref(), Some("old"));
        Ok(())
    });
}

pub(crate) fn a_strict_cache_turns_both_into_errors(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench, &["a", "b"])?;
        let strict = bench.strict();
        let session = strict.session();
        change(&session, &["a"])?;
        bench.store.fail_always(Some(Fault::Down));
        let error = session.dict(&NAMES).get("b").unwrap_err();
        assert!(
            matches!(&error, Error::Unavailable { id, report: None, .. } if id.to_string() == "names[b]")
        );
        assert!(error.is_transient());
        let error = session.commit().unwrap_err();
        let Error::Unavailable { report: Some(report), .. } = &error else { panic!("{error:?}") };
        assert_eq!((report.written, report.lost.len()), (0, 1));
        assert!(error.to_string().contains("names[a]"), "{error}");
        bench.store.fail_always(None);
        let session = strict.session();
        assert!(session.dict(&NAMES).get("b")?.is_some(), "a failed read is no miss");
        Ok(())
    });
}

pub(crate) fn a_value_above_the_limit_is_refused_alone_and_the_old_one_is_deleted(bench: &Bench) {
    let huge = || noise(1, 2 << 20);
    hold(bench, |bench| {
        fill(bench, &["a", "huge", "b"])?;
        let session = bench.cache.session();
        change(&session, &["a", "huge", "b"])?;
        *session.dict(&NAMES).get_mut("huge")?.unwrap() = huge();
        session.dict(&NAMES).insert("blind", huge())?;
        assert!(session.dict(&NAMES).get("created")?.is_none());
        session.dict(&NAMES).insert("created", huge())?;
        bench.cache.transaction(|other| other.dict(&NAMES).insert("blind", "theirs".into()))?;
        let report = session.commit()?;
        assert_eq!((report.written, report.refused.len()), (2, 3));
        assert!(report.refused.iter().all(|refused| refused.reason.contains("bytes")));
        assert_eq!(name(bench, "a")?.as_deref(), Some("new"));
        assert_eq!(name(bench, "b")?.as_deref(), Some("new"));
        assert_eq!(name(bench, "huge")?, None, "the outdated value cannot be read any more");
        assert_eq!(name(bench, "blind")?, None);
        assert_eq!(name(bench, "created")?, None);
        Ok(())
    });
}

pub(crate) fn a_value_above_the_limit_leaves_another_sessions_value(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench, &["a"])?;
        let session = bench.cache.session();
        *session.dict(&NAMES).get_mut("a")?.unwrap() = noise(2, 2 << 20);
        bench.cache.transaction(|other| other.dict(&NAMES).insert("a", "theirs".into()))?;
        // The value is refused before the look, or looked at before it is refused.
        match session.commit() {
            Ok(report) => assert_eq!((report.written, report.refused.len()), (0, 1)),
            Err(error) => assert!(matches!(error, Error::Conflict { .. }), "{error:?}"),
        }
        assert_eq!(name(bench, "a")?.as_deref(), Some("theirs"));
        Ok(())
    });
}

/// Encodes unless it is told not to.
#[derive(Default, Deserialize)]
struct Stubborn(bool);

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 { Err(serde::ser::Error::custom("no")) } else { serializer.serialize_bool(false) }
    }
}

pub(crate) fn a_value_that_does_not_encode_stops_the_whole_commit(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&NAMES).insert("before", "x".into())?;
        session.dict::<Opaque<Stubborn>>("stubborn").insert("s", Stubborn(true).into())?;
        session.dict(&NAMES).insert("after", "x".into())?;
        let error = session.commit().unwrap_err();
        let Error::Encode { id, .. } = &error else { panic!("{error:?}") };
        assert_eq!(id.to_string(), "stubborn[s]");
        assert!(std::error::Error::source(&error).is_some_and(|why| why.to_string() == "no"));
        assert_eq!(bench.store.changes(), 0, "nothing was sent");
        Ok(())
    });
}

pub(crate) fn a_change_whose_acknowledgement_was_lost_is_recognized_by_its_nonce(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench, &["a", "b", "c"])?;
        let session = bench.cache.session();
        change(&session, &["a"])?;
        assert!(session.dict(&NAMES).get("created")?.is_none());
        session.dict(&NAMES).insert("created", "new".into())?;
        session.dict(&NAMES).insert("b", "new".into())?;
        session.dict(&NAMES).remove("c")?;
        (0..4).for_each(|n| bench.store.fail_once_writing(n, Fault::AckLost));
        let report = session.commit()?;
        assert_eq!((report.written, report.removed, report.lost.len()), (3, 1, 0));
        for key in ["a", "b", "created"] {
            assert_eq!(name(bench, key)?.as_deref(), Some("new"), "{key}");
        }
        assert_eq!(name(bench, "c")?, None);
        Ok(())
    });
}

pub(crate) fn a_change_that_was_not_applied_is_sent_once_more(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench, &["a"])?;
        let session = bench.cache.session();
        change(&session, &["a"])?;
        bench.store.fail_once_writing(0, Fault::SentAndLost);
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(name(bench, "a")?.as_deref(), Some("new"));

        let session = bench.cache.session();
        session.dict(&NAMES).get_mut("a")?.unwrap().push('!');
        // The operations are the change, the look that settles it, and the change again.
        bench.store.fail_once_writing(0, Fault::SentAndLost);
        bench.store.fail_once_writing(2, Fault::SentAndLost);
        assert_eq!(session.commit()?.lost.len(), 1);
        assert_eq!(name(bench, "a")?.as_deref(), Some("new"));
        Ok(())
    });
}

pub(crate) fn a_change_with_an_unknown_outcome_is_lost_and_not_transient(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench, &["a"])?;
        let strict = bench.strict();
        let session = strict.session();
        change(&session, &["a"])?;
        bench.store.fail_once_writing(0, Fault::AckLost);
        bench.store.fail_once_writing(1, Fault::Down);
        let error = session.commit().unwrap_err();
        assert!(matches!(error, Error::Unavailable { .. }));
        assert!(!error.is_transient(), "it may have landed, and here it has");
        assert_eq!(name(bench, "a")?.as_deref(), Some("new"));
        Ok(())
    });
}

pub(crate) fn a_miss_because_a_store_was_down_never_overwrites(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench, &["a"])?;
        let session = bench.cache.session();
        bench.store.fail_in(0, Fault::Down);
        session.dict(&NAMES).entry("a")?.or_insert("made up".into());
        assert!(matches!(session.commit(), Err(Error::Conflict { .. })));
        assert_eq!(name(bench, "a")?.as_deref(), Some("old"));
        Ok(())
    });
}

pub(crate) fn every_single_fault_leaves_a_report_that_agrees_with_the_store(bench: &Bench) {
    let keys = ["a", "b", "c"];
    let faults = [Fault::Down, Fault::Refused, Fault::AckLost, Fault::SentAndLost, Fault::Evicted];
    hold(bench, |bench| {
        for fault in faults {
            for at in 0..6 {
                bench.cache.transaction(|session| {
                    keys.iter().try_for_each(|key| session.dict(&NAMES).insert(*key, "old".into()))
                })?;
                let session = bench.cache.session();
                change(&session, &keys)?;
                bench.store.fail_once_writing(at, fault);
                let report = session.commit()?;
                bench.store.clear();
                let total = report.written + report.lost.len() + report.refused.len();
                assert_eq!(total, keys.len(), "{fault:?} at {at}: {report:?}");
                for key in keys {
                    let written = report.written_keys().any(|id| id.key.to_string() == key);
                    let refused =
                        report.refused.iter().any(|refused| refused.id.key.to_string() == key);
                    let there = name(bench, key)?;
                    let agrees = match there.as_deref() {
                        Some("new") => written,
                        Some("old") => !written && !refused,
                        _ => refused,
                    };
                    assert!(agrees, "{fault:?} at {at}: {key} is {there:?}, {report:?}");
                }
            }
        }
        Ok(())
    });
}
