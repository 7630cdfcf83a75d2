//! Hooks before and after a commit, notes, and doomed sessions.

use std::sync::{Arc, Mutex};

use memdict::{BoxError, CommitReport, DictDef, EntryId, Error};
use memdict_tests::{Bench, Fault};

use super::hold;

static HITS: DictDef<u64> = DictDef::new("hits");

/// What hooks have said, in order.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn say(&self, text: String) {
        self.0.lock().expect("nobody panicked").push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nobody panicked"))
    }

    fn before(
        &self,
        who: &'static str,
        refuses: bool,
    ) -> impl Fn(&[&EntryId]) -> Result<(), BoxError> + Send + Sync + 'static {
        let said = self.clone();
        move |ids| {
            let ids = ids.iter().map(|id| format!(" {id}"));
            said.say(format!("{who}:{}", ids.collect::<String>()));
            if refuses { Err(format!("{who} refuses").into()) } else { Ok(()) }
        }
    }

    fn after(
        &self,
        who: &'static str,
    ) -> impl Fn(&CommitReport) -> Result<(), BoxError> + Send + Sync + 'static {
        let said = self.clone();
        move |report| {
            let notes: Vec<_> = report.notes().collect();
            said.say(format!("{who}: {} written {}", report.written, notes.join(", ")));
            Err("of no consequence".into())
        }
    }
}

pub(crate) fn before_commit_hooks_see_the_changes_and_those_of_the_cache_run_first(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&HITS).insert("unchanged", 1))?;
        let said = Said::default();
        let cache = bench.open(
            memdict::Cache::builder()
                .before_commit(said.before("cache 1", false))
                .before_commit(said.before("cache 2", false)),
        );
        let session = cache.session();
        session.before_commit(said.before("session 1", false));
        session.before_commit(said.before("session 2", false));
        let hits = session.dict(&HITS);
        hits.insert("a", 1)?;
        hits.contains_key("only read")?;
        drop(hits.get_mut("unchanged")?);
        hits.remove("b")?;
        session.dict::<String>("names").insert(7, "hunter2".to_owned())?;
        drop(hits);
        session.commit()?;
        let keys = "hits[a] hits[b] names[#7]";
        let all = ["cache 1", "cache 2", "session 1", "session 2"];
        assert_eq!(said.take(), all.map(|who| format!("{who}: {keys}")));

        // A session's hooks run only for that session, and also if there is nothing to do.
        cache.session().commit()?;
        assert_eq!(said.take(), ["cache 1:", "cache 2:"]);
        Ok(())
    });
}

pub(crate) fn a_hook_that_refuses_stops_the_whole_commit(bench: &Bench) {
    hold(bench, |bench| {
        let said = Said::default();
        for (cache_refuses, asked) in [(true, &["cache:"][..]), (false, &["cache:", "session 1:"])]
        {
            let cache = bench.open(
                memdict::Cache::builder()
                    .before_commit(said.before("cache", cache_refuses))
                    .after_commit(said.after("after")),
            );
            let mut attempts = 0;
            let refused = cache.transaction(|session| {
                attempts += 1;
                session.verify_first(true);
                session.before_commit(said.before("session 1", true));
                session.before_commit(said.before("session 2", false));
                session.after_commit(said.after("after"));
                drop(session.dict(&HITS).entry("a")?.or_insert(1));
                session.dict(&HITS).insert("b", 1)
            });
            let Err(Error::User(why)) = refused else { panic!("{refused:?}") };
            let who = if cache_refuses { "cache" } else { "session 1" };
            assert_eq!((why.to_string(), attempts), (format!("{who} refuses"), 1));
            let expected: Vec<_> =
                asked.iter().map(|who| format!("{who} hits[a] hits[b]")).collect();
            assert_eq!(said.take(), expected, "up to the first that refuses");
            assert_eq!(cache.counters().commits, 0);
        }
        // Each session loaded `a` once, in its body.
        assert_eq!((bench.store.loads(), bench.store.changes()), (2, 0), "nothing was sent");
        Ok(())
    });
}

pub(crate) fn after_commit_hooks_see_the_report_of_a_successful_commit(bench: &Bench) {
    hold(bench, |bench| {
        let said = Said::default();
        let cache = bench.open(memdict::Cache::builder().after_commit(said.after("cache")));
        let session = cache.session();
        session.after_commit(said.after("session 1"));
        session.after_commit(said.after("session 2"));
        session.note("an order");
        session.note("of alice");
        session.dict(&HITS).insert("a", 1)?;
        let report = session.commit()?;
        assert_eq!(report.notes().collect::<Vec<_>>(), ["an order", "of alice"]);
        let all = ["cache", "session 1", "session 2"];
        assert_eq!(said.take(), all.map(|who| format!("{who}: 1 written an order, of alice")));

        // A conflict is not successful; a lost change is, if the cache is not strict.
        let session = cache.session();
        session.after_commit(said.after("session"));
        drop(session.dict(&HITS).entry("new")?.or_insert(1));
        bench.cache.transaction(|other| other.dict(&HITS).insert("new", 2))?;
        assert!(session.commit().is_err());
        assert!(said.take().is_empty());
        bench.store.fail_always(Some(Fault::Down));
        let lost = cache.transaction(|session| session.dict(&HITS).insert("a", 1));
        bench.store.clear();
        lost?;
        assert_eq!(said.take(), ["cache: 0 written "]);
        Ok(())
    });
}

