//! Guards: one object for each key, handed out once for writing.

use std::panic::{AssertUnwindSafe, catch_unwind};

use memdict::{DictDef, Entry, Error, Ref};
use memdict_tests::{Bench, Cart};

use super::{Outcome, hold};

static CARTS: DictDef<Cart> = DictDef::new("carts");

fn fill(bench: &Bench) -> Outcome {
    bench.cache.transaction(|session| {
        session.dict(&CARTS).insert("alice", Cart::of("alice", 3))?;
        session.dict(&CARTS).insert("bob", Cart::of("bob", 3))
    })
}

pub(crate) fn two_reads_of_one_key_see_one_object(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        let (a, b) = (session.dict(&CARTS), session.dict::<Cart>("carts"));
        let (first, second) = (a.get("alice")?.unwrap(), b.get("alice")?.unwrap());
        assert!(std::ptr::eq(&raw const *first, &raw const *second));
        drop((first, second));
        a.get_mut("alice")?.unwrap().total = 7;
        assert_eq!(b.get("alice")?.unwrap().total, 7);
        assert_eq!(bench.store.loads(), 1);
        // What others commit is not seen: each key is read once.
        bench.cache.transaction(|other| other.dict(&CARTS).insert("alice", Cart::default()))?;
        assert_eq!(b.get("alice")?.unwrap().total, 7);
        Ok(())
    });
}

fn is_borrowed<T>(result: memdict::Result<T>) -> bool {
    matches!(result, Err(Error::AlreadyBorrowed { id, .. }) if id.to_string() == "carts[alice]")
}

pub(crate) fn a_key_in_two_guards_is_already_borrowed(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        let writing = carts.get_mut("alice")?.unwrap();
        assert!(is_borrowed(carts.get("alice")));
        assert!(is_borrowed(carts.get_mut("alice")));
        assert!(is_borrowed(carts.entry("alice")));
        assert!(is_borrowed(carts.insert("alice", Cart::default())));
        assert!(is_borrowed(carts.remove("alice")));
        assert!(is_borrowed(carts.contains_key("alice")));
        assert!(carts.get_mut("bob")?.is_some(), "another key is free");
        drop(writing);

        let reading = carts.get("alice")?.unwrap();
        assert!(carts.get("alice")?.is_some(), "reading is shared");
        assert!(is_borrowed(carts.get_mut("alice")));
        assert!(is_borrowed(carts.insert("alice", Cart::default())));
        assert!(is_borrowed(carts.remove("alice")));
        drop(reading);
        assert!(carts.get_mut("alice")?.is_some());
        Ok(())
    });
}

pub(crate) fn one_name_with_two_types_is_the_wrong_type(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        session.dict(&CARTS).get("alice")?;
        let wrong = session.dict::<u64>("carts");
        for error in [
            wrong.get("alice").err(),
            wrong.get("nobody").err(),
            wrong.insert("alice", 1).err(),
            wrong.get_many(["alice"]).err(),
        ] {
            let Some(Error::WrongType { id, is, asked, .. }) = error else {
                panic!("not the wrong type: {error:?}")
            };
            assert_eq!((&*id.dict, asked), ("carts", "u64"));
            assert!(is.ends_with("Cart"));
        }
        assert!(session.dict(&CARTS).get("alice")?.is_some(), "the right one goes on");
        Ok(())
    });
}

pub(crate) fn an_unused_guard_of_a_removed_key_leaves_it_removed(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        carts.remove("alice")?;
        drop(carts.entry("alice")?);
        assert!(carts.get_mut("alice")?.is_none());
        assert_eq!(session.commit()?.removed, 1);
        assert!(bench.cache.session().dict(&CARTS).get("alice")?.is_none());
        Ok(())
    });
}

