//! What a commit sends, and what it reports.

use memdict::DictDef;
use memdict_tests::{Bench, Cache, Cart, Fault, Item, ONE_SECOND_LIFE, wait_until};

use super::{Outcome, hold};

static CARTS: DictDef<Cart> = DictDef::new("carts");

fn fill(cache: &Cache, many: u64) -> Outcome {
    cache.transaction(|session| {
        let carts = session.dict(&CARTS);
        (0..many).try_for_each(|n| carts.insert(n, Cart::of("alice", 5)))
    })
}

pub(crate) fn if_1_of_100_loaded_values_changes_1_storage_command_is_sent(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache, 100)?;
        let before = bench.commands();
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        carts.prefetch(0..100)?;
        for n in 0..100 {
            let mut cart = carts.get_mut(n)?.expect("it was stored");
            if n == 42 {
                cart.total += 1;
            }
        }
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (1, 99));
        assert_eq!(bench.commands() - before, 1);
        Ok(())
    });
}

pub(crate) fn a_session_that_only_reads_sends_nothing(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache, 10)?;
        let (commands, changes) = (bench.commands(), bench.store.changes());
        let session = bench.cache.session();
        assert_eq!(session.dict(&CARTS).get_many(0..10)?.iter().flatten().count(), 10);
        assert!(session.dict(&CARTS).get("nobody")?.is_none());
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (0, 0));
        assert_eq!(bench.commands(), commands);
        assert_eq!(bench.store.changes(), changes);
        Ok(())
    });
}

pub(crate) fn assigning_the_same_value_sends_nothing_even_with_a_hash_map_inside(bench: &Bench) {
    hold(bench, |bench| {
        let many = Cart::of("alice", 20);
        bench.cache.transaction(|session| session.dict(&CARTS).insert("a", many.clone()))?;
        let before = bench.store.changes();
        // Each decoded map has its own order, so bytes alone would nearly always differ.
        for _ in 0..10 {
            let session = bench.cache.session();
            *session.dict(&CARTS).get_mut("a")?.expect("it was stored") = many.clone();
            let report = session.commit()?;
            assert_eq!((report.written, report.unchanged), (0, 1));
        }
        assert_eq!(bench.store.changes(), before);
        Ok(())
    });
}

pub(crate) fn a_change_at_any_depth_is_written(bench: &Bench) {
    type Edit = fn(&mut Cart);
    let edits: [Edit; 8] = [
        |cart| cart.owner.push('!'),
        |cart| cart.items[3].price += 1,
        |cart| cart.items.push(Item::default()),
        |cart| cart.recompute(),
        |cart| cart.coupon = Some("SPRING".into()),
        |cart| cart.attrs.get_mut("2").expect("it is there").push('!'),
        |cart| drop(cart.attrs.remove("1")),
        |cart| cart.address.city.push_str("Lille"),
    ];
    hold(bench, |bench| {
        for (n, edit) in edits.into_iter().enumerate() {
            let mut expected = Cart::of("alice", 5);
            bench.cache.transaction(|session| session.dict(&CARTS).insert(n, expected.clone()))?;
            edit(&mut expected);
            let session = bench.cache.session();
            edit(&mut session.dict(&CARTS).get_mut(n)?.expect("it was stored"));
            assert_eq!(session.commit()?.written, 1, "edit {n}");
            let session = bench.cache.session();
            let carts = session.dict(&CARTS);
            assert_eq!(*carts.get(n)?.expect("it was stored"), expected, "edit {n}");
        }
        Ok(())
    });
}

pub(crate) fn a_value_that_is_changed_and_changed_back_is_not_written(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache, 1)?;
        let session = bench.cache.session();
        {
            let mut cart = session.dict(&CARTS).get_mut(0)?.expect("it was stored");
            cart.total = 7;
            cart.attrs.insert("new".into(), "x".into());
            cart.total = 0;
            cart.attrs.remove("new");
            cart.cached = Some(1); // not stored
            assert!(cart.is_dirty());
        }
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (0, 1));
        Ok(())
    });
}

pub(crate) fn an_insert_overwrites_without_a_read_and_compares_after_one(bench: &Bench) {
    hold(bench, |bench| {
        let hits = |session: &memdict_tests::Session, n| session.dict::<u64>("hits").insert("a", n);
        let session = bench.cache.session();
        hits(&session, 1)?;
        assert_eq!(*session.dict::<u64>("hits").get("a")?.expect("inserted"), 1);
        assert_eq!(bench.store.loads(), 0, "neither call needs the store");
        assert_eq!(session.commit()?.written, 1);

        // Without a read, the value is written even if the store holds the same.
        let session = bench.cache.session();
        hits(&session, 1)?;
        assert_eq!(session.commit()?.written, 1);

        // After a read, it is written only if it differs, and only over what was read.
        let session = bench.cache.session();
        assert!(session.dict::<u64>("hits").contains_key("a")?);
        hits(&session, 1)?;
        assert_eq!(session.commit()?.unchanged, 1);

        let session = bench.cache.session();
        assert!(session.dict::<u64>("hits").contains_key("a")?);
        hits(&session, 3)?;
        bench.cache.transaction(|other| hits(other, 2))?;
        assert!(session.commit().is_err_and(|error| error.is_transient()));
        Ok(())
    });
}

