//! Every operation that changes a standard container, on containers with no element, with one and
//! with several: whether it changes the value, and what a commit then sends. Commit sends one write
//! if the value differs from what was loaded, and none otherwise.
//!
//! Each line runs in four ways: the container is the entry or a field of it, and is changed through
//! the guard or through the view.

mod keyed;
mod lists;
mod small;

use std::fmt::Debug;

use memdict::{DictDef, Field, RefMut, Tracked};
use memdict_tests::Bench;
use serde::{Deserialize, Serialize};

/// The effect of an operation on one state.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    Same,
    Differs,
    /// The operation does not work on this state.
    Never,
}

/// One operation, written in each of the ways, and its effect on each state.
struct Row<C: Tracked> {
    operation: &'static str,
    on_guard: fn(RefMut<'_, C>),
    on_field: fn(&mut C),
    on_view: fn(Field<'_, C>),
    then: [Then; 3],
}

/// A table: the type, its three states, and a line for each operation.
macro_rules! table {
    ($test:ident: $type:ty, [$($state:expr),*]; $(|$c:ident| $op:expr => $($then:ident)*;)*) => {
        #[test]
        fn $test() {
            use crate::containers::{Row, Then::{Differs, Never, Same}, check};
            let _ = [Differs, Never, Same];
            check::<$type>(&[$(|| $state),*], &[$(
                Row {
                    operation: stringify!($op),
                    on_guard: |mut $c| { let _ = $op; },
                    on_field: |$c| { let _ = $op; },
                    on_view: |mut $c| { let _ = $op; },
                    then: [$($then),*],
                },
            )*]);
        }
    };
}
use table;

/// An entry with a container between two other fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Tracked)]
struct Holder<C> {
    before: u8,
    it: C,
    after: String,
}

impl<C> Holder<C> {
    fn of(it: C) -> Self {
        Self { before: 1, it, after: "after".to_owned() }
    }
}

fn check<C>(states: &[fn() -> C; 3], rows: &[Row<C>])
where
    C: for<'a> Tracked<Edit<'a> = Field<'a, C>> + Clone + PartialEq + Debug,
{
    let bench = Bench::on_memory();
    for row in rows {
        for (state, then) in states.iter().zip(row.then) {
            if then == Then::Never {
                continue;
            }
            let (before, mut after) = (state(), state());
            (row.on_field)(&mut after);
            let says = format!("`{}` on {before:?}", row.operation);
            // The table is right about the plain value too.
            assert_eq!(before != after, then == Then::Differs, "{says}: {after:?}");

            let alone = Case { bench: &bench, says: &says, path: "", before, after };
            alone.run("guard", row.on_guard);
            alone.run("view", |mut guard| (row.on_view)(guard.edit()));
            let held = Case {
                bench: &bench,
                says: &says,
                path: "it",
                before: Holder::of(alone.before),
                after: Holder::of(alone.after),
            };
            held.run("guard's field", |mut guard| (row.on_field)(&mut guard.it));
            held.run("view's field", |mut guard| (row.on_view)(guard.edit().it));
        }
    }
}

/// A stored value, the result of an operation on it, and the path of the part that it changes.
struct Case<'a, T> {
    bench: &'a Bench,
    says: &'a str,
    path: &'a str,
    before: T,
    after: T,
}

impl<T: Tracked + Clone + PartialEq + Debug> Case<'_, T> {
    fn run(&self, way: &str, operate: impl FnOnce(RefMut<'_, T>)) {
        let outcome = self.outcome(way, operate);
        outcome.unwrap_or_else(|error| panic!("{} through the {way}: {error}", self.says));
    }

    fn outcome(&self, way: &str, operate: impl FnOnce(RefMut<'_, T>)) -> memdict::Result<()> {
        let Self { bench, says, path, before, after } = self;
        let def = DictDef::<T>::named("containers");
        bench.cache.transaction(|session| session.dict(&def).insert("it", before.clone()))?;

        let session = bench.cache.session();
        let dict = session.dict(&def);
        operate(dict.get_mut("it")?.expect("it was just stored"));
        let differs = before != after;
        let expected: &[&str] = if differs { &[path] } else { &[] };
        let changed = dict.get_mut("it")?.expect("it is stored").changed_fields();
        assert_eq!(changed, expected, "changed fields of {says} through the {way}");

        let sent = bench.store.changes();
        let report = session.commit()?;
        let counted = (report.written, report.unchanged, bench.store.changes() - sent);
        let expected = if differs { (1, 0, 1) } else { (0, 1, 0) };
        assert_eq!(counted, expected, "written, unchanged, sent: {says} through the {way}");
        let session = bench.cache.session();
        let stored = session.dict(&def).get("it")?.expect("it is stored");
        assert_eq!(*stored, *after, "{says} through the {way}");
        Ok(())
    }
}