pub(crate) fn entries_work_as_in_a_hash_map(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        let hits = session.dict::<u64>("hits");
        assert_eq!(*hits.entry("a")?.or_insert(1), 1);
        assert_eq!(*hits.entry("a")?.or_insert(2), 1);
        assert_eq!(*hits.entry("b")?.or_insert_with(|| 3), 3);
        assert_eq!(*hits.entry("c")?.or_default(), 0);
        assert_eq!(*hits.entry("a")?.and_modify(|n| *n += 10).or_insert(0), 11);
        assert_eq!(*hits.entry("d")?.and_modify(|n| *n += 10).or_insert(4), 4);
        let parsed: Result<_, std::num::ParseIntError> =
            hits.entry("e")?.or_try_insert_with(|| "12".parse());
        assert_eq!(*parsed.expect("a number"), 12);
        assert!(hits.entry("f")?.or_try_insert_with(|| "no".parse::<u64>()).is_err());
        assert!(hits.get("f")?.is_none(), "it stays vacant");
        match hits.entry("a")? {
            Entry::Occupied(entry) => {
                assert_eq!((*entry.get(), entry.key().to_string()), (11, "a".to_owned()));
                entry.remove();
            }
            Entry::Vacant(_) => panic!("there is one"),
        }
        match hits.entry("g")? {
            Entry::Occupied(_) => panic!("there is none"),
            Entry::Vacant(entry) => *entry.insert(6) += 1,
        }
        assert_eq!(hits.entry("h")?.key().to_string(), "h");
        assert_eq!(session.commit()?.written, 5);
        let session = bench.cache.session();
        let all = session.dict::<u64>("hits").get_many(["a", "b", "c", "d", "e", "f", "g"])?;
        let all: Vec<_> = all.iter().map(|hits| hits.as_deref().copied()).collect();
        assert_eq!(all, [None, Some(3), Some(0), Some(4), Some(12), None, Some(7)]);
        Ok(())
    });
}

pub(crate) fn changed_fields_compares_with_what_was_loaded(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        let mut cart = carts.get_mut("alice")?.unwrap();
        assert!(!cart.is_dirty() && cart.changed_fields().is_empty());
        {
            let mut view = cart.edit();
            view.coupon.set(None);
            view.owner.assign("alice");
            *view.cached = Some(1);
        }
        assert!(!cart.is_dirty(), "a view marks only what it changes");
        cart.edit().address.city.assign("Lille");
        cart.edit().total.set(9);
        assert_eq!(cart.changed_fields(), ["total", "address.city"]);
        cart.items[0].price += 1;
        assert_eq!(cart.changed_fields(), ["items", "total", "address.city"]);
        cart.edit().total.set(0);
        cart.items[0].price -= 1;
        drop(cart);
        let cart = carts.get_mut("alice")?.unwrap();
        assert!(cart.is_dirty(), "by an earlier guard");
        assert_eq!(cart.changed_fields(), ["address.city"]);

        let new = carts.entry("new")?.or_default();
        let all = ["owner", "items", "total", "coupon", "attrs", "address.street", "address.city"];
        assert_eq!(new.changed_fields(), all);
        let hits = session.dict::<u64>("hits");
        assert_eq!(hits.entry("a")?.or_default().changed_fields(), [""]);
        Ok(())
    });
}

pub(crate) fn reverting_gives_back_what_was_loaded_or_nothing(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        let mut cart = carts.get_mut("alice")?.unwrap();
        cart.items.clear();
        drop(cart);
        carts.get_mut("alice")?.unwrap().revert()?;
        let cart = carts.get_mut("alice")?.unwrap();
        assert_eq!(*cart, Cart::of("alice", 3));
        assert!(!cart.is_dirty());
        drop(cart);

        carts.entry("new")?.or_default().revert()?;
        assert!(carts.get("new")?.is_none());
        carts.insert("bob", Cart::default())?;
        carts.get_mut("bob")?.unwrap().revert()?;
        assert_eq!(carts.get("bob")?.unwrap().owner, "bob", "never read before: read now");
        let report = session.commit()?;
        assert_eq!((report.written, report.removed), (0, 0));
        Ok(())
    });
}

pub(crate) fn a_leaked_guard_is_still_borrowed_at_commit(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let before = bench.store.changes();
        let session = bench.cache.session();
        session.dict(&CARTS).insert("bob", Cart::default())?;
        std::mem::forget(session.dict(&CARTS).get_mut("alice")?);
        let error = session.commit().unwrap_err();
        assert!(
            matches!(&error, Error::StillBorrowed { id, .. } if id.to_string() == "carts[alice]")
        );
        assert_eq!(bench.store.changes(), before, "nothing was sent");
        Ok(())
    });
}

