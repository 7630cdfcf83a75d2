//! Merges at commit of changes of one value by several sessions.

use std::{cell::RefCell, collections::HashMap};

use memdict::{BoxError, CommitReport, DictDef, Error, OnConflict, OnVanished, Tracked};
use memdict_tests::{Bench, Cache, noise};
use serde::{Deserialize, Serialize};

use super::{
    Outcome,
    conflicts::{Page, another_stores, now, page, pages},
    hold,
};

pub(crate) static PAGES: DictDef<Page> = pages(OnConflict::Merge);

/// A type with a field for each case.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize, Tracked)]
#[memdict(merge)]
pub(crate) struct Order {
    customer: String,
    note: String,
    attrs: HashMap<String, String>,
    #[memdict(merge = sum)]
    pub(crate) total: u8,
    #[memdict(merge = append)]
    pub(crate) log: Vec<String>,
    #[memdict(merge = with(agree))]
    pub(crate) state: String,
}

pub(crate) static ORDERS: DictDef<Order> = DictDef::new("orders").on_conflict(OnConflict::Merge);

pub(crate) type Meanwhile = Box<dyn FnMut()>;

thread_local! {
    /// What happens while `agree` runs.
    pub(crate) static MEANWHILE: RefCell<Option<Meanwhile>> = const { RefCell::new(None) };
}

/// The rule of `Order::state`: the texts say what it does.
fn agree(_: &String, ours: &String, theirs: &String) -> Result<String, BoxError> {
    let meanwhile = MEANWHILE.take();
    if let Some(mut meanwhile) = meanwhile {
        meanwhile();
        MEANWHILE.set(Some(meanwhile));
    }
    match ours.as_str() {
        "panics" => panic!("half way"),
        "fails" => Err("the parties do not agree".into()),
        _ => Ok(format!("{ours}+{theirs}")),
    }
}

fn order() -> Order {
    let attrs = (0..50).map(|n| (n.to_string(), format!("attribute {n}"))).collect();
    Order { customer: "alice".to_owned(), total: 10, attrs, ..Order::default() }
}

pub(crate) fn fill(bench: &Bench) -> Outcome {
    bench.cache.transaction(|session| session.dict(&ORDERS).insert("k", order()))
}

pub(crate) fn change(cache: &Cache, edit: impl Fn(&mut Order) + Sync) -> Outcome {
    cache.transaction(|session| {
        edit(&mut session.dict(&ORDERS).get_mut("k")?.expect("it is there"));
        Ok(())
    })
}

pub(crate) fn order_now(bench: &Bench) -> memdict::Result<Order> {
    let session = bench.cache.session();
    let order = session.dict(&ORDERS).get("k")?.expect("it is there");
    Ok((*order).clone())
}

/// Returns the outcome of `ours` in a session during which another commits `theirs`.
fn both(
    bench: &Bench,
    ours: impl FnOnce(&mut Order),
    theirs: impl Fn(&mut Order) + Sync,
) -> memdict::Result<memdict::Result<CommitReport>> {
    fill(bench)?;
    let session = bench.cache.session();
    ours(&mut session.dict(&ORDERS).get_mut("k")?.expect("it is there"));
    change(&bench.cache, theirs)?;
    Ok(session.commit())
}

/// Returns the reason of the only conflict, in a commit with one change.
pub(crate) fn reason(committed: memdict::Result<CommitReport>) -> String {
    let Err(error @ Error::Conflict { .. }) = committed else { panic!("{committed:?}") };
    assert!(error.is_transient());
    let text = error.to_string();
    let Error::Conflict { conflicts, .. } = error else { unreachable!() };
    let [conflict] = &conflicts[..] else { panic!("{conflicts:?}") };
    let reason = conflict.reason.clone().expect("it says why");
    assert!(text.contains(&format!("; not merged: {reason}")), "{text}");
    reason
}

