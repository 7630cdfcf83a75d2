//! The copies that a session keeps for savepoints: what they cost, and what becomes of entries that
//! cannot be kept or restored, were poisoned, or whose guard was leaked.

use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

use memdict::{DictDef, Error, Opaque, ToKey};
use memdict_tests::{Bench, Session};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    Outcome, hold,
    savepoints::{CARTS, HITS, fill, hits, set, stored},
};

thread_local! {
    static ENCODED: Cell<usize> = const { Cell::new(0) };
    static DECODES: Cell<bool> = const { Cell::new(true) };
    static PANICS: Cell<bool> = const { Cell::new(false) };
}

/// A number that counts its encodings. 13 does not encode. It decodes if the thread says so.
#[derive(Debug, Clone, PartialEq)]
struct Moody(u64);

impl Serialize for Moody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ENCODED.set(ENCODED.get() + 1);
        match self.0 {
            13 => Err(serde::ser::Error::custom("not today")),
            number => number.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Moody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        assert!(!PANICS.get(), "a reason to panic");
        if DECODES.get() { Ok(Self(number)) } else { Err(serde::de::Error::custom("not today")) }
    }
}

static MOODS: DictDef<Opaque<Moody>> = DictDef::new("moods");

fn mood(session: &Session, key: impl ToKey) -> memdict::Result<Option<u64>> {
    Ok(session.dict(&MOODS).get(key)?.map(|mood| mood.0.0))
}

fn fill_moods(bench: &Bench) -> Outcome {
    bench.cache.transaction(|session| {
        (0..100).try_for_each(|n| session.dict(&MOODS).insert(n, Opaque(Moody(n + 100))))
    })
}

pub(crate) fn an_entry_that_is_not_borrowed_for_writing_costs_nothing(bench: &Bench) {
    hold(bench, |bench| {
        fill_moods(bench)?;
        let mut session = bench.cache.session();
        session.dict(&MOODS).prefetch(0..100)?;
        for n in 0..50_u64 {
            session.dict(&MOODS).get_mut(n)?.unwrap().0.0 += 1;
        }
        let (loads, commands) = (bench.store.loads(), bench.commands());
        let encoded = ENCODED.get();
        let savepoint = session.savepoint();
        assert_eq!(session.dict(&MOODS).get_many(0..100)?.len(), 100);
        assert_eq!(ENCODED.get(), encoded, "neither a savepoint nor reading encodes");

        for _ in 0..3 {
            session.dict(&MOODS).get_mut(7)?.unwrap().0.0 += 1;
        }
        assert_eq!(ENCODED.get(), encoded + 1, "once, however often it is changed");
        session.dict(&MOODS).get_mut(70)?.unwrap().0.0 += 1;
        session.dict(&MOODS).insert(71, Opaque(Moody(1)))?;
        session.dict(&MOODS).remove(72)?;
        assert_eq!(ENCODED.get(), encoded + 1, "what was only loaded needs no copy");
        session.rollback_to(&savepoint)?;
        assert_eq!(ENCODED.get(), encoded + 1);
        assert_eq!((bench.store.loads(), bench.commands()), (loads, commands));
        assert_eq!((mood(&session, 7)?, mood(&session, 70)?), (Some(108), Some(170)));
        assert_eq!(session.commit()?.written, 50);
        Ok(())
    });
}

pub(crate) fn a_value_that_cannot_be_kept_is_not_lent_and_everything_else_works(bench: &Bench) {
    hold(bench, |bench| {
        let mut session = bench.cache.session();
        session.dict(&MOODS).insert(1, Opaque(Moody(13)))?;
        session.dict(&MOODS).insert(2, Opaque(Moody(2)))?;
        let before = session.savepoint();
        let refuses = |outcome: Option<Error>| {
            let Some(Error::Encode { id, source, .. }) = &outcome else { panic!("{outcome:?}") };
            assert_eq!(id.to_string(), "moods[#1]");
            assert_eq!(source.to_string(), "not today");
        };
        let dict = session.dict(&MOODS);
        refuses(dict.get_mut(1).err());
        refuses(dict.entry(1).err());
        refuses(dict.insert(1, Opaque(Moody(1))).err());
        refuses(dict.remove(1).err());
        assert_eq!(mood(&session, 1)?, Some(13), "it is what it was");
        dict.get_mut(2)?.unwrap().0.0 = 20;
        session.rollback_to(&before)?;
        assert_eq!(mood(&session, 2)?, Some(2));
        assert!(matches!(session.commit(), Err(Error::Encode { .. })), "as without a savepoint");
        assert_eq!(bench.store.changes(), 0);

        // The copy for an earlier savepoint restores it.
        let mut session = bench.cache.session();
        session.dict(&MOODS).insert(1, Opaque(Moody(1)))?;
        let before = session.savepoint();
        session.dict(&MOODS).get_mut(1)?.unwrap().0.0 = 13;
        let _stuck = session.savepoint();
        refuses(session.dict(&MOODS).get_mut(1).err());
        session.rollback_to(&before)?;
        assert_eq!(mood(&session, 1)?, Some(1));
        assert_eq!(session.commit()?.written, 1);
        Ok(())
    });
}

