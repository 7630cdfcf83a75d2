//! Two concurrent sessions: what each rule of a dictionary does about another session's change.

use memdict::{CommitReport, DictDef, Error, OnConflict, OnVanished, Tracked};
use memdict_tests::{Bench, Session};
use serde::{Deserialize, Serialize};

use super::{Outcome, hold};

/// The value that the sessions of these tests change.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) struct Page {
    pub(crate) title: String,
    #[memdict(merge = sum)]
    pub(crate) hits: u64,
}

pub(crate) fn page(title: &str, hits: u64) -> Page {
    Page { title: title.to_owned(), hits }
}

pub(crate) const fn pages(policy: OnConflict) -> DictDef<Page> {
    DictDef::new("pages").on_conflict(policy)
}

const POLICIES: [OnConflict; 3] = [OnConflict::Fail, OnConflict::LastWriteWins, OnConflict::Merge];

/// Returns the value for `k`, as a new session finds it.
pub(crate) fn now(bench: &Bench) -> memdict::Result<Option<Page>> {
    Ok(bench.cache.session().dict::<Page>("pages").get("k")?.map(|page| (*page).clone()))
}

/// Stores this for `k` in another session.
pub(crate) fn another_stores(bench: &Bench, page: Page) -> Outcome {
    bench.cache.transaction(|other| other.dict("pages").insert("k", page.clone()))
}

/// Does what `what` says with `pages[k]` in this session.
pub(crate) fn here(session: &Session, def: &DictDef<Page>, what: &str) -> Outcome {
    let pages = session.dict(def);
    match what {
        "changed" => pages.get_mut("k")?.expect("it is there").hits = 11,
        "created" => drop(pages.entry("k")?.or_insert(page("ours", 1))),
        "inserted blind" => pages.insert("k", page("old", 11))?,
        "inserted after a read" => {
            assert!(pages.contains_key("k")?);
            pages.insert("k", page("old", 11))?;
        }
        "removed" => {
            assert!(pages.contains_key("k")?);
            pages.remove("k")?;
        }
        "removed blind" => pages.remove("k")?,
        _ => panic!("no {what}"),
    }
    Ok(())
}

/// Does what `what` says with `pages[k]` in another session.
fn there(bench: &Bench, what: &str) -> Outcome {
    match what {
        "nothing" => Ok(()),
        "overwritten" => another_stores(bench, page("theirs", 10)),
        "removed" => bench.cache.transaction(|other| other.dict::<Page>("pages").remove("k")),
        "evicted" => {
            bench.store.evict(b"memdict:pages:k");
            Ok(())
        }
        "restarted" => {
            bench.restart();
            Ok(())
        }
        "restarted, stored" => {
            bench.restart();
            another_stores(bench, page("theirs", 10))
        }
        _ => panic!("no {what}"),
    }
}

fn outcome(committed: memdict::Result<CommitReport>) -> String {
    match committed {
        Ok(report) if report.merged == 1 => "merged".to_owned(),
        Ok(report) if report.recreated == 1 => "recreated".to_owned(),
        Ok(report) if report.written == 1 => "written".to_owned(),
        Ok(report) if report.removed == 1 => "removed".to_owned(),
        Err(Error::Conflict { conflicts, report, .. }) => {
            assert_eq!((conflicts.len(), report.written, report.removed), (1, 0, 0));
            format!("{:?}", conflicts[0].cause)
        }
        other => panic!("{other:?}"),
    }
}

/// The columns are what the other session does, and the outcomes with `Fail`, `LastWriteWins` and
/// `Merge`. `A / B` is `A` on a store that reports restarts, and `B` on one that does not.
fn is_as_the_table_says(bench: &Bench, what: &str, table: &str) {
    hold(bench, |bench| {
        for row in table.trim().lines() {
            let mut columns = row.split('|').map(str::trim);
            let meanwhile = columns.next().expect("the first column");
            for (policy, expected) in POLICIES.into_iter().zip(columns) {
                let (told, untold) = expected.split_once(" / ").unwrap_or((expected, expected));
                let expected = if bench.tells_lives() { told } else { untold };
                match what {
                    "created" => there(bench, "removed")?,
                    _ => another_stores(bench, page("old", 10))?,
                }
                let session = bench.cache.session();
                here(&session, &pages(policy), what)?;
                there(bench, meanwhile)?;
                let before = now(bench)?;
                let case = format!("{what} here, {meanwhile} there, {policy:?}");
                let got = outcome(session.commit());
                assert_eq!(got, expected, "{case}");
                let ours = if what == "created" { page("ours", 1) } else { page("old", 11) };
                let after = match got.as_str() {
                    "written" | "recreated" => Some(ours),
                    "merged" => Some(page("theirs", 11)),
                    "removed" => None,
                    _ => before,
                };
                assert_eq!(now(bench)?, after, "{case}");
            }
        }
        Ok(())
    });
}

