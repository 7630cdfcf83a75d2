//! Commits in the classic protocol, pipelined and one change at a time, to memcached and through
//! twemproxy; and commits over TLS.

use std::sync::Arc;

use memdict::{Cache, ClassicStore, MemcachedStore, Store, Tls};
use memdict_tests::{Daemon, Memcached};
use workload::Profile;

use super::{Bench, commit, fill};
use crate::{
    Outcome,
    race::{Entrant, Measured, race},
    server,
    table::Row,
};

const META: &str = "the engine, by meta commands";
const ONE_BY_ONE: &str = "the classic client, one change at a time";
const PLAIN: &str = "without TLS";
const MANY: usize = 100;

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    let bars = &[(ONE_BY_ONE, "at most 0.125")];
    let what = "commit of 100 changed in the classic protocol";
    if bench.table.wants(what) {
        let one = bench.servers.one();
        let classic = MemcachedStore::new([&*one])?.classic();
        let others: [(_, Arc<dyn Store>); 2] = [
            (META, Arc::new(MemcachedStore::new([&*one])?)),
            (ONE_BY_ONE, Arc::new(ClassicStore::new([&*one])?)),
        ];
        let measured = commits(Arc::new(classic), others, bench.options.runs(10));
        bench.table.print(Row { what, objects: MANY, values: 0, bars }, measured);
    }
    let what = "commit of 100 changed in the classic protocol, through twemproxy";
    if bench.table.wants(what) {
        let servers = [Memcached::start(), Memcached::start()];
        let proxy = Daemon::proxy(&servers);
        let found_out = MemcachedStore::new([proxy.address()])?;
        let others: [(_, Arc<dyn Store>); 1] =
            [(ONE_BY_ONE, Arc::new(ClassicStore::new([proxy.address()])?))];
        let measured = commits(Arc::new(found_out), others, bench.options.runs(10));
        bench.table.print(Row { what, objects: MANY, values: 0, bars }, measured);
    }
    let bars = &[(PLAIN, "at most 2")];
    let what = "commit of 100 changed over TLS";
    if bench.table.wants(what) {
        let (secured, authority) = Daemon::memcached_with_tls(&server::ARGUMENTS);
        let tls = Tls::new().ca_file(authority.ca_file());
        let store = MemcachedStore::new([secured.address()])?.tls(tls)?;
        let plain: [(_, Arc<dyn Store>); 1] =
            [(PLAIN, Arc::new(MemcachedStore::new([bench.servers.one()])?))];
        let measured = commits(Arc::new(store), plain, bench.options.runs(10));
        bench.table.print(Row { what, objects: MANY, values: 0, bars }, measured);
    }
    Ok(())
}

/// Measures the same commit over each of these stores.
fn commits<const N: usize>(
    store: Arc<dyn Store>,
    others: [(&'static str, Arc<dyn Store>); N],
    runs: usize,
) -> Outcome<Vec<Measured>> {
    let open = |store| Cache::builder().strict(true).open_store(store);
    let keys = workload::keys(MANY);
    let cache = open(store)?;
    let others = others.map(|(name, store)| open(store).map(|cache| (name, cache)));
    let others = others.into_iter().collect::<Result<Vec<_>, _>>()?;
    for cache in others.iter().map(|(_, cache)| cache).chain([&cache]) {
        fill::<Profile>(cache, &keys)?;
    }
    let mut entrants: Vec<Entrant<'_>> = vec![commit::memdict::<Profile>("memdict", &cache, &keys)];
    entrants
        .extend(others.iter().map(|(name, cache)| commit::memdict::<Profile>(name, cache, &keys)));
    race(entrants, runs)
}
