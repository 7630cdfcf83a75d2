//! The cost of guards in the program, without any request to a store.

use std::{collections::HashMap, hint::black_box};

use memdict::Cache;
use workload::{Profile, Workload, dict};

use super::{Bench, fill};
use crate::{
    Outcome,
    race::{Entrant, Measured, Watch, race},
    table::Row,
};

const PLAIN: &str = "plain struct";
const REPEATS: u32 = 200_000;

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    let runs = bench.options.runs(2);
    let mut print = |what, bar, measured: fn(usize) -> Outcome<Vec<Measured>>| {
        if bench.table.wants(what) {
            let bars = &[(PLAIN, bar), (MAP, bar)];
            let row = Row { what, objects: REPEATS as usize, values: 0, bars };
            bench.table.print(row, measured(runs));
        }
    };
    print("field read through `Ref`", "one branch", read_ref);
    print("field read through `RefMut`", "one branch", read_ref_mut);
    print("field write through `RefMut`", "", write_ref_mut);
    print("field write through `edit()`", "", write_edit);
    print("`get` of a known key, and drop", "", get);
    print("checkout (`get_mut`) of a known key, and check-in", "at most 80 ns", check_out);
    Ok(())
}

const MAP: &str = "`HashMap::get_mut`";

/// Makes an entrant that repeats `act`.
fn repeated<'a>(name: &'static str, mut act: impl FnMut(u64) + 'a) -> Entrant<'a> {
    Entrant::new(name, move |watch: &Watch| {
        watch.start_repeated(REPEATS);
        (0..u64::from(REPEATS)).for_each(&mut act);
        watch.stop();
        Ok(())
    })
}

/// Opens a cache on the embedded store, with values in it.
fn filled(many: usize) -> Outcome<(Cache, Vec<String>)> {
    let cache = Cache::open("memory:")?;
    let keys = workload::keys(many);
    fill::<Profile>(&cache, &keys)?;
    Ok((cache, keys))
}

fn read_ref(runs: usize) -> Outcome<Vec<Measured>> {
    let (cache, keys) = filled(1)?;
    let session = cache.session();
    let guard = dict::<Profile>(&session).get(&keys[0])?.ok_or("nothing is there")?;
    let plain = Box::new(Profile::value(0));
    let guarded = repeated("memdict", |_| {
        black_box(black_box(&guard).visits);
    });
    let bare = repeated(PLAIN, |_| {
        black_box(black_box(&plain).visits);
    });
    race(vec![guarded, bare], runs)
}

fn read_ref_mut(runs: usize) -> Outcome<Vec<Measured>> {
    let (cache, keys) = filled(1)?;
    let session = cache.session();
    let guard = dict::<Profile>(&session).get_mut(&keys[0])?.ok_or("nothing is there")?;
    let plain = Box::new(Profile::value(0));
    let guarded = repeated("memdict", |_| {
        black_box(black_box(&guard).visits);
    });
    let bare = repeated(PLAIN, |_| {
        black_box(black_box(&plain).visits);
    });
    race(vec![guarded, bare], runs)
}

fn write_ref_mut(runs: usize) -> Outcome<Vec<Measured>> {
    let (cache, keys) = filled(1)?;
    let session = cache.session();
    let mut guard = dict::<Profile>(&session).get_mut(&keys[0])?.ok_or("nothing is there")?;
    let mut plain = Box::new(Profile::value(0));
    let guarded = repeated("memdict", |n| black_box(&mut guard).visits = n);
    let bare = repeated(PLAIN, |n| black_box(&mut plain).visits = n);
    race(vec![guarded, bare], runs)
}

/// Each write is of another value, because writing the same one changes nothing.
fn write_edit(runs: usize) -> Outcome<Vec<Measured>> {
    let (cache, keys) = filled(1)?;
    let session = cache.session();
    let mut guard = dict::<Profile>(&session).get_mut(&keys[0])?.ok_or("nothing is there")?;
    let mut plain = Box::new(Profile::value(0));
    let guarded = repeated("memdict", |n| {
        black_box(&mut guard).edit().visits.set(n);
    });
    let bare = repeated(PLAIN, |n| black_box(&mut plain).visits = n);
    race(vec![guarded, bare], runs)
}

/// A thousand entries in turn, all known to the session.
const KNOWN: usize = 1_000;

fn get(runs: usize) -> Outcome<Vec<Measured>> {
    let (cache, keys) = filled(KNOWN)?;
    let session = cache.session();
    let dict = dict::<Profile>(&session);
    dict.prefetch(&keys)?;
    let map = map(&keys);
    let guarded = repeated("memdict", |n| {
        drop(black_box(dict.get(&keys[n as usize % KNOWN])));
    });
    let bare = repeated("`HashMap::get`", |n| {
        black_box(map.get(&keys[n as usize % KNOWN]));
    });
    race(vec![guarded, bare], runs)
}

fn check_out(runs: usize) -> Outcome<Vec<Measured>> {
    let (cache, keys) = filled(KNOWN)?;
    let session = cache.session();
    let dict = dict::<Profile>(&session);
    dict.prefetch(&keys)?;
    let mut map = map(&keys);
    let guarded = repeated("memdict", |n| {
        drop(black_box(dict.get_mut(&keys[n as usize % KNOWN])));
    });
    let bare = repeated(MAP, |n| {
        black_box(map.get_mut(&keys[n as usize % KNOWN]));
    });
    race(vec![guarded, bare], runs)
}

fn map(keys: &[String]) -> HashMap<String, Profile> {
    (0..).zip(keys).map(|(n, key)| (key.clone(), Profile::value(n))).collect()
}