pub(crate) fn a_removed_value_is_deleted_and_a_later_insert_replaces_it(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache, 3)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        carts.remove(0)?;
        assert!(carts.get(0)?.is_none(), "removed in this session");
        assert!(carts.contains_key(1)?);
        carts.remove(1)?;
        carts.remove("never there")?;
        carts.contains_key(2)?;
        carts.remove(2)?;
        carts.insert(2, Cart::of("bob", 1))?;
        let report = session.commit()?;
        assert_eq!((report.removed, report.written), (3, 1));

        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        assert!(carts.get(0)?.is_none() && carts.get(1)?.is_none());
        assert_eq!(carts.get(2)?.expect("inserted again").owner, "bob");
        Ok(())
    });
}

pub(crate) fn a_session_that_is_dropped_or_rolled_back_writes_nothing(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&CARTS).insert("a", Cart::default())?;
        drop(session);
        let session = bench.cache.session();
        session.dict(&CARTS).insert("a", Cart::default())?;
        session.rollback();
        assert_eq!(bench.store.changes(), 0);
        assert!(bench.cache.session().dict(&CARTS).get("a")?.is_none());
        Ok(())
    });
}

pub(crate) fn the_report_names_every_key(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache, 3)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        carts.get_mut(0)?.expect("it was stored").total = 1;
        drop(carts.get_mut(1)?);
        carts.remove(2)?;
        session.dict::<u64>("hits").insert("all", 1)?;
        let report = session.commit()?;
        let named = |ids: Vec<&memdict::EntryId>| -> Vec<String> {
            ids.into_iter().map(ToString::to_string).collect()
        };
        assert_eq!(named(report.written_keys().collect()), ["carts[#0]", "hits[all]"]);
        assert_eq!(named(report.unchanged_keys().collect()), ["carts[#1]"]);
        assert_eq!(named(report.removed_keys().collect()), ["carts[#2]"]);
        assert_eq!(report.recreated_keys().count(), 0);
        Ok(())
    });
}

pub(crate) fn values_that_are_one_part_can_be_entries(bench: &Bench) {
    hold(bench, |bench| {
        for expected in 1..=3 {
            let hits = bench.cache.transaction(|session| {
                let mut hits = session.dict::<u64>("hits").entry("all")?.or_default();
                *hits += 1;
                Ok(*hits)
            })?;
            assert_eq!(hits, expected);
        }
        bench.cache.transaction(|session| {
            session.dict::<Vec<String>>("lists").entry("a")?.or_default().push("x".into());
            session.dict::<(u8, Option<bool>)>("pairs").insert("a", (1, None))
        })?;
        let session = bench.cache.session();
        assert_eq!(*session.dict::<Vec<String>>("lists").get("a")?.expect("stored"), ["x"]);
        let pairs = session.dict::<(u8, Option<bool>)>("pairs");
        assert_eq!(*pairs.get("a")?.expect("stored"), (1, None));
        Ok(())
    });
}

pub(crate) fn a_vanished_value_is_recreated(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache, 2)?;
        let session = bench.cache.session();
        for n in 0..2 {
            session.dict(&CARTS).get_mut(n)?.expect("it was stored").total = 1;
        }
        bench.store.fail_in(0, Fault::Evicted);
        let report = session.commit()?;
        assert_eq!((report.written, report.recreated), (2, 1));
        assert_eq!(report.recreated_keys().count(), 1);
        assert_eq!(bench.cache.session().dict(&CARTS).get(0)?.expect("recreated").total, 1);
        Ok(())
    });
}

pub(crate) fn lifetimes_are_those_of_the_definition_that_wrote(bench: &Bench) {
    static SHORT: DictDef<u64> = DictDef::new("lives").ttl_secs(1);
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict::<u64>("lives").insert("long", 1)?;
        session.dict(&SHORT).insert("short", 1)?;
        session.dict(&SHORT).insert("now long", 1)?;
        session.dict::<u64>("lives").insert("now long", 1)?;
        session.commit()?;
        wait_until(ONE_SECOND_LIFE, "a lifetime ends", || {
            let session = bench.cache.session();
            session.dict::<u64>("lives").get("short").is_ok_and(|short| short.is_none())
        });
        let session = bench.cache.session();
        let lives = session.dict::<u64>("lives");
        assert!(lives.get("long")?.is_some() && lives.get("now long")?.is_some());
        Ok(())
    });
}

pub(crate) fn many_entries_are_written_in_one_commit(bench: &Bench) {
    hold(bench, |bench| {
        let many = 2_500;
        fill(&bench.cache, many)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        carts.prefetch(0..many)?;
        for n in 0..many {
            carts.get_mut(n)?.expect("it was stored").edit().total.set(n);
        }
        let report = session.commit()?;
        assert_eq!((report.written, report.unchanged), (2_499, 1));
        let session = bench.cache.session();
        let all = session.dict(&CARTS).get_many(0..many)?;
        assert!(all.iter().flatten().map(|cart| cart.total).eq(0..many));
        Ok(())
    });
}
