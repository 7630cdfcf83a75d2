//! What `Error::Conflict` says: which keys of which types, who changed which fields, what happened
//! to the stored value, and what became of the rest of the commit.

use memdict::{ConflictCause, DictDef, Error, KeyConflict, OnConflict, OnVanished};
use memdict_tests::{Bench, Cart, Fault, Item, Session};

use super::{
    Outcome,
    conflicts::{another_stores, here, page, pages},
    hold,
};

static CARTS: DictDef<Cart> = DictDef::new("carts");
static KEPT: DictDef<Cart> = DictDef::new("kept").on_vanished(OnVanished::Fail);

/// Returns the error of a session with four keys in conflict, one that is written and one that is
/// removed.
fn conflict(bench: &Bench) -> Result<(Vec<KeyConflict>, Error), Error> {
    bench.cache.transaction(|session| {
        for key in ["both", "removed", "written", "gone"] {
            session.dict(&CARTS).insert(key, Cart::of("alice", 3))?;
        }
        session.dict(&KEPT).insert("evicted", Cart::of("alice", 3))
    })?;
    let session = bench.cache.session();
    let carts = session.dict(&CARTS);
    {
        let mut cart = carts.get_mut("both")?.expect("it is there");
        cart.total = 7;
        cart.address.city.push_str("Lille");
    }
    carts.contains_key("removed")?;
    carts.remove("removed")?;
    carts.get_mut("written")?.expect("it is there").total = 7;
    carts.remove("gone")?;
    drop(carts.entry("created")?.or_insert(Cart::of("alice", 1)));
    session.dict(&KEPT).get_mut("evicted")?.expect("it is there").total = 7;
    session.note("an order");

    bench.cache.transaction(|other| {
        let carts = other.dict(&CARTS);
        {
            let mut cart = carts.get_mut("both")?.expect("it is there");
            cart.owner.push('!');
            cart.items.push(Item::default());
        }
        carts.get_mut("removed")?.expect("it is there").coupon = Some("SPRING".to_owned());
        carts.insert("created", Cart::of("bob", 2))
    })?;
    bench.store.evict(b"memdict:kept:evicted");
    let error = session.commit().expect_err("four keys are in conflict");
    let Error::Conflict { conflicts, .. } = &error else { panic!("{error:?}") };
    Ok((conflicts.clone(), error))
}

pub(crate) fn a_conflict_names_each_key_its_type_and_who_changed_which_fields(bench: &Bench) {
    hold(bench, |bench| {
        let (mut conflicts, error) = conflict(bench)?;
        conflicts.sort_by_key(|conflict| conflict.id.key.to_string());
        let told = conflicts.iter().map(|conflict| {
            assert_eq!(conflict.type_name, std::any::type_name::<Cart>());
            assert_eq!(conflict.reason, None, "no merge was tried");
            let [ours, theirs] = [&conflict.ours, &conflict.theirs].map(|paths| paths.join(" "));
            let (dict, key) = (&conflict.id.dict, &conflict.id.key);
            format!("{dict}[{key}] {:?}: {ours} | {theirs}", conflict.cause)
        });
        let told: Vec<_> = told.collect();
        let all = "owner items total coupon attrs address.street address.city";
        assert_eq!(
            told,
            [
                "carts[both] Overwritten: total address.city | owner items",
                &format!("carts[created] Overwritten: {all} | "),
                "kept[evicted] Vanished: total | ",
                "carts[removed] Overwritten:  | coupon",
            ]
        );
        let Error::Conflict { report, attempts: 1, .. } = &error else { panic!("{error:?}") };
        let keys = |ids: Vec<&memdict::EntryId>| -> Vec<String> {
            ids.into_iter().map(ToString::to_string).collect()
        };
        assert_eq!(keys(report.written_keys().collect()), ["carts[written]"]);
        assert_eq!(keys(report.removed_keys().collect()), ["carts[gone]"]);
        assert_eq!(report.notes().collect::<Vec<_>>(), ["an order"]);
        assert!(!error.is_transient(), "a part of it has landed");
        Ok(())
    });
}

