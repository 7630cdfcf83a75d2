//! Loads of objects, timed until all of them are decoded, for every peer.

use workload::{Profile, dict};

use super::{Bench, cache, fill, thousands, wire_keys};
use crate::{
    Outcome, allocations,
    peers::{
        Ready, all,
        async_memcached::AsyncMemcached,
        classic::Classic,
        decode,
        exp::Exp,
        keys_of,
        raw::{Raw, Requests},
    },
    race::{Entrant, Measured, race},
    table::Row,
};

const RAW: &str = "raw loop and bare decode";

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    for (many, times) in [(1, 40), (10, 40), (100, 10), (1_000, 4), (10_000, 1)] {
        let what = format!("load of {}", thousands(many));
        if !bench.table.wants(&what) {
            continue;
        }
        let bars: &[_] = if many == 1_000 { &[(RAW, "at most 1.3")] } else { &[] };
        let (values, measured) = match loads(&bench.servers.one(), many, bench.options.runs(times))
        {
            Ok((values, measured)) => (values, Ok(measured)),
            Err(error) => (0, Err(error)),
        };
        bench.table.print(Row { what: &what, objects: many, values, bars }, measured);
    }
    Ok(())
}

/// Returns the measurements, and how many bytes the values take.
fn loads(address: &str, many: usize, runs: usize) -> Outcome<(i64, Vec<Measured>)> {
    let cache = cache([address])?;
    let keys = workload::keys(many);
    fill::<Profile>(&cache, &keys)?;
    let wire = wire_keys::<Profile>(&keys);
    let names: Vec<&str> = wire.iter().map(String::as_str).collect();
    let mut raw = Raw::connect(address)?;
    let ready = raw.fetch(&wire)?;
    let requests = Requests::gets(&wire);
    let exp = Exp::connect(address)?;
    let classic = Classic::connect(address)?;
    let mut asynchronous = AsyncMemcached::connect(address)?;

    allocations::begin();
    let values = decode_all(ready.iter().map(|ready| ready.bytes.as_slice()), many)?;
    let size = allocations::end().kept;
    drop(values);

    let entrants = vec![
        Entrant::new("memdict", |watch| {
            let session = cache.session();
            let dict = dict::<Profile>(&session);
            watch.start();
            let values = dict.get_many(&keys)?;
            watch.stop();
            all(values.iter().flatten().count(), many)
        }),
        Entrant::new(RAW, |watch| {
            watch.start();
            let mut values: Vec<Profile> = Vec::with_capacity(many);
            raw.get(&requests, |_, bytes| {
                values.push(decode(bytes)?);
                Ok(())
            })?;
            watch.stop();
            all(values.len(), many)
        }),
        Entrant::new("bare decode, nothing loaded", |watch| {
            watch.start();
            let values =
                decode_all(ready.iter().map(|Ready { bytes, .. }| bytes.as_slice()), many)?;
            watch.stop();
            all(values.len(), many)
        }),
        Entrant::new("`exp::run_many` and bare decode", |watch| {
            let gets = Exp::gets(&wire);
            watch.start();
            let got = exp.get(gets)?;
            let values = decode_all(got.iter().filter_map(|got| got.value.as_deref()), many)?;
            watch.stop();
            all(values.len(), many)
        }),
        Entrant::new("`async-memcached`, `get_multi`, and bare decode", |watch| {
            watch.start();
            let got = asynchronous.get(&names)?;
            let values = decode_all(got.iter().filter_map(|got| got.data.as_deref()), many)?;
            watch.stop();
            all(values.len(), many)
        }),
        Entrant::new("`Client::gets` and bare decode", |watch| {
            let names = keys_of(&ready);
            watch.start();
            let got = classic.get(&names)?;
            let values = decode_all(got.values().map(|(bytes, ..)| bytes.as_slice()), many)?;
            watch.stop();
            all(values.len(), many)
        }),
    ];
    Ok((size, race(entrants, runs)?))
}

fn decode_all<'a>(stored: impl Iterator<Item = &'a [u8]>, many: usize) -> Outcome<Vec<Profile>> {
    let mut values = Vec::with_capacity(many);
    for bytes in stored {
        values.push(decode(bytes)?);
    }
    Ok(values)
}
