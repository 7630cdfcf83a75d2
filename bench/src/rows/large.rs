//! Large batches, directly through the store.

use std::thread;

use memdict::{Applied, Change, Condition, Load, Loaded, MemcachedStore, Op, Store, StoreError};
use workload::TTL;

use super::{Bench, thousands};
use crate::{
    Outcome,
    peers::{
        all,
        duplex::{Duplex, Operation},
        raw::{Raw, Requests},
    },
    race::{Entrant, Measured, Watch, race},
    table::Row,
};

const DUPLEX: &str = "raw loop, a writer and a reader thread, one connection";
const KIB: usize = 1 << 10;

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    let quick = bench.options.quick;
    let many = if quick { 200 } else { 2_000 };
    let bars = &[(DUPLEX, "at most 2, and 4,096 KiB")];
    let what =
        format!("{0} loads and {0} changes of 100 KiB, two threads at once", thousands(many));
    if bench.table.wants(&what) {
        let measured = mixed(&bench.servers.one(), many, bench.options.runs(1), true);
        bench.table.print(Row { what: &what, objects: 2 * many, values: 0, bars }, measured);
    }
    let what = format!("{0} loads, then {0} changes of 100 KiB", thousands(many));
    if bench.table.wants(&what) {
        let measured = mixed(&bench.servers.one(), many, bench.options.runs(1), false);
        bench.table.print(Row { what: &what, objects: 2 * many, values: 0, bars }, measured);
    }
    let many = if quick { 50_000 } else { 1_000_000 };
    let what = format!("{} changes of 32 bytes", thousands(many));
    if bench.table.wants(&what) {
        let measured = small(&bench.servers.one(), many, bench.options.runs(1).div_ceil(3));
        bench.table.print(Row { what: &what, objects: many, values: 0, bars: &[] }, measured);
    }
    let what = "1,000 changes, one of them too large: that one alone is refused";
    if bench.table.wants(what) {
        let measured = oversized(&bench.servers.one(), 1_000, bench.options.runs(4));
        bench.table.print(Row { what, objects: 1_000, values: 0, bars: &[] }, measured);
    }
    Ok(())
}

fn names(prefix: &str, many: usize) -> Vec<String> {
    (0..many).map(|n| format!("{prefix}:{n:08}")).collect()
}

fn change<'a>(key: &'a str, bytes: &'a [u8]) -> Change<'a> {
    let expiry = std::time::Duration::from_secs(u64::from(TTL)).into();
    Change::new(key.as_bytes(), Op::Store { bytes, expiry }, Condition::Always)
}

/// Makes changes. Returns how many were made, and the first error.
fn apply(store: &MemcachedStore, changes: &[Change<'_>]) -> (usize, Option<StoreError>) {
    let (mut done, mut failed) = (0, None);
    store.apply_many(changes, &mut |_, outcome| match outcome {
        Ok(Applied::Stored) => done += 1,
        Ok(_) => {}
        Err(error) => {
            failed.get_or_insert(error);
        }
    });
    (done, failed)
}

fn apply_all(store: &MemcachedStore, changes: &[Change<'_>]) -> Outcome<()> {
    let (done, failed) = apply(store, changes);
    match failed {
        Some(error) => Err(format!("{done} of {} were done: {error}", changes.len()).into()),
        None => all(done, changes.len()),
    }
}

/// Loads values and checks only their lengths.
fn load_all(store: &MemcachedStore, loads: &[Load<'_>], length: usize) -> Outcome<()> {
    let (mut found, mut failed) = (0, None);
    store.load_many(loads, &mut |_, loaded| match loaded {
        Ok(Loaded::Hit { bytes, .. }) => found += usize::from(bytes.len() == length),
        Ok(_) => {}
        Err(error) => {
            failed.get_or_insert(error);
        }
    });
    match failed {
        Some(error) => Err(format!("{found} of {} were found: {error}", loads.len()).into()),
        None => all(found, loads.len()),
    }
}

fn mixed(address: &str, many: usize, runs: usize, at_once: bool) -> Outcome<Vec<Measured>> {
    let store = MemcachedStore::new([address])?;
    let names = names("large", many);
    let value = vec![b'v'; 100 * KIB];
    let changes: Vec<_> = names.iter().map(|key| change(key, &value)).collect();
    let loads: Vec<_> = names.iter().map(|key| Load::new(key.as_bytes())).collect();
    apply_all(&store, &changes)?;
    let memdict = Entrant::new("memdict", |watch: &Watch| {
        watch.start();
        if at_once {
            let (loaded, applied) = thread::scope(|scope| {
                let applying = scope.spawn(|| apply_all(&store, &changes));
                let loaded = load_all(&store, &loads, value.len());
                (loaded, applying.join())
            });
            watch.stop();
            loaded?;
            applied.map_err(|_| "a thread panicked")?
        } else {
            load_all(&store, &loads, value.len())?;
            apply_all(&store, &changes)?;
            watch.stop();
            Ok(())
        }
    });
    let duplex = Duplex::connect(address)?;
    let operations: Vec<_> = names
        .iter()
        .flat_map(|key| [Operation::Load(key), Operation::Store(key, &value)])
        .collect();
    let raw = Entrant::new(DUPLEX, |watch: &Watch| {
        watch.start();
        let (done, bytes) = duplex.run(&operations)?;
        watch.stop();
        all(done, 2 * many)?;
        all(bytes, many * value.len())
    });
    race(vec![memdict, raw], runs)
}

fn small(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let store = MemcachedStore::new([address])?;
    let names = names("small", many);
    let value = [b'v'; 32];
    let changes: Vec<_> = names.iter().map(|key| change(key, &value)).collect();
    let memdict = Entrant::new("memdict", |watch: &Watch| {
        watch.start();
        apply_all(&store, &changes)?;
        watch.stop();
        Ok(())
    });
    let mut raw = Raw::connect(address)?;
    let requests = Requests::sets_of(&names, &value);
    let raw = Entrant::new("raw loop", |watch: &Watch| {
        watch.start();
        let done = raw.set(&requests)?;
        watch.stop();
        all(done, many)
    });
    race(vec![memdict, raw], runs)
}

/// Compares with the same changes without the one that is too large.
fn oversized(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let store = MemcachedStore::new([address])?;
    let names = names("sized", many);
    let (value, too_large) = (vec![b'v'; 200], vec![b'v'; 2 * KIB * KIB]);
    let fitting: Vec<_> = names.iter().map(|key| change(key, &value)).collect();
    let mut changes = fitting.clone();
    changes[many / 2] = change(&names[many / 2], &too_large);
    let with = Entrant::new("memdict", |watch: &Watch| {
        let mut refused = Vec::new();
        let mut done = 0;
        watch.start();
        store.apply_many(&changes, &mut |index, outcome| match outcome {
            Ok(Applied::Stored) => done += 1,
            Err(StoreError::Refused(_)) => refused.push(index),
            _ => {}
        });
        watch.stop();
        all(done, many - 1)?;
        if refused == [many / 2] { Ok(()) } else { Err(format!("refused: {refused:?}").into()) }
    });
    let without = Entrant::new("the same without it", |watch: &Watch| {
        watch.start();
        apply_all(&store, &fitting)?;
        watch.stop();
        Ok(())
    });
    race(vec![with, without], runs)
}