pub(crate) fn changes_of_different_fields_are_both_kept_and_the_report_names_them(bench: &Bench) {
    hold(bench, |bench| {
        let report =
            both(bench, |ours| ours.customer.push('!'), |theirs| drop(theirs.attrs.remove("7")))??;
        assert_eq!((report.written, report.merged, report.recreated), (1, 1, 0));
        let merges: Vec<_> = report.merges().collect();
        let [merge] = &merges[..] else { panic!("{merges:?}") };
        assert_eq!(merge.id.to_string(), "orders[k]");
        assert_eq!(
            (&merge.ours[..], &merge.theirs[..]),
            (&["customer".to_owned()][..], &["attrs".to_owned()][..])
        );
        assert_eq!(report.written_keys().count(), 1);
        let now = order_now(bench)?;
        assert_eq!((now.customer.as_str(), now.attrs.len()), ("alice!", 49));
        assert_eq!(bench.cache.counters().merged, 1);
        Ok(())
    });
}

/// Through `DerefMut`, tracking does not know which fields changed, and a map of 50 entries has
/// another order each time it is decoded.
pub(crate) fn coarse_changes_of_both_sides_are_kept_beside_a_hash_map(bench: &Bench) {
    hold(bench, |bench| {
        for _ in 0..5 {
            let coarse =
                |order: &mut Order| *order = Order { note: "ours".to_owned(), ..order.clone() };
            let theirs = |order: &mut Order| {
                *order = Order { customer: "theirs".to_owned(), ..order.clone() };
            };
            let report = both(bench, coarse, theirs)??;
            let merge = report.merges().next().expect("it is merged");
            assert_eq!(
                (merge.ours.join(" "), merge.theirs.join(" ")),
                ("note".into(), "customer".into())
            );
            let now = order_now(bench)?;
            assert_eq!((now.note.as_str(), now.customer.as_str()), ("ours", "theirs"));
            assert_eq!(now.attrs, order().attrs);
        }
        Ok(())
    });
}

pub(crate) fn sums_add_up_what_each_side_added(bench: &Bench) {
    hold(bench, |bench| {
        both(bench, |ours| ours.total += 1, |theirs| theirs.total += 2)??;
        assert_eq!(order_now(bench)?.total, 13);
        let overflow = both(bench, |ours| ours.total += 200, |theirs| theirs.total += 100)?;
        let reason = reason(overflow);
        assert!(reason.starts_with("`total`: "), "{reason}");
        assert_eq!(order_now(bench)?.total, 110, "theirs stays");
        Ok(())
    });
}

pub(crate) fn a_field_that_both_changed_without_a_rule_is_a_conflict(bench: &Bench) {
    hold(bench, |bench| {
        for theirs in ["other", "same"] {
            let committed = both(
                bench,
                |ours| ours.note = "same".to_owned(),
                |order| {
                    order.note = theirs.to_owned();
                    order.total += 1;
                },
            )?;
            let Err(Error::Conflict { conflicts, .. }) = &committed else { panic!("a conflict") };
            assert_eq!(
                (conflicts[0].ours.join(" "), conflicts[0].theirs.join(" ")),
                ("note".into(), "note total".into())
            );
            assert_eq!(reason(committed), "`note`: changed on both sides");
            assert_eq!(order_now(bench)?.note, theirs);
        }
        Ok(())
    });
}

pub(crate) fn a_rule_that_fails_or_panics_is_a_conflict_and_nothing_is_half_merged(bench: &Bench) {
    hold(bench, |bench| {
        for (state, why) in
            [("fails", "`state`: the parties do not agree"), ("panics", "the merge panicked")]
        {
            let committed = both(
                bench,
                |ours| {
                    ours.total += 1;
                    ours.log.push("ours".to_owned());
                    ours.state = state.to_owned();
                },
                |theirs| {
                    theirs.total += 2;
                    theirs.log.push("theirs".to_owned());
                    theirs.state.push_str("theirs");
                },
            )?;
            let Err(Error::Conflict { conflicts, .. }) = &committed else { panic!("a conflict") };
            assert_eq!(conflicts[0].ours.join(" "), "total log state", "{state}");
            assert_eq!(conflicts[0].theirs.join(" "), "total log state", "{state}");
            assert_eq!(reason(committed), why);
            let now = order_now(bench)?;
            assert_eq!(
                (now.total, now.log.join(" "), now.state.as_str()),
                (12, "theirs".into(), "theirs")
            );
        }
        assert_eq!(bench.cache.counters().merged, 0);
        Ok(())
    });
}

