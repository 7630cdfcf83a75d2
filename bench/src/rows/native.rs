//! What the server does by itself: counting, and setting ends of life.

use std::time::Duration;

use memdict::{CounterDef, DictDef};
use workload::TTL;

use super::{Bench, cache};
use crate::{
    Outcome,
    peers::{
        all,
        raw::{Raw, Requests},
    },
    race::{Entrant, Measured, Watch, race},
    table::Row,
};

const RAW: &str = "raw loop";

/// How many counts are made in each run.
const COUNTS: u32 = 500;

static COUNTER: CounterDef = CounterDef::new("bench").ttl_secs(TTL as u64).keep_ttl();
static NUMBERS: DictDef<u64> = DictDef::new("bench").ttl(Duration::from_secs(TTL as u64));

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    let what = "`add` of a counter";
    if bench.table.wants(what) {
        let measured = counts(&bench.servers.one(), bench.options.runs(10));
        let bars = &[(RAW, "at most 1.2")];
        bench.table.print(Row { what, objects: COUNTS as usize, values: 0, bars }, measured);
    }
    let what = "commit of 1,000 touches";
    if bench.table.wants(what) {
        let measured = touches(&bench.servers.one(), 1_000, bench.options.runs(10));
        bench.table.print(Row { what, objects: 1_000, values: 0, bars: &[] }, measured);
    }
    Ok(())
}

fn counts(address: &str, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let mut raw = Raw::connect(address)?;
    let request = Requests::count_of("memdict:~bench:raw");
    let ours = Entrant::new("memdict", move |watch: &Watch| {
        let counter = cache.counter(&COUNTER);
        watch.start_repeated(COUNTS);
        for _ in 0..COUNTS {
            counter.add("ours", 1)?;
        }
        watch.stop();
        Ok(())
    });
    let theirs = Entrant::new(RAW, move |watch: &Watch| {
        watch.start_repeated(COUNTS);
        for _ in 0..COUNTS {
            all(raw.get(&request, |_, _| Ok(()))?, 1)?;
        }
        watch.stop();
        Ok(())
    });
    race(vec![ours, theirs], runs)
}

fn touches(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let cache = cache([address])?;
    let keys = workload::keys(many);
    let session = cache.session();
    keys.iter().try_for_each(|key| session.dict(&NUMBERS).insert(key.as_str(), 1))?;
    session.commit()?;
    let wire: Vec<_> = keys.iter().map(|key| format!("memdict:bench:{key}")).collect();
    let (mut raw, requests) = (Raw::connect(address)?, Requests::touches(&wire));
    let ours = Entrant::new("memdict", move |watch: &Watch| {
        let session = cache.session();
        keys.iter().try_for_each(|key| session.dict(&NUMBERS).touch(key.as_str()))?;
        let known = watch.clone();
        session.after_commit(move |_| {
            known.stop();
            Ok(())
        });
        watch.start();
        all(session.commit()?.touched, many)
    });
    let theirs = Entrant::new(RAW, move |watch: &Watch| {
        watch.start();
        let done = raw.set(&requests)?;
        watch.stop();
        all(done, many)
    });
    race(vec![ours, theirs], runs)
}
