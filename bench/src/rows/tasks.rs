//! Tasks of tokio: the same work as in calls that block, and many tasks at once.

use std::sync::Arc;

use async_memcached::{AsciiProtocol, Client};
use memdict::AsyncCache;
use tokio::{
    runtime::{Builder, Runtime},
    sync::Mutex,
    task::JoinSet,
};
use workload::{Profile, dict};

use super::{Bench, cache, fill, thousands, wire_keys};
use crate::{
    Outcome,
    peers::{
        all, decode,
        tasks::{Alone, Shared},
    },
    race::{Entrant, Measured, Watch, race},
    table::Row,
};

const BLOCKING: &str = "memdict, blocking";
const ASYNC_MEMCACHED: &str = "`async-memcached`";

/// How many operations each task makes in a run.
const EACH: usize = 20;

pub(super) fn rows(bench: &mut Bench) -> Outcome<()> {
    for (many, times, bar) in
        [(1, 60, "at most 1.3"), (100, 20, "at most 1.1"), (1_000, 6, "at most 1.1")]
    {
        for (what, of) in [("load", loads as Of), ("commit", commits)] {
            let what = format!("in a task: {what} of {}", thousands(many));
            if bench.table.wants(&what) {
                let runs = bench.options.runs(times);
                let measured = of(&bench.servers.one(), many, runs);
                let bars = [(BLOCKING, bar)];
                bench
                    .table
                    .print(Row { what: &what, objects: many, values: 0, bars: &bars }, measured);
            }
        }
    }
    for (tasks, times) in [(1, 30), (64, 20), (1_000, 6)] {
        for (what, of) in [("`get`", gets as Of), ("transaction", transactions)] {
            let what = format!("{} tasks, each a {what} of one", thousands(tasks));
            if bench.table.wants(&what) {
                let runs = bench.options.runs(times);
                let measured = of(&bench.servers.one(), tasks, runs);
                let bar = if tasks == 64 { "at most 1.0" } else { "" };
                let bars = [(ASYNC_MEMCACHED, bar), (RAW, bar)];
                let objects = tasks * EACH;
                bench.table.print(Row { what: &what, objects, values: 0, bars: &bars }, measured);
            }
        }
    }
    Ok(())
}

type Of = fn(&str, usize, usize) -> Outcome<Vec<Measured>>;

fn current_thread() -> Outcome<Runtime> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}

fn loads(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let blocking = cache([address])?;
    let keys = workload::keys(many);
    fill::<Profile>(&blocking, &keys)?;
    let wire = wire_keys::<Profile>(&keys);
    let names: Vec<&str> = wire.iter().map(String::as_str).collect();
    let (runtime, other) = (current_thread()?, current_thread()?);
    let asynchronous = blocking.to_async()?;
    let mut client = other.block_on(Client::new(format!("tcp://{address}")))?;
    let entrants = vec![
        Entrant::new("memdict", |watch| {
            runtime.block_on(async {
                let session = asynchronous.session();
                let dict = session.dict(workload::def::<Profile>());
                watch.start();
                let values = dict.get_many(&keys).await?;
                watch.stop();
                all(values.iter().flatten().count(), many)
            })
        }),
        Entrant::new(BLOCKING, |watch| {
            let session = blocking.session();
            let dict = dict::<Profile>(&session);
            watch.start();
            let values = dict.get_many(&keys)?;
            watch.stop();
            all(values.iter().flatten().count(), many)
        }),
        Entrant::new(ASYNC_MEMCACHED, |watch| {
            watch.start();
            let got = other.block_on(client.get_multi(&names))?;
            let decoded = got.iter().filter_map(|got| got.data.as_deref());
            let decoded: Outcome<Vec<Profile>> = decoded.map(decode).collect();
            watch.stop();
            all(decoded?.len(), many)
        }),
    ];
    race(entrants, runs)
}

fn commits(address: &str, many: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let blocking = cache([address])?;
    let keys = workload::keys(many);
    fill::<Profile>(&blocking, &keys)?;
    let runtime = current_thread()?;
    let asynchronous = blocking.to_async()?;
    let entrants = vec![
        Entrant::new("memdict", |watch| {
            runtime.block_on(async {
                let session = asynchronous.session();
                let dict = session.dict(workload::def::<Profile>());
                dict.prefetch(&keys).await?;
                for key in &keys {
                    dict.get_mut(key).await?.ok_or("it was stored")?.visits += 1;
                }
                watch.start();
                let report = session.commit().await?;
                watch.stop();
                all(report.written, many)
            })
        }),
        Entrant::new(BLOCKING, |watch| {
            let session = blocking.session();
            let dict = dict::<Profile>(&session);
            dict.prefetch(&keys)?;
            for key in &keys {
                dict.get_mut(key)?.ok_or("it was stored")?.visits += 1;
            }
            watch.start();
            let report = session.commit()?;
            watch.stop();
            all(report.written, many)
        }),
    ];
    race(entrants, runs)
}

const RAW: &str = "64 raw connections";
const MULTIPLEXED: &str = "one raw connection, multiplexed";

/// Runs `work` in as many tasks, each with its own number, and times all of them.
fn crowd<F>(
    runtime: &Runtime,
    watch: &Watch,
    tasks: usize,
    work: impl Fn(usize) -> F,
) -> Outcome<()>
where
    F: Future<Output = Outcome<()>> + Send + 'static,
{
    runtime.block_on(async {
        let mut crowd = JoinSet::new();
        watch.start_repeated(u32::try_from(tasks * EACH)?);
        for number in 0..tasks {
            crowd.spawn(work(number));
        }
        while let Some(done) = crowd.join_next().await {
            done??;
        }
        watch.stop();
        Ok(())
    })
}

