//! The application's code that memdict calls may use the session: no lock is held meanwhile.

use std::{
    cell::RefCell,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use memdict::{DictDef, Tracked};
use memdict_tests::{Bench, Session};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Outcome, hold};

thread_local! {
    /// The session that the values use.
    static SESSION: RefCell<Option<Arc<Session<'static>>>> = const { RefCell::new(None) };
    /// How often they used it.
    static USES: RefCell<u32> = const { RefCell::new(0) };
}

/// Uses the session, as a value's own code may. A use inside a use does nothing.
fn use_session() {
    if let Some(session) = SESSION.take() {
        let _ = session.dict(&NOSY).contains_key("a");
        let _ = session.dict(&NOSY).get("a").map(drop);
        let _ = session.dict::<u64>("hits").insert("used", 1);
        USES.with_borrow_mut(|uses| *uses += 1);
        SESSION.set(Some(session));
    }
}

/// A value whose encoding and whose destructor use the session.
#[derive(Default, Tracked)]
struct Nosy {
    number: u64,
}

impl Drop for Nosy {
    fn drop(&mut self) {
        use_session();
    }
}

impl Serialize for Nosy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use_session();
        self.number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Nosy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use_session();
        Ok(Self { number: u64::deserialize(deserializer)? })
    }
}

static NOSY: DictDef<Nosy> = DictDef::new("nosy");

/// Runs a scenario with a session that the values know, in a thread that must end.
fn ends(bench: &Bench, scenario: fn(&mut Arc<Session<'static>>) -> Outcome) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&NOSY).insert("a", Nosy::default()))?;
        let cache = bench.cache.clone();
        let (done, finished) = mpsc::channel();
        thread::spawn(move || {
            let mut session = Arc::new(cache.session());
            SESSION.set(Some(Arc::clone(&session)));
            let outcome = scenario(&mut session);
            SESSION.set(None);
            let _ = done.send((outcome, USES.take()));
        });
        let patience = Duration::from_secs(20);
        let (outcome, uses) = finished.recv_timeout(patience).expect("the scenario does not hang");
        assert!(uses > 0, "the values used the session");
        outcome
    });
}

pub(crate) fn the_destructor_of_a_replaced_or_removed_value_may_use_the_session(bench: &Bench) {
    ends(bench, |session| {
        session.dict(&NOSY).insert("a", Nosy { number: 1 })?;
        session.dict(&NOSY).insert("a", Nosy { number: 2 })?;
        session.dict(&NOSY).remove("a")
    });
    ends(bench, |session| {
        drop(session.dict(&NOSY).get("a")?);
        session.dict(&NOSY).remove("a")
    });
}

pub(crate) fn the_destructor_of_a_value_that_is_not_taken_may_use_the_session(bench: &Bench) {
    ends(bench, |session| {
        let nosy = session.dict(&NOSY);
        let guard = nosy.get("a")?;
        assert!(session.dict(&NOSY).insert("a", Nosy::default()).is_err(), "it is borrowed");
        drop(guard);
        Ok(())
    });
}

pub(crate) fn the_destructor_of_a_value_in_a_guard_may_use_the_session(bench: &Bench) {
    ends(bench, |session| {
        if let memdict::Entry::Occupied(entry) = session.dict(&NOSY).entry("a")? {
            entry.remove();
        }
        session.dict(&NOSY).insert("a", Nosy::default())?;
        if let memdict::Entry::Occupied(mut entry) = session.dict(&NOSY).entry("a")? {
            entry.insert(Nosy { number: 7 });
        }
        if let Some(nosy) = session.dict(&NOSY).get_mut("a")? {
            nosy.revert()?;
        }
        Ok(())
    });
}

pub(crate) fn the_encoding_of_a_value_at_a_savepoint_may_use_the_session(bench: &Bench) {
    ends(bench, |session| {
        session.dict(&NOSY).get_mut("a")?.unwrap().number = 5;
        SESSION.set(None);
        let _savepoint = Arc::get_mut(session).expect("nothing else has it").savepoint();
        SESSION.set(Some(Arc::clone(session)));
        session.dict(&NOSY).get_mut("a")?.unwrap().number = 6;
        session.dict(&NOSY).remove("a")
    });
}

pub(crate) fn decoding_a_value_may_use_the_session(bench: &Bench) {
    ends(bench, |session| {
        assert!(session.dict(&NOSY).get("a")?.is_some());
        Ok(())
    });
}
