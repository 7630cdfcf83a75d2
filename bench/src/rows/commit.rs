//! Commits of changed objects, timed until their outcome is known. Freeing the session afterwards
//! has a row of its own.

use std::{
    io::{Read, Write},
    os::unix::net::UnixStream,
};

use memdict::Cache;
use workload::{Profile, Unordered, Workload};

use super::{Bench, cache, fill, thousands, wire_keys};
use crate::{
    Outcome,
    peers::{
        all,
        async_memcached::AsyncMemcached,
        classic::Classic,
        exp::Exp,
        keys_of,
        raw::{Raw, Requests},
    },
    race::{Entrant, Measured, race},
    table::Row,
};

const RAW: &str = "raw loop";
const EXP: &str = "`exp::run_many`, ready operations";
const CLASSIC: &str = "`Client::set` in a loop";

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    for (many, times) in [(1, 40), (10, 40), (100, 10), (1_000, 4), (10_000, 1)] {
        let what = format!("commit of {} changed", thousands(many));
        let bars: &[_] = match many {
            1 => &[(RAW, "at most 1.2")],
            1_000 => &[(RAW, "at most 1.3"), (EXP, "at most 0.77"), (CLASSIC, "at most 0.025")],
            _ => &[],
        };
        if bench.table.wants(&what) {
            let measured = commits(&bench.servers.one(), many, bench.options.runs(times));
            bench.table.print(Row { what: &what, objects: many, values: 0, bars }, measured);
        }
    }
    let many = 1_000;
    let row = |what| Row { what, objects: many, values: 0, bars: &[] };
    let what = "commit of 1,000 changed, with a `HashMap`";
    if bench.table.wants(what) {
        let measured = inexact(&bench.servers.one(), many, bench.options.runs(4));
        bench.table.print(row(what), measured);
    }
    let what = "commit of 1,000 changed, unix socket";
    if bench.table.wants(what) {
        let path = bench.servers.socket()?;
        match cache([path.to_string_lossy()]) {
            Ok(cache) => {
                let raw = UnixStream::connect(path)?;
                let measured = over(&cache, Raw::over(raw), many, bench.options.runs(4));
                bench.table.print(row(what), measured);
            }
            Err(_) => bench.table.not_available(what, "the store takes no path"),
        }
    }
    let what = "commit of 1,000 changed, three servers";
    if bench.table.wants(what) {
        let (three, one) = (bench.servers.three(), bench.servers.one());
        let measured = spread(three, one, many, bench.options.runs(4));
        bench.table.print(row(what), measured);
    }
    Ok(())
}

/// Measures the commit of a session that changes one field of each object.
pub(super) fn memdict<'a, T: Workload>(
    name: &'static str,
    cache: &'a Cache,
    keys: &'a [String],
) -> Entrant<'a> {
    Entrant::new(name, move |watch| {
        let session = cache.session();
        all(workload::change::<T>(&session, keys)?, keys.len())?;
        let known = watch.clone();
        session.after_commit(move |_| {
            known.stop();
            Ok(())
        });
        watch.start();
        let report = session.commit()?;
        all(report.written, keys.len())
    })
}

fn raw<'a, S: Read + Write>(raw: &'a mut Raw<S>, keys: &'a [String]) -> Entrant<'a> {
    Entrant::new(RAW, move |watch| {
        let requests = Requests::sets(&raw.fetch(keys)?);
        watch.start();
        let done = raw.set(&requests)?;
        watch.stop();
        all(done, keys.len())
    })
}

/// Measures all peers on one server.
fn commits(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let keys = workload::keys(many);
    fill::<Profile>(&cache, &keys)?;
    let wire = wire_keys::<Profile>(&keys);
    let mut looping = Raw::connect(address)?;
    let mut quiet = Raw::connect(address)?;
    // Fetches the current versions and values, for peers that cannot ask for both.
    let mut source = Raw::connect(address)?;
    let mut other_source = Raw::connect(address)?;
    let mut third_source = Raw::connect(address)?;
    let exp = Exp::connect(address)?;
    let classic = Classic::connect(address)?;
    let mut asynchronous = AsyncMemcached::connect(address)?;
    let mut entrants = vec![
        memdict::<Profile>("memdict", &cache, &keys),
        raw(&mut looping, &wire),
        Entrant::new("raw loop, quiet mode", |watch| {
            let requests = Requests::quiet_sets(&quiet.fetch(&wire)?);
            watch.start();
            quiet.set_quietly(&requests)?;
            watch.stop();
            Ok(())
        }),
        Entrant::new(EXP, |watch| {
            let sets = Exp::sets(&source.fetch(&wire)?);
            // Wakes up the connection, as the others' connections are awake.
            exp.get(Exp::gets(&wire[..1]))?;
            watch.start();
            let done = exp.set(sets)?;
            watch.stop();
            all(done, many)
        }),
        Entrant::new("`async-memcached`, `set_multi`", |watch| {
            let ready = other_source.fetch(&wire)?;
            let sets = AsyncMemcached::sets(&ready);
            asynchronous.get(&keys_of(&ready[..1]))?;
            watch.start();
            let done = asynchronous.set(&sets)?;
            watch.stop();
            all(done, many)
        }),
    ];
    if many <= 1_000 {
        entrants.push(Entrant::new(CLASSIC, |watch| {
            let ready = third_source.fetch(&wire)?;
            classic.get(&keys_of(&ready[..1]))?;
            watch.start();
            classic.set(&ready)?;
            watch.stop();
            Ok(())
        }));
    }
    race(entrants, runs)
}

/// Measures a type whose encoding has no fixed order.
fn inexact(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let keys = workload::keys(many);
    fill::<Unordered>(&cache, &keys)?;
    let wire = wire_keys::<Unordered>(&keys);
    let mut looping = Raw::connect(address)?;
    let memdict = memdict::<Unordered>("memdict", &cache, &keys);
    race(vec![memdict, raw(&mut looping, &wire)], runs)
}

/// Measures memdict and a raw loop over any kind of connection to one server.
fn over<S: Read + Write>(
    cache: &Cache,
    mut looping: Raw<S>,
    many: usize,
    runs: usize,
) -> Outcome<Vec<Measured>> {
    let keys = workload::keys(many);
    fill::<Profile>(cache, &keys)?;
    let wire = wire_keys::<Profile>(&keys);
    let memdict = memdict::<Profile>("memdict", cache, &keys);
    race(vec![memdict, raw(&mut looping, &wire)], runs)
}

fn spread(three: [String; 3], one: String, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let (three, one) = (cache(three)?, cache([one])?);
    let keys = workload::keys(many);
    fill::<Profile>(&three, &keys)?;
    fill::<Profile>(&one, &keys)?;
    let three = memdict::<Profile>("memdict", &three, &keys);
    let one = memdict::<Profile>("memdict, one server", &one, &keys);
    race(vec![three, one], runs)
}