/// What the tasks of the peers use.
struct Crowd {
    runtime: Runtime,
    cache: AsyncCache,
    keys: Arc<Vec<String>>,
    wire: Arc<Vec<String>>,
    raw: Arc<Vec<Arc<Mutex<Alone>>>>,
    clients: Arc<Vec<Mutex<Client>>>,
    shared: Arc<Shared>,
}

impl Crowd {
    fn of(address: &str, tasks: usize) -> Outcome<Self> {
        const CONNECTIONS: usize = 64;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let blocking = cache([address])?;
        let keys = workload::keys(tasks);
        fill::<Profile>(&blocking, &keys)?;
        let wire = Arc::new(wire_keys::<Profile>(&keys));
        let made: Outcome<_> = runtime.block_on(async {
            let (mut raw, mut clients) = (Vec::new(), Vec::new());
            for _ in 0..CONNECTIONS.min(tasks) {
                raw.push(Alone::connect(address).await?);
                clients.push(Mutex::new(Client::new(format!("tcp://{address}")).await?));
            }
            Ok((raw, clients, Shared::connect(address).await?))
        });
        let (raw, clients, shared) = made?;
        Ok(Self {
            runtime,
            cache: blocking.to_async()?,
            keys: Arc::new(keys),
            wire,
            raw: Arc::new(raw),
            clients: Arc::new(clients),
            shared: Arc::new(shared),
        })
    }
}

fn gets(address: &str, tasks: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let crowded = Crowd::of(address, tasks)?;
    let Crowd { runtime, cache, keys, wire, raw, clients, shared } = &crowded;
    let decoded = |found: Option<(Vec<u8>, u64)>| -> Outcome<()> {
        let profile: Profile = decode(&found.ok_or("it was stored")?.0)?;
        std::hint::black_box(profile);
        Ok(())
    };
    let entrants = vec![
        Entrant::new("memdict", |watch| {
            crowd(runtime, watch, tasks, |number| {
                let (cache, keys) = (cache.clone(), Arc::clone(keys));
                async move {
                    for _ in 0..EACH {
                        let session = cache.session();
                        let dict = session.dict(workload::def::<Profile>());
                        dict.get(&keys[number]).await?.ok_or("it was stored")?;
                    }
                    Ok(())
                }
            })
        }),
        Entrant::new(RAW, |watch| {
            crowd(runtime, watch, tasks, |number| {
                let (raw, wire) = (Arc::clone(&raw[number % raw.len()]), Arc::clone(wire));
                async move {
                    for _ in 0..EACH {
                        decoded(raw.lock().await.get(&wire[number]).await?)?;
                    }
                    Ok(())
                }
            })
        }),
        Entrant::new(ASYNC_MEMCACHED, |watch| {
            crowd(runtime, watch, tasks, |number| {
                let (clients, wire) = (Arc::clone(clients), Arc::clone(wire));
                async move {
                    for _ in 0..EACH {
                        let mut client = clients[number % clients.len()].lock().await;
                        let got = client.get(&wire[number]).await?;
                        drop(client);
                        decoded(got.and_then(|got| got.data).map(|bytes| (bytes, 0)))?;
                    }
                    Ok(())
                }
            })
        }),
        Entrant::new(MULTIPLEXED, |watch| {
            crowd(runtime, watch, tasks, |number| {
                let (shared, wire) = (Arc::clone(shared), Arc::clone(wire));
                async move {
                    for _ in 0..EACH {
                        decoded(shared.get(&wire[number]).await?)?;
                    }
                    Ok(())
                }
            })
        }),
    ];
    race(entrants, runs)
}

fn transactions(address: &str, tasks: usize, runs: usize) -> Outcome<Vec<Measured>> {
    let crowded = Crowd::of(address, tasks)?;
    let Crowd { runtime, cache, keys, wire, raw, clients, .. } = &crowded;
    let entrants = vec![
        Entrant::new("memdict", |watch| {
            crowd(runtime, watch, tasks, |number| {
                let (cache, keys) = (cache.clone(), Arc::clone(keys));
                async move {
                    for _ in 0..EACH {
                        let visit = cache.transaction(async |session| {
                            let dict = session.dict(workload::def::<Profile>());
                            if let Some(mut profile) = dict.get_mut(&keys[number]).await? {
                                profile.visits += 1;
                            }
                            Ok(())
                        });
                        visit.await?;
                    }
                    Ok(())
                }
            })
        }),
        Entrant::new(RAW, |watch| {
            crowd(runtime, watch, tasks, |number| {
                let (raw, wire) = (Arc::clone(&raw[number % raw.len()]), Arc::clone(wire));
                async move {
                    for _ in 0..EACH {
                        let mut raw = raw.lock().await;
                        let found = raw.get(&wire[number]).await?;
                        let (value, cas) = found.ok_or("it was stored")?;
                        all(usize::from(raw.set(&wire[number], &value, cas).await?), 1)?;
                    }
                    Ok(())
                }
            })
        }),
        Entrant::new(ASYNC_MEMCACHED, |watch| {
            crowd(runtime, watch, tasks, |number| {
                let (clients, wire) = (Arc::clone(clients), Arc::clone(wire));
                async move {
                    for _ in 0..EACH {
                        let mut client = clients[number % clients.len()].lock().await;
                        let got = client.get(&wire[number]).await?.ok_or("it was stored")?;
                        let value = got.data.unwrap_or_default();
                        client.set(&wire[number], value.as_slice(), None, None).await?;
                    }
                    Ok(())
                }
            })
        }),
    ];
    race(entrants, runs)
}
