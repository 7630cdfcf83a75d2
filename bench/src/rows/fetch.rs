//! The cost of a `fetch` that finds the value, beside a `get`, and beside a cache in the process.

use std::hint::black_box;

use memdict::{Cache, Error};
use workload::{Profile, Workload, dict};

use super::{Bench, cache, fill};
use crate::{
    Outcome,
    race::{Entrant, Measured, Watch, race},
    table::Row,
};

const GET: &str = "`get`";
const MOKA: &str = "moka's `get_with`, and a clone";

/// How often a value is read in one run.
const REMOTE: u32 = 2_000;
const EMBEDDED: u32 = 100_000;

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    let runs = bench.options.runs(2);
    let bars = &[(GET, "at most 1.05")];
    let what = "`fetch` of a hit, in a session of its own";
    if bench.table.wants(what) {
        let cache = cache([bench.servers.one()])?;
        let keys = filled(&cache)?;
        let entrants = vec![fetches(&cache, &keys, REMOTE), gets(&cache, &keys, REMOTE)];
        let row = Row { what, objects: REMOTE as usize, values: 0, bars };
        bench.table.print(row, race(entrants, runs));
    }
    let what = "`fetch` of a hit on the embedded store, in a session of its own";
    if bench.table.wants(what) {
        let row = Row { what, objects: EMBEDDED as usize, values: 0, bars };
        bench.table.print(row, embedded(runs));
    }
    Ok(())
}

fn embedded(runs: usize) -> Outcome<Vec<Measured>> {
    let cache = Cache::open("memory:")?;
    let keys = filled(&cache)?;
    let inside: moka::sync::Cache<String, Profile> = moka::sync::Cache::new(10_000);
    for (number, key) in (0_u64..).zip(&keys) {
        inside.insert(key.clone(), Profile::value(number));
    }
    let moka = repeated(MOKA, &keys, EMBEDDED, |key| {
        black_box(inside.get_with_by_ref(key, Profile::default).visits);
        Ok(())
    });
    race(vec![fetches(&cache, &keys, EMBEDDED), gets(&cache, &keys, EMBEDDED), moka], runs)
}

fn filled(cache: &Cache) -> Outcome<Vec<String>> {
    let keys = workload::keys(1_000);
    fill::<Profile>(cache, &keys)?;
    Ok(keys)
}

fn fetches<'a>(cache: &'a Cache, keys: &'a [String], repeats: u32) -> Entrant<'a> {
    repeated("memdict", keys, repeats, |key| {
        let session = cache.session();
        let absent = || Err::<Profile, _>(Error::user("the value is stored"));
        black_box(dict::<Profile>(&session).fetch(key, absent)?.is_some());
        Ok(())
    })
}

fn gets<'a>(cache: &'a Cache, keys: &'a [String], repeats: u32) -> Entrant<'a> {
    repeated(GET, keys, repeats, |key| {
        let session = cache.session();
        black_box(dict::<Profile>(&session).get(key)?.is_some());
        Ok(())
    })
}

/// Makes an entrant that reads one key after the other.
fn repeated<'a>(
    name: &'static str,
    keys: &'a [String],
    repeats: u32,
    read: impl Fn(&String) -> Outcome<()> + 'a,
) -> Entrant<'a> {
    Entrant::new(name, move |watch: &Watch| {
        let turn = keys.iter().cycle().take(repeats as usize);
        watch.start_repeated(repeats);
        for key in turn {
            read(key)?;
        }
        watch.stop();
        Ok(())
    })
}
