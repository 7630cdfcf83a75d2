//! An old program beside a new one: what a program does with values that it cannot read.

use memdict::{ConflictCause, DictDef, Error, Lookup, OnConflict, OnUnusable, Tracked, Unusable};
use memdict_tests::{Bench, apply_one, store};
use serde::{Deserialize, Serialize};

use super::{Outcome, hold};

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
struct V1 {
    name: String,
}

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
#[memdict(from = V1)]
struct V2 {
    name: String,
    age: u8,
}

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
#[memdict(from = V2)]
struct V3 {
    name: String,
    age: u8,
    city: String,
}

impl From<V1> for V2 {
    fn from(old: V1) -> Self {
        Self { name: old.name, age: 0 }
    }
}

impl From<V2> for V3 {
    fn from(old: V2) -> Self {
        Self { name: old.name, age: old.age, city: String::new() }
    }
}

static OLD: DictDef<V1> = DictDef::new("users");
static NEWEST: DictDef<V3> = DictDef::new("users");

fn fill(bench: &Bench) -> Outcome {
    let newest = || V3 { name: "ann".into(), age: 9, city: "Lille".into() };
    bench.cache.transaction(|session| session.dict(&NEWEST).insert("a", newest()))
}

fn cause(error: Error) -> ConflictCause {
    match error {
        Error::Conflict { conflicts, .. } => conflicts[0].cause,
        error => panic!("{error}"),
    }
}

pub(crate) fn a_value_of_a_newer_version_does_not_have_to_stay_after_a_clear(bench: &Bench) {
    hold(bench, |bench| {
        let (old, newest) = (OLD.clone().clearable(), NEWEST.clone().clearable());
        let newer =
            || bench.cache.transaction(|session| session.dict(&newest).insert("a", V3::default()));
        let keep = old.clone().on_unusable(OnUnusable::Keep);
        for old in [&old, &keep] {
            newer()?;
            // The session has read it before the clear: another one helps.
            let session = bench.cache.session();
            session.dict(old).entry("a")?.or_insert(V1 { name: "ann".into() });
            bench.cache.clear(old)?;
            let outcome = session.commit();
            assert!(outcome.as_ref().is_err_and(Error::is_transient), "{outcome:?}");
            assert_eq!(outcome.map_err(cause).err(), Some(ConflictCause::Cleared));
            let session = bench.cache.session();
            let found = session.dict(old).lookup("a")?;
            assert!(matches!(found, Lookup::Unusable(Unusable::Cleared)), "{found:?}");
            drop(found);
            session.dict(old).entry("a")?.or_insert(V1 { name: "bob".into() });
            assert_eq!(session.commit()?.written, 1);
        }
        Ok(())
    });
}

pub(crate) fn a_value_of_a_newer_version_is_kept_and_a_change_of_it_is_a_conflict(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let bytes = bench.stored_bytes("users", "a");
        // Two versions older, by each kind of change, in a transaction and alone.
        let mut attempts = 0;
        let error = bench.cache.transaction(|session| {
            attempts += 1;
            session.dict(&OLD).entry("a")?.or_default();
            Ok(())
        });
        assert_eq!(cause(error.unwrap_err()), ConflictCause::NewerSchema);
        assert_eq!(attempts, 1, "trying again does not help");
        let last = DictDef::<V1>::new("users").on_conflict(OnConflict::LastWriteWins);
        for change in ["insert", "remove", "last write"] {
            let session = bench.cache.session();
            assert!(session.dict(&OLD).get("a")?.is_none());
            match change {
                "insert" => session.dict(&OLD).insert("a", V1::default())?,
                "remove" => session.dict(&OLD).remove("a")?,
                _ => session.dict(&last).insert("a", V1::default())?,
            }
            session.dict("other").insert("beside", 1_u64)?;
            let error = session.commit().unwrap_err();
            assert!(
                !error.is_transient() && error.to_string().contains("newer version"),
                "{error}"
            );
            assert_eq!(cause(error), ConflictCause::NewerSchema, "{change}");
            assert_eq!(bench.stored_bytes("users", "a"), bytes, "{change}");
            assert!(bench.stored_bytes("other", "beside").is_empty(), "nothing is sent");
        }
        Ok(())
    });
}

pub(crate) fn a_lookup_and_the_counters_say_that_a_value_is_newer(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        let found = session.dict(&OLD).lookup("a")?;
        let Lookup::Unusable(why @ Unusable::NewerSchema { .. }) = found else {
            panic!("{found:?}")
        };
        assert!(why.to_string().contains("V3") && why.to_string().contains("V1"), "{why}");
        let counters = bench.cache.counters();
        assert_eq!((counters.newer_schema, counters.other_schema), (1, 0));
        assert_eq!(bench.cache.other_schemas()[0].loads, 1);
        Ok(())
    });
}

pub(crate) fn a_value_that_was_upgraded_meanwhile_is_not_overwritten(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&OLD).insert("a", V1::default()))?;
        let old = bench.cache.session();
        old.dict(&OLD).get_mut("a")?.unwrap().name.push('!');
        bench.cache.transaction(|session| {
            session.dict(&NEWEST).entry("a")?.or_default().age = 9;
            Ok(())
        })?;
        assert_eq!(cause(old.commit().unwrap_err()), ConflictCause::NewerSchema);
        assert_eq!(bench.cache.session().dict(&NEWEST).get("a")?.unwrap().age, 9);
        Ok(())
    });
}

pub(crate) fn an_older_value_is_upgraded_and_a_foreign_schema_is_replaced_and_reported(
    bench: &Bench,
) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&OLD).insert("a", V1::default()))?;
        bench.cache.transaction(|session| session.dict("users").insert("b", 7_u64))?;
        let (_, report) = bench.cache.transaction_with_report(|session| {
            for key in ["a", "b"] {
                session.dict(&NEWEST).entry(key)?.or_default().age += 1;
            }
            Ok(())
        })?;
        assert_eq!(report.written, 2);
        let replaced: Vec<_> = report.replaced.iter().map(ToString::to_string).collect();
        assert_eq!(replaced.len(), 1, "{replaced:?}");
        assert!(replaced[0].starts_with("`users[b]`: the stored value is a `u64`"), "{replaced:?}");
        assert_eq!(bench.cache.counters().replaced, 1);
        Ok(())
    });
}

pub(crate) fn a_dictionary_may_keep_whatever_it_cannot_read(bench: &Bench) {
    hold(bench, |bench| {
        let keep = DictDef::<u64>::new("hits").on_unusable(OnUnusable::Keep);
        for foreign in [&b"another program's"[..], b"MD"] {
            apply_one(&*bench.store, b"memdict:hits:a", store(foreign), memdict::Condition::Always);
            for change in ["insert", "remove"] {
                let session = bench.cache.session();
                assert!(session.dict(&keep).get("a")?.is_none());
                match change {
                    "insert" => session.dict(&keep).insert("a", 1)?,
                    _ => session.dict(&keep).remove("a")?,
                }
                let cause = cause(session.commit().unwrap_err());
                assert!(matches!(cause, ConflictCause::Unusable(_)), "{cause:?}");
                assert_eq!(bench.stored_bytes("hits", "a"), foreign);
            }
        }
        // What was not read is not known to be unusable.
        let session = bench.cache.session();
        session.dict(&keep).insert("a", 1)?;
        assert_eq!(session.commit()?.written, 1);
        Ok(())
    });
}
