//! Merges with what is stored, driven out or lost while they are made, and with values that an older
//! program stored.

use memdict::{CommitReport, DictDef, OnConflict, Tracked};
use memdict_tests::{Bench, Fault};
use serde::{Deserialize, Serialize};

use super::{
    Outcome,
    conflicts::{another_stores, now, page},
    hold,
    merging::{MEANWHILE, ORDERS, PAGES, change, fill, order_now, reason},
};

pub(crate) fn what_was_stored_again_after_a_restart_or_an_eviction_is_merged(bench: &Bench) {
    hold(bench, |bench| {
        for restart in [false, true] {
            another_stores(bench, page("old", 10))?;
            let session = bench.cache.session();
            session.dict(&PAGES).get_mut("k")?.expect("it is there").hits += 1;
            if restart {
                bench.restart();
            } else {
                bench.store.evict(b"memdict:pages:k");
            }
            another_stores(bench, page("theirs", 12))?;
            let report = session.commit()?;
            assert_eq!((report.merged, report.recreated), (1, 0));
            assert_eq!(now(bench)?, Some(page("theirs", 13)));
        }
        Ok(())
    });
}

/// At the first change, at the look after it, or at the change of the merged value.
pub(crate) fn a_value_that_is_gone_while_it_is_merged_is_recreated(bench: &Bench) {
    hold(bench, |bench| {
        let hits: &[u64] = if bench.tells_lives() { &[11, 11, 13] } else { &[13] };
        for (gone, hits) in hits.iter().enumerate() {
            another_stores(bench, page("old", 10))?;
            let session = bench.cache.session();
            session.dict(&PAGES).get_mut("k")?.expect("it is there").hits += 1;
            another_stores(bench, page("theirs", 12))?;
            bench.store.fail_once_writing(gone, Fault::Evicted);
            let report = session.commit()?;
            bench.store.clear();
            assert_eq!((report.written, report.recreated), (1, 1));
            assert_eq!(report.merged, usize::from(*hits == 13));
            assert_eq!(now(bench)?.map(|page| page.hits), Some(*hits));
        }
        Ok(())
    });
}

pub(crate) fn three_writers_in_a_row_all_stand(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let sessions = [bench.cache.session(), bench.cache.session(), bench.cache.session()];
        for (n, session) in sessions.iter().enumerate() {
            let mut order = session.dict(&ORDERS).get_mut("k")?.expect("it is there");
            order.total += 1;
            order.log.push(format!("writer {n}"));
        }
        let mut merged = Vec::new();
        for session in sessions {
            merged.push(session.commit()?.merged);
        }
        assert_eq!(merged, [0, 1, 1]);
        let now = order_now(bench)?;
        assert_eq!((now.total, now.log.join(", ")), (13, "writer 0, writer 1, writer 2".into()));
        Ok(())
    });
}

/// Another session commits while the rule is asked, so that the merged value comes too late.
fn overtaken(bench: &Bench, times: u32) -> memdict::Result<memdict::Result<CommitReport>> {
    fill(bench)?;
    let session = bench.cache.session();
    {
        let mut order = session.dict(&ORDERS).get_mut("k")?.expect("it is there");
        order.state.push_str("ours");
        order.total += 1;
    }
    change(&bench.cache, |theirs| theirs.state.push('t'))?;
    let (cache, mut left) = (bench.cache.clone(), times);
    MEANWHILE.set(Some(Box::new(move || {
        if left > 0 {
            left -= 1;
            let overtakes = change(&cache, |theirs| theirs.total += 2);
            overtakes.expect("nobody else is there");
        }
    })));
    let committed = session.commit();
    MEANWHILE.set(None);
    Ok(committed)
}

pub(crate) fn a_merge_that_is_overtaken_is_made_again_with_the_newer_value(bench: &Bench) {
    hold(bench, |bench| {
        let report = overtaken(bench, 5)??;
        assert_eq!((report.written, report.merged, report.merges().count()), (1, 1, 1));
        let now = order_now(bench)?;
        assert_eq!((now.total, now.state.as_str()), (21, "ours+t"), "each change once");

        let overtaken = overtaken(bench, u32::MAX)?;
        assert_eq!(reason(overtaken), "other sessions stored it again and again meanwhile");
        assert_eq!(order_now(bench)?.state, "t");
        Ok(())
    });
}

