//! Tables of every state, every call after a savepoint, and the rollback; and which savepoints are
//! valid.

use super::*;
use crate::{
    codec::Codec,
    def::{DictDef, ttl::Ttl},
    session::{
        core::{Core, VerifyFirst},
        entry::{
            decoded::Decoded,
            guard::{Held, RefMut},
            seen::{Base, Version},
            slot::{Peek, Slot},
            state::{Back, Before},
        },
    },
    store::operation::{StoreError, Token},
};

/// What is done before the savepoint, and the entry after that: its state, in brackets what was
/// seen, the value, `+` for each kind of mark, and `listed` with the lifetime of the definition.
const BEFORE: &str = "
    nothing              | Absent(Unread)
    load nothing         | Absent(Nothing)
    load unusable        | Absent(Unusable)
    load failed          | Absent(Unreachable)
    load failed, out     | Absent(Unreachable) listed 1s
    load                 | Clean(Value) 7
    load, out            | Clean(Value) 7 listed 1s
    load, mark           | Dirty(Value) 7 +part listed 1s
    load, change         | Dirty(Value) 8 +whole listed 1s
    load, change, mark   | Dirty(Value) 8 +whole +part listed 1s
    load, insert         | New(Value) 20 listed 1s
    insert               | New(Unread) 20 listed 1s
    insert, change       | New(Unread) 21 listed 1s
    load nothing, fill   | New(Nothing) 9 listed 1s
    load unusable, fill  | New(Unusable) 9 listed 1s
    remove               | Removed(Unread) listed 1s
    load, remove         | Removed(Value) listed 1s
    load unusable, remove | Removed(Unusable) listed 1s
    load failed, remove  | Removed(Unreachable) listed 1s
    insert, tear         | Poisoned(Unread) listed 1s
    load, leak           | Out Clean(Value) listed 1s
    load nothing, leak   | Out Absent(Nothing) listed 1s
";

/// What is done between the savepoint and the rollback. A call that the state refuses does nothing.
const AFTER: &[&str] = &[
    "nothing",
    "read",
    "out",
    "mark",
    "change",
    "fill",
    "take",
    "revert",
    "tear",
    "leak",
    "insert",
    "remove",
    "remove, insert, change",
    "change, remove, insert, mark",
    "insert, tear",
    "remove, leak",
    "fill, take, fill, leak",
    "load, change",
    "load, tear",
    "load nothing, fill",
    "load nothing, remove",
    "load unusable, fill",
    "load failed, insert",
    "insert, revert, load, change",
    "insert, revert, load nothing, out",
];

/// Where the rollback does not restore the entry exactly, because loads since the savepoint stay.
const LOADED_SINCE: &str = "
    nothing | load, change                      | Clean(Value) 7
    nothing | load, tear                        | Clean(Value) 7
    nothing | load nothing, fill                | Absent(Nothing)
    nothing | load nothing, remove              | Absent(Nothing)
    nothing | load unusable, fill               | Absent(Unusable)
    nothing | load failed, insert               | Absent(Unreachable)
    nothing | insert, revert, load, change      | Clean(Value) 7
    nothing | insert, revert, load nothing, out | Absent(Nothing)
    insert  | insert, revert, load, change      | New(Value) 20 listed 1s
    insert  | insert, revert, load nothing, out | New(Nothing) 20 listed 1s
    insert, change | insert, revert, load, change      | New(Value) 21 listed 1s
    insert, change | insert, revert, load nothing, out | New(Nothing) 21 listed 1s
    remove  | insert, revert, load, change      | Removed(Value) listed 1s
    remove  | insert, revert, load nothing, out | Removed(Nothing) listed 1s
";

/// A session with one entry. Definitions differ in their lifetimes, in seconds.
struct Bed {
    core: Core,
    slot: Arc<Slot<u64>>,
}

impl Bed {
    fn new(before: &str) -> Self {
        let core = Core::new(Arc::default(), VerifyFirst::No);
        let Ok((space, _)) = core.identity.space("hits", None, "", &core.settings.counting) else {
            panic!("it is new")
        };
        let slot = space.slot(&"a").expect("it is a key");
        let bed = Self { core, slot };
        bed.calls(before, 1);
        bed
    }

