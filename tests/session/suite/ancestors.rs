//! What the ancestors promise, and what they get wrong.

use memdict::{DictDef, Error};
use memdict_tests::{Bench, Cart, Item};

use super::hold;

static CARTS: DictDef<Cart> = DictDef::new("carts");
static LISTS: DictDef<Vec<u32>> = DictDef::new("lists");
static HITS: DictDef<u64> = DictDef::new("hits");

// Products.mcdutils: three defects.

/// `mapping['l'].append(2)` is not seen there, and never written.
pub(crate) fn a_nested_change_is_seen_and_written(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| {
            session.dict(&LISTS).insert("l", vec![1])?;
            session.dict(&CARTS).insert("c", Cart::of("ann", 1))
        })?;
        let session = bench.cache.session();
        session.dict(&LISTS).get_mut("l")?.unwrap().push(2);
        {
            let carts = session.dict(&CARTS);
            let mut cart = carts.get_mut("c")?.unwrap();
            cart.items[0].price = 9;
            cart.attrs.get_mut("0").expect("it has one").push('!');
            assert!(cart.is_dirty());
            assert_eq!(cart.changed_fields(), ["items", "attrs"]);
        }
        assert_eq!(session.commit()?.written, 2);

        let session = bench.cache.session();
        assert_eq!(*session.dict(&LISTS).get("l")?.unwrap(), [1, 2]);
        let carts = session.dict(&CARTS);
        let cart = carts.get("c")?.unwrap();
        assert_eq!(cart.items, [Item { sku: "sku-0".into(), price: 9 }]);
        assert_eq!(cart.attrs["0"], "attr 0!");
        Ok(())
    });
}

/// A mapping that is held over an abort stays dirty there: what is set afterwards never joins a
/// transaction, and so is never written.
pub(crate) fn what_is_changed_after_an_abort_is_written(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&HITS).insert("a", 1))?;
        let session = bench.cache.session();
        *session.dict(&HITS).get_mut("a")?.unwrap() = 99;
        session.rollback();

        let aborted = bench.cache.transaction(|session| -> memdict::Result<()> {
            *session.dict(&HITS).get_mut("a")?.unwrap() = 98;
            Err(Error::user("changed my mind"))
        });
        assert!(matches!(aborted, Err(Error::User(_))));

        let session = bench.cache.session();
        let dict = session.dict(&HITS);
        let mut hits = dict.get_mut("a")?.unwrap();
        assert_eq!((*hits, hits.is_dirty()), (1, false), "nothing is left of the abort");
        *hits = 2;
        drop(hits);
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(*bench.cache.session().dict(&HITS).get("a")?.unwrap(), 2);
        Ok(())
    });
}

/// The rollback of a savepoint does nothing there: what was rolled back is committed.
pub(crate) fn a_rollback_to_a_savepoint_really_rolls_back(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&HITS).insert("a", 0))?;
        let mut session = bench.cache.session();
        *session.dict(&HITS).get_mut("a")?.unwrap() = 1;
        let savepoint = session.savepoint();
        *session.dict(&HITS).get_mut("a")?.unwrap() = 2;
        session.rollback_to(&savepoint)?;
        assert_eq!(*session.dict(&HITS).get("a")?.unwrap(), 1);
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(*bench.cache.session().dict(&HITS).get("a")?.unwrap(), 1);
        Ok(())
    });
}

// ERP5's Memcached Tool: what its own tests check. Its `d[()] = v`, a `TypeError`, does not
// compile here (`ui/not_a_key`); lifetimes have tests of their own (`commit`).

/// Its `test_02_insertValue`.
pub(crate) fn an_inserted_value_is_read_and_overwritten_in_one_session(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        for total in [1, 2] {
            session.dict(&CARTS).insert("k", Cart { total, ..Cart::default() })?;
            assert_eq!(session.dict(&CARTS).get("k")?.unwrap().total, total);
        }
        Ok(())
    });
}

/// Its `test_03_insertValueAndCommit`.
pub(crate) fn a_value_is_one_object_until_the_commit_and_an_equal_one_after_it(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&CARTS).insert("k", Cart::of("ann", 2))?;
        let before = {
            let carts = session.dict(&CARTS);
            let (one, same) = (carts.get("k")?.unwrap(), carts.get("k")?.unwrap());
            assert!(std::ptr::eq(&raw const *one, &raw const *same));
            (*one).clone()
        };
        session.commit()?;
        let session = bench.cache.session();
        let carts = session.dict(&CARTS);
        assert_eq!(*carts.get("k")?.unwrap(), before);
        assert_eq!(bench.store.loads(), 1, "it was made anew");
        Ok(())
    });
}

/// Its `test_04_deleteValue` and `test_05_deleteValueAndCommit`.
pub(crate) fn a_removed_value_is_a_miss_before_and_after_the_commit(bench: &Bench) {
    hold(bench, |bench| {
        let session = bench.cache.session();
        session.dict(&HITS).insert("k", 1)?;
        assert!(session.dict(&HITS).contains_key("k")?);
        session.dict(&HITS).remove("k")?;
        assert!(session.dict(&HITS).get("k")?.is_none());
        session.commit()?;
        assert!(bench.cache.session().dict(&HITS).get("k")?.is_none());

        bench.cache.transaction(|session| session.dict(&HITS).insert("k", 1))?;
        let session = bench.cache.session();
        session.dict(&HITS).remove("k")?;
        assert!(session.dict(&HITS).get("k")?.is_none());
        assert_eq!(session.commit()?.removed, 1);
        assert!(bench.cache.session().dict(&HITS).get("k")?.is_none());
        Ok(())
    });
}