pub(crate) fn an_entry_that_does_not_decode_is_poisoned_and_all_others_are_restored(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        fill_moods(bench)?;
        let changes = bench.store.changes();
        let prepared = |panics: bool| -> memdict::Result<_> {
            let mut session = bench.cache.session();
            let outer = session.savepoint();
            session.dict(&MOODS).insert("new", Opaque(Moody(1)))?;
            let inner = session.savepoint();
            set(&session, "a", 2)?;
            session.dict(&MOODS).get_mut("new")?.unwrap().0.0 = 2;
            session.dict(&MOODS).get_mut(5)?.unwrap().0.0 = 2;
            set(&session, "b", 2)?;
            if panics {
                PANICS.set(true);
                let panicked = catch_unwind(AssertUnwindSafe(|| session.rollback_to(&inner)));
                PANICS.set(false);
                assert!(panicked.is_err());
            } else {
                DECODES.set(false);
                let error = session.rollback_to(&inner).unwrap_err();
                DECODES.set(true);
                let Error::Decode { id, source, .. } = &error else { panic!("{error:?}") };
                assert_eq!(id.key.to_string(), "new");
                assert!(!source.to_string().is_empty() && error.to_string().contains("decode"));
            }
            Ok((session, outer, inner))
        };
        let is_poisoned = |session: &Session| {
            matches!(session.dict(&MOODS).get("new"), Err(Error::Poisoned { .. }))
        };

        let (session, ..) = prepared(false)?;
        assert!(is_poisoned(&session));
        assert!(matches!(session.dict(&MOODS).get(5), Err(Error::Poisoned { .. })));
        assert_eq!((hits(&session, "a")?, hits(&session, "b")?), (Some(1), Some(1)));
        assert!(matches!(session.commit(), Err(Error::Poisoned { .. })));
        assert_eq!(bench.store.changes(), changes, "nothing was sent");

        let (session, ..) = prepared(true)?;
        assert!(is_poisoned(&session));
        assert!(matches!(session.commit(), Err(Error::Poisoned { .. })));
        assert_eq!(bench.store.changes(), changes, "nothing was sent");

        for panics in [false, true] {
            // The rollback can be tried again, to this savepoint or an earlier one.
            let (mut session, outer, inner) = prepared(panics)?;
            session.rollback_to(&inner)?;
            assert_eq!((mood(&session, "new")?, mood(&session, 5)?), (Some(1), Some(105)));
            assert_eq!((hits(&session, "a")?, hits(&session, "b")?), (Some(1), Some(1)));
            session.rollback_to(&outer)?;
            assert_eq!(mood(&session, "new")?, None);
            let report = session.commit()?;
            assert_eq!((report.written, report.unchanged), (0, 0));

            let (mut session, outer, _) = prepared(panics)?;
            session.rollback_to(&outer)?;
            assert_eq!((mood(&session, "new")?, mood(&session, 5)?), (None, Some(105)));
            let report = session.commit()?;
            assert_eq!((report.written, report.unchanged), (0, 0));
        }
        assert_eq!(bench.store.changes(), changes);
        Ok(())
    });
}

fn tear(session: &Session, key: &str) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut cart = session.dict(&CARTS).get_mut(key).unwrap().unwrap();
        cart.total = 1;
        panic!("half way");
    }));
    assert!(panicked.is_err());
}

pub(crate) fn an_entry_that_was_poisoned_after_the_savepoint_is_restored(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        session.dict(&CARTS).get_mut("alice")?.unwrap().total = 5;
        let before = session.savepoint();
        tear(&session, "alice");
        tear(&session, "bob");
        session.rollback_to(&before)?;
        assert_eq!(session.dict(&CARTS).get("alice")?.unwrap().total, 5);
        session.dict(&CARTS).get_mut("bob")?.unwrap().total = 6;
        assert_eq!(session.commit()?.written, 2);

        let mut session = bench.cache.session();
        let earlier = session.savepoint();
        tear(&session, "alice");
        let later = session.savepoint();
        session.rollback_to(&later)?;
        let alice = session.dict(&CARTS).get("alice").map(drop);
        assert!(matches!(alice, Err(Error::Poisoned { .. })), "it was then");
        session.rollback_to(&earlier)?;
        assert_eq!(session.dict(&CARTS).get("alice")?.unwrap().total, 5);
        session.commit()?;
        Ok(())
    });
}

pub(crate) fn an_entry_whose_guard_was_leaked_after_the_savepoint_is_restored(bench: &Bench) {
    hold(bench, |bench| {
        fill(bench)?;
        let mut session = bench.cache.session();
        let earlier = session.savepoint();
        std::mem::forget(session.dict(&HITS).get_mut("a")?);
        let before = session.savepoint();
        std::mem::forget(session.dict(&HITS).get_mut("b")?);
        std::mem::forget(session.dict(&HITS).entry("vacant")?);
        session.rollback_to(&before)?;
        set(&session, "b", 2)?;
        set(&session, "vacant", 3)?;
        assert!(matches!(hits(&session, "a"), Err(Error::AlreadyBorrowed { .. })), "it was then");
        session.rollback_to(&earlier)?;
        set(&session, "a", 4)?;
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(stored(bench, &["a", "b", "vacant"])?, [Some(4), Some(1), None]);
        Ok(())
    });
}