    fn calls(&self, calls: &str, seconds: u64) {
        calls.split(", ").for_each(|call| self.call(call, seconds));
    }

    fn call(&self, call: &str, seconds: u64) {
        let def = DictDef::<u64>::new("hits").ttl_secs(seconds);
        let version = Version { token: Token::new(1, 2, 3), nonce: None };
        match call {
            "nothing" => {}
            "load" => {
                let (codec, fingerprint) = (Codec::Bincode, self.slot.schema.fingerprint);
                let payload = [7_u8].into();
                let base = Base { version, codec, fingerprint, generation: 0, payload, life: None };
                self.slot.install(Decoded::Value(Value::new(7, For::Writing), base));
            }
            "load nothing" => self.slot.install(Decoded::Nothing),
            "load unusable" => {
                self.slot.install(Decoded::Unusable(crate::unusable::Unusable::Foreign, version));
            }
            "load failed" => {
                self.slot.install(Decoded::Unreachable(StoreError::Down("down".into())));
            }
            "read" => drop(self.slot.read()),
            "insert" => drop(self.core.insert(&self.slot, def.options(), None, 20)),
            "remove" => drop(self.core.remove(&self.slot, def.options())),
            _ => {
                self.core.keep(&self.slot).expect("it encodes");
                if let Ok(Peek::Is(out)) = self.slot.check_out(def.options()) {
                    Self::through(call, &self.slot, self.core.lend(Arc::clone(&self.slot), out));
                }
            }
        }
    }

    fn through(call: &str, slot: &Slot<u64>, mut held: Held<'_, u64>) {
        match (call, held.value.is_some()) {
            ("out", _) => {}
            ("mark", true) => held.marks.parts = true,
            ("change", true) => *RefMut::new(held) += 1,
            ("fill", false) => held.fill(9),
            ("take", true) => held.remove(),
            ("revert", true) => RefMut::new(held).revert().expect("it decodes"),
            ("tear", true) => {
                // As after a panic.
                let value = held.value.take();
                std::mem::forget(held);
                slot.check_in(value, Marks::created(), Back::Torn);
            }
            ("leak", _) => std::mem::forget(held),
            ("mark" | "change" | "take" | "revert" | "tear", false) | ("fill", true) => {}
            _ => panic!("no {call}"),
        }
    }

    fn shown(&self) -> String {
        let inner = self.slot.inner.lock();
        let seen = match &inner.seen {
            Seen::Unread => "Unread",
            Seen::Nothing => "Nothing",
            Seen::Tombstone(_) => "Tombstone",
            Seen::Absence(_) => "Absence",
            Seen::Unreachable(_) => "Unreachable",
            Seen::Unusable(..) => "Unusable",
            Seen::Value(_) => "Value",
        };
        let marks = |marks: &Marks<bool>| {
            let whole = if marks.whole { " +whole" } else { "" };
            format!("{whole}{}", if marks.parts { " +part" } else { "" })
        };
        let state = match &inner.state {
            State::Absent => format!("Absent({seen})"),
            State::Clean { value } => format!("Clean({seen}) {}", value.get()),
            State::Dirty { value, marks: m } => {
                format!("Dirty({seen}) {}{}", value.get(), marks(m))
            }
            State::New { value } => format!("New({seen}) {}", value.get()),
            State::Removed => format!("Removed({seen})"),
            State::Poisoned => format!("Poisoned({seen})"),
            State::CheckedOut { before: Before::Clean } => format!("Out Clean({seen})"),
            State::CheckedOut { before: Before::Absent } => format!("Out Absent({seen})"),
            State::CheckedOut { before } => format!("Out {before:?}({seen})"),
        };
        assert_eq!(self.core.listed.lock().len(), usize::from(inner.listed), "{state}");
        let lifetime = match inner.options.lifetime.ttl {
            Ttl::For(ttl) => ttl.as_secs(),
            _ => 0,
        };
        assert_eq!(lifetime > 0, inner.listed, "{state}");
        if inner.listed { format!("{state} listed {lifetime}s") } else { state }
    }
}

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.trim().lines().map(|line| line.split('|').map(str::trim).collect())
}