pub(crate) fn a_failed_merge_leaves_the_rest_of_the_commit(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        another_stores(bench, page("old", 10))?;
        let session = bench.cache.session();
        session.dict(&ORDERS).get_mut("k")?.expect("it is there").state.push_str("panics");
        session.dict(&PAGES).get_mut("k")?.expect("it is there").hits += 1;
        session.dict("hits").insert("a", 1_u64)?;
        change(&bench.cache, |theirs| theirs.state.push_str("theirs"))?;
        another_stores(bench, page("theirs", 12))?;
        let Err(error) = session.commit() else { panic!("a conflict") };
        assert!(!error.is_transient());
        let Error::Conflict { conflicts, report, .. } = error else { panic!("{error:?}") };
        assert_eq!((conflicts.len(), report.written, report.merged), (1, 2, 1));
        assert_eq!(now(bench)?, Some(page("theirs", 13)));
        Ok(())
    });
}

pub(crate) fn a_transaction_runs_again_after_a_failed_merge(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut attempts = 0;
        bench.cache.transaction(|session| {
            attempts += 1;
            session.dict(&ORDERS).get_mut("k")?.expect("it is there").note.push('o');
            if attempts == 1 {
                change(&bench.cache, |theirs| theirs.note.push('t'))?;
            }
            Ok(())
        })?;
        assert_eq!((attempts, order_now(bench)?.note.as_str()), (2, "to"));
        Ok(())
    });
}

pub(crate) fn a_removal_and_a_value_that_both_created_are_not_merged(bench: &Bench) {
    hold(bench, |bench| {
        another_stores(bench, page("old", 10))?;
        let session = bench.cache.session();
        session.dict(&PAGES).contains_key("k")?;
        session.dict(&PAGES).remove("k")?;
        another_stores(bench, page("theirs", 10))?;
        assert!(matches!(session.commit(), Err(Error::Conflict { .. })));
        assert_eq!(now(bench)?, Some(page("theirs", 10)));

        bench.cache.transaction(|other| other.dict(&PAGES).remove("k"))?;
        let session = bench.cache.session();
        drop(session.dict(&PAGES).entry("k")?.or_insert(page("ours", 1)));
        another_stores(bench, page("theirs", 10))?;
        assert!(matches!(session.commit(), Err(Error::Conflict { .. })));
        assert_eq!(now(bench)?, Some(page("theirs", 10)));
        Ok(())
    });
}

/// A removal and an eviction look the same.
pub(crate) fn a_value_that_another_session_removed_is_treated_as_on_vanished_says(bench: &Bench) {
    let kept: DictDef<Page> = PAGES.clone().on_vanished(OnVanished::Fail);
    hold(bench, |bench| {
        for (def, stands) in [(&PAGES, true), (&kept, false)] {
            another_stores(bench, page("old", 10))?;
            let session = bench.cache.session();
            session.dict(def).get_mut("k")?.expect("it is there").hits += 1;
            bench.cache.transaction(|other| other.dict(&PAGES).remove("k"))?;
            assert_eq!(session.commit().is_ok(), stands);
            assert_eq!(now(bench)?, stands.then(|| page("old", 11)));
        }
        Ok(())
    });
}

pub(crate) fn a_merged_value_above_the_limit_is_refused_and_theirs_stays(bench: &Bench) {
    let long = |seed| noise(seed, 900_000);
    hold(bench, |bench| {
        let committed =
            both(bench, |ours| ours.log.push(long(1)), |theirs| theirs.log.push(long(2)))?;
        let report = committed?;
        assert_eq!((report.refused.len(), report.written, report.merged), (1, 0, 0));
        assert!(report.refused[0].reason.contains("bytes"), "{}", report.refused[0].reason);
        assert_eq!(order_now(bench)?.log, [long(2)]);
        Ok(())
    });
}

pub(crate) fn a_value_that_was_stored_again_unchanged_is_merged(bench: &Bench) {
    hold(bench, |bench| {
        let report = both(bench, |ours| ours.note.push('!'), |theirs| theirs.log.clear())?;
        assert_eq!(report?.merged, 0, "an unchanged value is not stored");
        fill(bench)?;
        let session = bench.cache.session();
        session.dict(&ORDERS).get_mut("k")?.expect("it is there").note.push('!');
        fill(bench)?;
        let report = session.commit()?;
        let merge = report.merges().next().expect("it is another version");
        assert_eq!((merge.ours.join(" "), merge.theirs.len()), ("note".into(), 0));
        Ok(())
    });
}
