//! The cost of a session besides its changes: unchanged entries, and freeing it.

use std::collections::HashMap;

use memdict::Cache;
use workload::{Profile, Workload, dict};

use super::{Bench, cache, commit, fill, thousands, wire_keys};
use crate::{
    Outcome,
    peers::{
        all, decode,
        raw::{Raw, Requests},
    },
    race::{Entrant, Measured, Watch, race},
    table::Row,
};

const SMALL: &str = "10 loaded, 10 changed";
const BESIDE: &str = "the same, where another session has just loaded as many";

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    // Small enough for `--quick`, and large otherwise.
    let large = if bench.options.quick { 10_000 } else { 100_000 };
    let what = format!("commit of 10 changed, {} loaded", thousands(large));
    if bench.table.wants(&what) {
        let measured = few_of_many(&bench.servers.one(), large, bench.options.runs(1));
        let bars = &[(SMALL, "at most 1.2")];
        bench.table.print(Row { what: &what, objects: 10, values: 0, bars }, measured);
    }
    let what = format!("freeing the session with {} loaded", thousands(large));
    if bench.table.wants(&what) {
        let measured = freeing(&bench.servers.one(), large, bench.options.runs(1));
        bench.table.print(Row { what: &what, objects: large, values: 0, bars: &[] }, measured);
    }
    let what = "commit of 1,000 handed out for writing, none changed";
    if bench.table.wants(what) {
        let measured = unchanged(&bench.servers.one(), 1_000, bench.options.runs(4));
        bench.table.print(Row { what, objects: 1_000, values: 0, bars: &[] }, measured);
    }
    let what = "commit of 1,000 read, none handed out for writing";
    if bench.table.wants(what) {
        let measured = read_only(&bench.servers.one(), 1_000, bench.options.runs(4));
        bench.table.print(Row { what, objects: 1_000, values: 0, bars: &[] }, measured);
    }
    Ok(())
}

fn few_of_many(address: &str, large: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let keys = workload::keys(large);
    fill::<Profile>(&cache, &keys)?;
    let few = &keys[..10];
    let of_many = Entrant::new("memdict", |watch: &Watch| {
        let session = cache.session();
        dict::<Profile>(&session).prefetch(&keys)?;
        all(workload::change::<Profile>(&session, few)?, few.len())?;
        let known = watch.clone();
        session.after_commit(move |_| {
            known.stop();
            Ok(())
        });
        watch.start();
        all(session.commit()?.written, few.len())
    });
    // After such a load, nothing else is left in the processor's caches.
    let mut beside = commit::memdict::<Profile>(BESIDE, &cache, few);
    let beside = Entrant::new(BESIDE, |watch: &Watch| {
        let other = cache.session();
        dict::<Profile>(&other).prefetch(&keys)?;
        beside.run(watch)
    });
    race(vec![of_many, commit::memdict::<Profile>(SMALL, &cache, few), beside], runs)
}

/// Measures what is left of `commit` when its outcome is known.
fn freeing(address: &str, large: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let keys = workload::keys(large);
    fill::<Profile>(&cache, &keys)?;
    let wire = wire_keys::<Profile>(&keys);
    let mut raw = Raw::connect(address)?;
    let requests = Requests::gets(&wire);
    let session = Entrant::new("memdict", |watch: &Watch| {
        let session = cache.session();
        dict::<Profile>(&session).prefetch(&keys)?;
        let known = watch.clone();
        session.after_commit(move |_| {
            known.start();
            Ok(())
        });
        let report = session.commit()?;
        watch.stop();
        all(report.written, 0)
    });
    let map = Entrant::new("freeing a `HashMap<String, T>`", |watch: &Watch| {
        let mut values: HashMap<String, Profile> = HashMap::with_capacity(large);
        let mut names = keys.iter();
        raw.get(&requests, |_, bytes| {
            let name = names.next().ok_or("an answer too many")?;
            values.insert(name.clone(), decode(bytes)?);
            Ok(())
        })?;
        all(values.len(), large)?;
        watch.start();
        drop(values);
        watch.stop();
        Ok(())
    });
    race(vec![session, map], runs)
}

/// Each entry has to be encoded to find out that nothing is to be sent.
fn unchanged(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let keys = workload::keys(many);
    fill::<Profile>(&cache, &keys)?;
    let values: Vec<Profile> = (0..many as u64).map(Profile::value).collect();
    let mut encoded = Vec::with_capacity(1 << 20);
    let memdict = Entrant::new("memdict", |watch: &Watch| {
        let session = cache.session();
        all(workload::touch::<Profile>(&session, &keys)?, many)?;
        ended_at_outcome(watch, session, many)
    });
    let bare = Entrant::new("bare encode", |watch: &Watch| {
        watch.start();
        for value in &values {
            encoded.clear();
            let standard = bincode::config::standard();
            bincode::serde::encode_into_std_write(value, &mut encoded, standard)?;
            std::hint::black_box(&encoded);
        }
        watch.stop();
        Ok(())
    });
    race(vec![memdict, bare], runs)
}

fn read_only(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let keys = workload::keys(many);
    fill::<Profile>(&cache, &keys)?;
    let read = Entrant::new("memdict", |watch: &Watch| {
        let session = cache.session();
        all(dict::<Profile>(&session).get_many(&keys)?.iter().flatten().count(), many)?;
        ended_at_outcome(watch, session, 0)
    });
    let empty = |cache: &'_ Cache, watch: &Watch| ended_at_outcome(watch, cache.session(), 0);
    let empty = Entrant::new("an empty session", |watch: &Watch| empty(&cache, watch));
    race(vec![read, empty], runs)
}

/// Commits, and stops the time when the outcome is known.
fn ended_at_outcome(watch: &Watch, session: memdict::Session, unchanged: usize) -> Outcome<()> {
    let known = watch.clone();
    session.after_commit(move |_| {
        known.stop();
        Ok(())
    });
    watch.start();
    let report = session.commit()?;
    all(report.unchanged, unchanged)?;
    all(report.written, 0)
}