#[test]
fn a_rollback_undoes_whatever_was_done_after_a_savepoint() {
    let exceptions: Vec<_> = rows(LOADED_SINCE).collect();
    let mut met = 0;
    for row in rows(BEFORE) {
        let [before, state] = row[..] else { panic!("two columns: {row:?}") };
        for &after in AFTER {
            let bed = Bed::new(before);
            assert_eq!(bed.shown(), state, "{before}");
            let savepoint = bed.core.savepoint();
            let exception = exceptions.iter().find(|row| row[..2] == [before, after]);
            met += usize::from(exception.is_some());
            let expected = exception.map_or(state, |row| row[2]);
            for time in 0..3 {
                bed.calls(after, 2);
                bed.core.rollback_to(&savepoint).expect("it is valid");
                assert_eq!(bed.shown(), expected, "{before} | {after}, time {time}");
                assert!(bed.slot.inner.lock().history.is_empty(), "{before} | {after}");
            }
        }
    }
    assert_eq!(met, exceptions.len());
}

#[test]
fn nested_savepoints_each_restore_their_own_state() {
    for row in rows(BEFORE) {
        for &first in AFTER {
            for second in ["mark", "change", "insert", "remove", "take", "tear", "leak"] {
                let bed = Bed::new(row[0]);
                let outer = bed.core.savepoint();
                bed.calls(first, 2);
                let between = bed.shown();
                let inner = bed.core.savepoint();
                bed.calls(second, 3);
                let innermost = bed.core.savepoint();
                bed.calls("insert, remove", 4);
                let what = format!("{} | {first} | {second}", row[0]);
                bed.core.rollback_to(&inner).expect("it is valid");
                assert_eq!(bed.shown(), between, "{what}");
                assert!(bed.core.rollback_to(&innermost).is_err(), "{what}");
                bed.core.rollback_to(&outer).expect("it is valid");
                assert!(bed.core.rollback_to(&inner).is_err(), "{what}");
                let once = Bed::new(row[0]);
                let alone = once.core.savepoint();
                once.calls(first, 2);
                once.core.rollback_to(&alone).expect("it is valid");
                assert_eq!(bed.shown(), once.shown(), "{what}");
            }
        }
    }
}

#[test]
fn one_snapshot_is_taken_for_each_savepoint_whatever_is_done() {
    let bed = Bed::new("load");
    for savepoints in 1..4 {
        let _newest = bed.core.savepoint();
        bed.calls("change, insert, remove, fill, out", 2);
        assert_eq!(bed.slot.inner.lock().history.len(), savepoints);
    }
    let untouched = Bed::new("load");
    let savepoint = untouched.core.savepoint();
    untouched.calls("read", 2);
    assert_eq!(untouched.slot.inner.lock().history.len(), 0);
    untouched.core.rollback_to(&savepoint).expect("it is valid");
}

#[test]
fn without_a_savepoint_no_copy_is_kept() {
    let bed = Bed::new("load, change, insert, remove, fill");
    assert_eq!(bed.slot.inner.lock().history.len(), 0);
    assert_eq!(bed.core.savepoints.newest(), 0);
}

#[test]
fn ids_are_unique_in_the_process_so_a_savepoint_is_valid_only_in_its_session() {
    let (one, other) = (Bed::new("nothing"), Bed::new("nothing"));
    let (here, there) = (one.core.savepoint(), other.core.savepoint());
    for (bed, savepoint) in [(&one, &there), (&other, &here)] {
        let error = bed.core.rollback_to(savepoint).expect_err("it is of another session");
        assert!(matches!(error, Error::Savepoint { id } if id == savepoint.id));
    }
    one.core.rollback_to(&here).expect("it is valid");
    other.core.rollback_to(&there).expect("it is valid");
}