pub(crate) fn notes_are_in_the_report_of_a_conflict_as_well(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.note("an order");
        drop(session.dict(&HITS).entry("a")?.or_insert(1));
        bench.cache.transaction(|other| other.dict(&HITS).insert("a", 2))?;
        let Err(Error::Conflict { report, .. }) = session.commit() else { panic!("a conflict") };
        assert_eq!(report.notes().collect::<Vec<_>>(), ["an order"]);
        Ok(())
    });
}

pub(crate) fn a_doomed_session_works_and_writes_nothing(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&HITS).insert("a", 1))?;
        let changes = bench.store.changes();
        let said = Said::default();
        let mut session = bench.cache.session();
        session.before_commit(said.before("before", false));
        session.doom();
        let savepoint = session.savepoint();
        session.dict(&HITS).insert("a", 100)?;
        session.rollback_to(&savepoint)?;
        let hits = session.dict(&HITS);
        *hits.get_mut("a")?.expect("it is there") += 1;
        hits.insert("b", 5)?;
        hits.remove("c")?;
        hits.read_current("a")?;
        assert_eq!(*hits.get("a")?.expect("changed") + *hits.get("b")?.expect("inserted"), 7);
        drop(hits);
        let error = session.commit().expect_err("it is doomed");
        assert!(matches!(error, Error::Doomed) && !error.is_transient());
        assert_eq!(error.to_string(), "the session is doomed: its commit sends nothing");
        assert!(said.take().is_empty(), "there is nothing to ask about");

        let mut attempts = 0;
        let doomed = bench.cache.transaction(|session| {
            attempts += 1;
            session.doom();
            session.dict(&HITS).insert("a", 10)
        });
        assert!(matches!(doomed, Err(Error::Doomed)));
        assert_eq!((attempts, bench.store.changes()), (1, changes));
        let empty = bench.cache.session();
        empty.doom();
        assert!(matches!(empty.commit(), Err(Error::Doomed)));
        Ok(())
    });
}

pub(crate) fn hooks_run_after_failed_commits_and_after_rollbacks(bench: &Bench) {
    hold(bench, |bench| {
        let said = Said::default();
        let (failed, rolled_back) = (said.clone(), said.clone());
        let cache = bench.open(
            memdict::Cache::builder()
                .after_failed_commit(move |error| {
                    failed.say(format!("cache: {}", error.is_transient()));
                    Err("of no consequence".into())
                })
                .after_rollback(move || {
                    rolled_back.say("cache: back".to_owned());
                    Ok(())
                })
                .after_commit(said.after("cache")),
        );
        let hooked = |who: &'static str| {
            let session = cache.session();
            let (failed, rolled_back) = (said.clone(), said.clone());
            session.after_failed_commit(move |_| {
                failed.say(format!("{who}: failed"));
                Ok(())
            });
            session.after_rollback(move || {
                rolled_back.say(format!("{who}: back"));
                Ok(())
            });
            session
        };
        drop(hooked("dropped"));
        hooked("rolled back").rollback();
        assert_eq!(
            said.take(),
            ["cache: back", "dropped: back", "cache: back", "rolled back: back"]
        );

        let doomed = hooked("doomed");
        doomed.doom();
        assert!(doomed.commit().is_err());
        assert_eq!(said.take(), ["cache: false", "doomed: failed"]);

        hooked("committed").commit()?;
        assert_eq!(said.take(), ["cache: 0 written "]);

        // They run for each attempt that fails, and for a body that returns an error.
        let mut ran = 0;
        cache.transaction(|session| {
            ran += 1;
            *session.dict(&HITS).entry("a")?.or_default() += 1;
            if ran > 1 {
                return Ok(());
            }
            bench.cache.transaction(|other| other.dict(&HITS).insert("a", 7))
        })?;
        assert_eq!(said.take(), ["cache: true", "cache: 1 written "]);
        let refused = cache.transaction(|_| -> memdict::Result<()> { Err(Error::user("no")) });
        assert!(refused.is_err());
        assert_eq!(said.take(), ["cache: back"]);
        Ok(())
    });
}

pub(crate) fn a_hook_that_panics_after_a_commit_has_no_other_effect(bench: &Bench) {
    hold(bench, |bench| {
        let said = Said::default();
        let cache = bench.open(
            memdict::Cache::builder()
                .after_commit(|_| panic!("of no consequence"))
                .after_commit(said.after("second"))
                .after_rollback(|| panic!("of no consequence")),
        );
        let session = cache.session();
        session.after_commit(|_| panic!("of no consequence"));
        session.after_commit(said.after("own"));
        session.dict(&HITS).insert("a", 1)?;
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(said.take(), ["second: 1 written ", "own: 1 written "]);
        drop(cache.session());
        Ok(())
    });
}

pub(crate) fn a_session_knows_whether_it_has_changes(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| {
            session.dict(&HITS).insert("a", 1)?;
            session.dict(&HITS).insert("b", 1)
        })?;
        let mut session = bench.cache.session();
        drop(session.dict(&HITS).get("a")?);
        drop(session.dict(&HITS).get_mut("a")?);
        assert!(!session.has_changes(), "it was only read");
        let before = session.savepoint();
        session.dict(&HITS).remove("b")?;
        assert!(session.has_changes());
        session.rollback_to(&before)?;
        assert!(!session.has_changes());
        *session.dict(&HITS).get_mut("a")?.expect("it was stored") = 1;
        assert!(session.has_changes(), "it may have changed");
        assert_eq!(session.commit()?.unchanged, 1, "but it did not");
        Ok(())
    });
}