pub(crate) fn a_conflict_says_in_words_what_happened(bench: &Bench) {
    hold(bench, |bench| {
        let (conflicts, error) = conflict(bench)?;
        let text = |key: &str| {
            let conflict = conflicts.iter().find(|conflict| conflict.id.key.to_string() == key);
            conflict.expect("it is in conflict").to_string()
        };
        let cart = std::any::type_name::<Cart>();
        assert_eq!(
            text("both"),
            format!(
                "`carts[both]` (`{cart}`) was overwritten by another session, which changed \
                 `owner`, `items`; this session changed `total`, `address.city`"
            )
        );
        assert_eq!(
            text("evicted"),
            format!(
                "`kept[evicted]` (`{cart}`) is gone: evicted, expired or removed; this session changed `total`"
            )
        );
        let text = error.to_string();
        assert!(text.contains("carts[both]") && text.contains("kept[evicted]"), "{text}");
        assert!(text.contains("wrote 1 and removed 1") && text.contains("attempt 1"), "{text}");
        assert!(!text.contains("alice") && !text.contains("SPRING"), "no value: {text}");

        another_stores(bench, page("old", 10))?;
        let session = bench.cache.session();
        here(&session, &pages(OnConflict::Fail), "changed")?;
        bench.restart();
        another_stores(bench, page("theirs", 10))?;
        let text = session.commit().expect_err("a conflict").to_string();
        if bench.tells_lives() {
            assert!(text.contains("cannot be compared, because its server restarted"), "{text}");
        }
        assert!(text.contains("`title`; this session changed `hits`"), "{text}");
        assert!(text.contains("nothing of the commit was written"), "{text}");
        Ok(())
    });
}

pub(crate) fn a_value_that_is_one_part_is_changed_as_a_whole(bench: &Bench) {
    hold(bench, |bench| {
        let hits: DictDef<u64> = DictDef::new("hits");
        bench.cache.transaction(|session| session.dict(&hits).insert("a", 1))?;
        let session = bench.cache.session();
        *session.dict(&hits).get_mut("a")?.expect("it is there") += 1;
        bench.cache.transaction(|other| other.dict(&hits).insert("a", 10))?;
        let error = session.commit().expect_err("a conflict");
        let Error::Conflict { conflicts, .. } = &error else { panic!("{error:?}") };
        assert_eq!([&conflicts[0].ours, &conflicts[0].theirs], [&[String::new()]; 2]);
        let text = error.to_string();
        assert!(
            text.contains("changed the whole value; this session changed the whole value"),
            "{text}"
        );
        Ok(())
    });
}

/// If the stored value cannot be compared, the conflict says what is known.
pub(crate) fn a_conflict_about_an_unreadable_value_says_what_is_known(bench: &Bench) {
    hold(bench, |bench| {
        another_stores(bench, page("old", 10))?;
        let session = bench.cache.session();
        here(&session, &pages(OnConflict::Fail), "changed")?;
        bench.cache.transaction(|other| other.dict("pages").insert("k", 7_u64))?;
        let Err(Error::Conflict { conflicts, .. }) = session.commit() else { panic!("a conflict") };
        assert_eq!(
            (&conflicts[0].ours[..], conflicts[0].theirs.len()),
            (&["hits".to_owned()][..], 0)
        );
        assert_eq!(conflicts[0].cause, ConflictCause::Overwritten);

        // The look that would explain it does not reach the store.
        another_stores(bench, page("old", 10))?;
        let session = bench.cache.session();
        here(&session, &pages(OnConflict::Fail), "changed")?;
        another_stores(bench, page("theirs", 10))?;
        bench.store.fail_in(1, Fault::Down);
        let Err(Error::Conflict { conflicts, .. }) = session.commit() else { panic!("a conflict") };
        assert_eq!(
            (&conflicts[0].ours[..], conflicts[0].theirs.len()),
            (&["hits".to_owned()][..], 0)
        );
        Ok(())
    });
}

pub(crate) fn an_error_is_transient_only_if_certainly_nothing_was_written(bench: &Bench) {
    hold(bench, |bench| {
        type Also = fn(&Session, &Bench) -> Outcome;
        let also: [(&str, bool, Also); 6] = [
            ("alone", true, |_, _| Ok(())),
            ("another is in conflict", true, |session, bench| {
                drop(session.dict::<u64>("hits").entry("a")?.or_insert(1));
                bench.cache.transaction(|other| other.dict("hits").insert("a", 2_u64))
            }),
            ("another is unchanged", true, |session, bench| {
                bench.cache.transaction(|other| other.dict("hits").insert("a", 2_u64))?;
                session.dict::<u64>("hits").get_mut("a")?;
                Ok(())
            }),
            ("another is written", false, |session, _| session.dict("hits").insert("a", 1_u64)),
            ("another is removed", false, |session, _| session.dict::<u64>("hits").remove("a")),
            ("another is refused", false, |session, _| {
                session.dict("names").insert("a", "x".repeat(2 << 20))
            }),
        ];
        for (what, transient, also) in also {
            bench.cache.transaction(|other| other.dict::<u64>("hits").remove("a"))?;
            another_stores(bench, page("old", 10))?;
            let session = bench.cache.session();
            here(&session, &pages(OnConflict::Fail), "changed")?;
            also(&session, bench)?;
            another_stores(bench, page("theirs", 10))?;
            let error = session.commit().expect_err("a conflict");
            assert!(matches!(error, Error::Conflict { .. }), "{what}: {error:?}");
            assert_eq!(error.is_transient(), transient, "{what}");
        }
        assert!(!Error::user("refused").is_transient() && !Error::Doomed.is_transient());
        Ok(())
    });
}