pub(crate) fn a_changed_value_follows_the_rule_for_conflicts(bench: &Bench) {
    is_as_the_table_says(
        bench,
        "changed",
        "nothing           | written                     | written | written
         overwritten       | Overwritten                 | written | merged
         removed           | recreated                   | written | recreated
         evicted           | recreated                   | written | recreated
         restarted         | ServerRestarted / recreated | written | ServerRestarted / recreated
         restarted, stored | ServerRestarted / Overwritten | written | merged",
    );
}

pub(crate) fn a_value_of_or_insert_after_a_miss_is_stored_only_if_there_is_still_none(
    bench: &Bench,
) {
    is_as_the_table_says(
        bench,
        "created",
        "nothing           | written     | written | written
         overwritten       | Overwritten | written | Overwritten
         removed           | written     | written | written
         restarted         | written     | written | written
         restarted, stored | Overwritten | written | Overwritten",
    );
}

pub(crate) fn an_insert_without_a_read_overwrites_any_value(bench: &Bench) {
    is_as_the_table_says(
        bench,
        "inserted blind",
        "nothing           | written | written | written
         overwritten       | written | written | written
         removed           | written | written | written
         evicted           | written | written | written
         restarted         | written | written | written
         restarted, stored | written | written | written",
    );
}

pub(crate) fn an_insert_after_a_read_is_a_change_of_the_read_value(bench: &Bench) {
    is_as_the_table_says(
        bench,
        "inserted after a read",
        "nothing           | written                     | written | written
         overwritten       | Overwritten                 | written | merged
         removed           | recreated                   | written | recreated
         evicted           | recreated                   | written | recreated
         restarted         | ServerRestarted / recreated | written | ServerRestarted / recreated
         restarted, stored | ServerRestarted / Overwritten | written | merged",
    );
}

pub(crate) fn a_removal_after_a_read_deletes_only_the_read_value(bench: &Bench) {
    is_as_the_table_says(
        bench,
        "removed",
        "nothing           | removed                   | removed | removed
         overwritten       | Overwritten               | removed | Overwritten
         removed           | removed                   | removed | removed
         evicted           | removed                   | removed | removed
         restarted         | ServerRestarted / removed | removed | ServerRestarted / removed
         restarted, stored | ServerRestarted / Overwritten | removed | ServerRestarted / Overwritten",
    );
}

pub(crate) fn a_removal_without_a_read_deletes_any_value(bench: &Bench) {
    is_as_the_table_says(
        bench,
        "removed blind",
        "nothing           | removed | removed | removed
         overwritten       | removed | removed | removed
         removed           | removed | removed | removed
         restarted         | removed | removed | removed
         restarted, stored | removed | removed | removed",
    );
}

pub(crate) fn a_vanished_value_is_a_conflict_if_the_dictionary_says_so(bench: &Bench) {
    hold(bench, |bench| {
        for policy in POLICIES {
            let def = pages(policy).on_vanished(OnVanished::Fail);
            for (what, meanwhile, told, untold) in [
                ("changed", "removed", "Vanished", "Vanished"),
                ("changed", "evicted", "Vanished", "Vanished"),
                ("changed", "restarted", "ServerRestarted", "Vanished"),
                ("inserted after a read", "evicted", "Vanished", "Vanished"),
                // These were not made from the value that vanished.
                ("removed", "evicted", "removed", "removed"),
                ("inserted blind", "evicted", "written", "written"),
            ] {
                another_stores(bench, page("old", 10))?;
                let session = bench.cache.session();
                here(&session, &def, what)?;
                there(bench, meanwhile)?;
                let expected = if bench.tells_lives() { told } else { untold };
                let case = format!("{what} here, {meanwhile} there, {policy:?}");
                assert_eq!(outcome(session.commit()), expected, "{case}");
                assert_eq!(now(bench)?.is_some(), expected == "written", "{case}");
            }
        }
        // A value that another session stored since is a different case.
        let def = pages(OnConflict::LastWriteWins).on_vanished(OnVanished::Fail);
        another_stores(bench, page("old", 10))?;
        let session = bench.cache.session();
        here(&session, &def, "changed")?;
        there(bench, "overwritten")?;
        assert_eq!(outcome(session.commit()), "written");
        Ok(())
    });
}