pub(crate) fn a_merged_value_in_doubt_is_told_by_its_nonce_or_sent_once_more(bench: &Bench) {
    hold(bench, |bench| {
        for fault in [Fault::AckLost, Fault::SentAndLost] {
            another_stores(bench, page("old", 10))?;
            let session = bench.cache.session();
            session.dict(&PAGES).get_mut("k")?.expect("it is there").hits += 1;
            another_stores(bench, page("theirs", 12))?;
            // Where the store tells no life from another it is merged before anything is sent;
            // otherwise one change is sent, what is there is looked at, and then the merged one.
            bench.store.fail_once_writing(if bench.tells_lives() { 2 } else { 0 }, fault);
            let report = session.commit()?;
            assert_eq!((report.written, report.merged), (1, 1), "{fault:?}");
            assert_eq!(now(bench)?, Some(page("theirs", 13)), "{fault:?}");
        }
        Ok(())
    });
}

mod older {
    use super::*;

    /// What the program stored in the version before.
    #[derive(Debug, Clone, Default, Serialize, Deserialize, Tracked)]
    pub(super) struct Before {
        pub(super) title: String,
        pub(super) hits: u32,
    }

    /// What it is now.
    #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, Tracked)]
    #[memdict(merge, from = Before)]
    pub(super) struct Now {
        pub(super) title: String,
        #[memdict(merge = sum)]
        pub(super) hits: u64,
        pub(super) lang: String,
    }

    impl From<Before> for Now {
        fn from(before: Before) -> Self {
            assert_ne!(before.title, "no title", "what the conversion cannot take");
            Self { title: before.title, hits: before.hits.into(), lang: "en".to_owned() }
        }
    }

    pub(super) static NOW: DictDef<Now> = DictDef::new("docs").on_conflict(OnConflict::Merge);

    pub(super) fn store(bench: &Bench, title: &str, hits: u32) -> Outcome {
        let title = title.to_owned();
        bench.cache.transaction(|before| {
            before.dict("docs").insert("k", Before { title: title.clone(), hits })
        })
    }
}

pub(crate) fn values_of_an_older_type_are_merged_as_what_they_convert_to(bench: &Bench) {
    use older::{NOW, Now, store};
    hold(bench, |bench| {
        // Loaded as it was stored by an older program, and changed by one meanwhile.
        store(bench, "old", 10)?;
        let session = bench.cache.session();
        {
            let mut doc = session.dict(&NOW).get_mut("k")?.expect("it converts");
            doc.hits += 1;
            doc.lang = "fr".to_owned();
        }
        store(bench, "theirs", 12)?;
        let report = session.commit()?;
        let merge = report.merges().next().expect("it is merged");
        assert_eq!(
            (merge.ours.join(" "), merge.theirs.join(" ")),
            ("hits lang".into(), "title hits".into())
        );
        let read = bench.cache.session();
        let now = read.dict(&NOW).get("k")?.expect("it is there");
        let merged = Now { title: "theirs".to_owned(), hits: 13, lang: "fr".to_owned() };
        assert_eq!(*now, merged);
        Ok(())
    });
}

pub(crate) fn a_value_that_cannot_be_used_or_converted_is_a_conflict(bench: &Bench) {
    use older::{NOW, store};
    hold(bench, |bench| {
        for (title, why) in
            [(Some("no title"), "merging them panicked"), (None, "the stored value is not usable")]
        {
            store(bench, "old", 10)?;
            let session = bench.cache.session();
            session.dict(&NOW).get_mut("k")?.expect("it converts").hits += 1;
            match title {
                Some(title) => store(bench, title, 12)?,
                None => bench.cache.transaction(|other| other.dict("docs").insert("k", 7_u64))?,
            }
            assert_eq!(reason(session.commit()), why);
        }
        Ok(())
    });
}