pub(crate) fn a_panic_while_changing_poisons_and_one_while_reading_does_not(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let before = bench.store.changes();
        let session = bench.cache.session();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let mut cart = session.dict(&CARTS).get_mut("alice").unwrap().unwrap();
            cart.total = 1;
            panic!("half way");
        }));
        assert!(panicked.is_err());
        assert!(matches!(session.dict(&CARTS).get("alice"), Err(Error::Poisoned { .. })));
        assert!(matches!(session.commit(), Err(Error::Poisoned { .. })));
        assert_eq!(bench.store.changes(), before);

        let session = bench.cache.session();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let cart = session.dict(&CARTS).get_mut("alice").unwrap().unwrap();
            assert_eq!(cart.total, 1, "a reason to panic");
        }));
        assert!(panicked.is_err());
        assert_eq!(session.commit()?.unchanged, 1);
        Ok(())
    });
}

pub(crate) fn debug_shows_keys_and_never_values(bench: &Bench) {
    hold(bench, |bench| {
        let secret = "hunter2";
        bench.cache.transaction(|session| {
            let cart = Cart { owner: secret.into(), ..Cart::default() };
            session.dict(&CARTS).insert("alice", cart)
        })?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        let mut shown = format!("{:?}", carts.get("alice")?);
        let mut writing = carts.get_mut("alice")?.unwrap();
        shown += &format!("{writing:?}");
        shown += &format!("{:?}", writing.edit().owner);
        drop(writing);
        shown += &format!("{:?} {:?}", carts.entry("alice")?, carts.entry("bob")?);
        shown += &format!("{carts:?} {session:?} {:?} {:?}", bench.cache, bench.store.inner());
        shown += &format!("{:?}", session.commit()?);
        for word in ["alice", "bob", "carts"] {
            assert!(shown.contains(word), "{shown}");
        }
        assert!(!shown.contains(secret), "{shown}");
        Ok(())
    });
}

pub(crate) fn guards_work_across_threads(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        std::thread::scope(|scope| {
            for key in ["alice", "bob"] {
                let session = &session;
                scope.spawn(move || {
                    session.dict(&CARTS).get_mut(key).unwrap().unwrap().total = 5;
                });
            }
        });
        let moved = session.dict(&CARTS).get_mut("alice")?.unwrap();
        std::thread::scope(|scope| scope.spawn(move || drop(moved)).join()).expect("no panic");
        assert_eq!(session.commit()?.written, 2);

        // Many threads that ask for one key at once load one object.
        let session = bench.cache.session();
        let addresses: Vec<usize> = std::thread::scope(|scope| {
            let ask = || {
                let cart = session.dict(&CARTS).get("alice").unwrap().unwrap();
                &raw const *cart as usize
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert!(addresses.windows(2).all(|pair| pair[0] == pair[1]));
        Ok(())
    });
}

pub(crate) fn many_are_read_in_the_order_asked_with_one_load_each(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        let asked = ["bob", "nobody", "alice", "bob"];
        let all = carts.get_many(asked)?;
        let owners: Vec<_> = all.iter().map(|cart| cart.as_ref().map(|c| &*c.owner)).collect();
        assert_eq!(owners, [Some("bob"), None, Some("alice"), Some("bob")]);
        assert_eq!(bench.store.loads(), 3);
        carts.prefetch(asked)?;
        drop(all);
        assert!(carts.get_mut("bob")?.is_some());
        assert_eq!(bench.store.loads(), 3, "what is known is not loaded again");
        Ok(())
    });
}

pub(crate) fn a_guard_is_cloned_by_name_and_its_value_by_clone(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&CARTS).insert("alice", Cart::of("alice", 1))?;
        let cart = session.dict(&CARTS).get("alice")?.expect("it was inserted");
        let same = Ref::clone(&cart);
        assert!(std::ptr::eq(&*cart, &*same));
        let values: [Cart; 2] = [cart.clone(), cart.cloned()];
        drop((cart, same));
        assert!(session.dict(&CARTS).get_mut("alice")?.is_some(), "no guard is left");
        assert!(values.iter().all(|cart| cart.owner == "alice"));
        Ok(())
    });
}

pub(crate) fn an_occupied_entry_is_changed_in_place_or_replaced(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict("hits").insert("a", 1_u64))?;
        let session = bench.cache.session();
        let hits = session.dict::<u64>("hits");
        let Entry::Occupied(mut entry) = hits.entry("a")? else { panic!("it was stored") };
        *entry.get_mut() += 1;
        assert_eq!((*entry.get(), entry.insert(7), *entry.get()), (2, 2, 7));
        drop(entry);
        assert_eq!(session.commit()?.written, 1);
        let session = bench.cache.session();
        assert_eq!(session.dict::<u64>("hits").get("a")?.as_deref(), Some(&7));
        Ok(())
    });
}
