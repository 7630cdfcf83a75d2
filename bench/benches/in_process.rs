//! Benchmarks within one process, on the embedded store or on none: guards, and the path of values
//! through a load and a commit.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use memdict::Cache;
use workload::{Profile, Workload, change, dict, fill, keys};

/// How many entries a load or a commit has.
const MANY: usize = 1_000;

/// Opens a cache on the embedded store, with a value under each key.
fn filled(keys: &[String]) -> Cache {
    let cache = Cache::open("memory:").expect("the URL is right");
    let session = cache.session();
    fill::<Profile>(&session, keys).expect("nothing is borrowed");
    let report = session.commit().expect("no other session writes");
    assert_eq!(report.written, keys.len());
    cache
}

fn fields(criterion: &mut Criterion) {
    let keys = keys(1);
    let cache = filled(&keys);
    let session = cache.session();
    let dict = dict::<Profile>(&session);

    let mut group = criterion.benchmark_group("field read");
    let plain = Box::new(Profile::value(0));
    group.bench_function("plain struct", |bencher| bencher.iter(|| black_box(&plain).visits));
    let guard = dict.get(&keys[0]).expect("free").expect("just stored");
    group.bench_function("Ref", |bencher| bencher.iter(|| black_box(&guard).visits));
    drop(guard);
    let guard = dict.get_mut(&keys[0]).expect("free").expect("just stored");
    group.bench_function("RefMut", |bencher| bencher.iter(|| black_box(&guard).visits));
    drop(guard);
    group.finish();

    let mut group = criterion.benchmark_group("field write");
    let mut number = 0;
    let mut next = || {
        number += 1;
        number
    };
    let mut plain = Box::new(Profile::value(0));
    group.bench_function("plain struct", |bencher| {
        bencher.iter(|| black_box(&mut plain).visits = next());
    });
    let mut guard = dict.get_mut(&keys[0]).expect("free").expect("just stored");
    group.bench_function("RefMut", |bencher| {
        bencher.iter(|| black_box(&mut guard).visits = next());
    });
    group.bench_function("edit", |bencher| {
        bencher.iter(|| black_box(&mut guard).edit().visits.set(next()));
    });
    group.finish();
}

fn known_keys(criterion: &mut Criterion) {
    let keys = keys(MANY);
    let cache = filled(&keys);
    let session = cache.session();
    let dict = dict::<Profile>(&session);
    dict.prefetch(&keys).expect("the store is there");
    let mut group = criterion.benchmark_group("known key");
    let mut turn = keys.iter().cycle();
    group.bench_function("get and drop", |bencher| {
        bencher.iter(|| dict.get(turn.next().expect("endless")).map(drop));
    });
    group.bench_function("checkout and check-in", |bencher| {
        bencher.iter(|| dict.get_mut(turn.next().expect("endless")).map(drop));
    });
    group.finish();
}

/// Encoding and sealing, and opening and decoding, on values in memory.
fn entries(criterion: &mut Criterion) {
    let keys = keys(MANY);
    let cache = filled(&keys);
    let mut group = criterion.benchmark_group("entries");
    group.throughput(Throughput::Elements(MANY as u64));
    group.bench_function("load", |bencher| {
        let load = |session: memdict::Session| {
            dict::<Profile>(&session).prefetch(&keys).expect("the store is there");
            // The session is returned, so that freeing it is not timed.
            session
        };
        bencher.iter_batched(|| cache.session(), load, BatchSize::LargeInput);
    });
    group.bench_function("commit of changed ones, and freeing", |bencher| {
        let changed = || {
            let session = cache.session();
            let many = change::<Profile>(&session, &keys).expect("nothing is borrowed");
            assert_eq!(many, MANY);
            session
        };
        // Each session ends before the next one begins, because two would be in conflict.
        let commit = |session: memdict::Session| session.commit().expect("no other session writes");
        bencher.iter_batched(changed, commit, BatchSize::PerIteration);
    });
    group.finish();
}

/// The smallest sessions, in which what is done once for each session, batch and commit shows most:
/// counters and spans that nobody listens to among it.
fn sessions(criterion: &mut Criterion) {
    let keys = keys(MANY);
    let cache = filled(&keys);
    let mut group = criterion.benchmark_group("session of its own");
    let mut turn = keys.iter().cycle();
    group.bench_function("get", |bencher| {
        bencher.iter(|| {
            let session = cache.session();
            let key = turn.next().expect("endless");
            dict::<Profile>(&session).get(key).map(|found| black_box(found.is_some()))
        });
    });
    let keys = &keys[..1];
    group.bench_function("change and commit", |bencher| {
        bencher.iter(|| {
            let session = cache.session();
            change::<Profile>(&session, keys).expect("nothing is borrowed");
            session.commit().map(|report| report.written)
        });
    });
    group.finish();
}

criterion_group!(in_process, fields, known_keys, entries, sessions);
criterion_main!(in_process);
