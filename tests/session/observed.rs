//! What observers of a program see of memdict: series of the `metrics` crate and spans of `tracing`.
//! They never see a key or a value.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use memdict::{DictDef, Result, Store};
use memdict_tests::{Bench, Cache, Fault, Memcached, memcached_on};
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, prelude::*, registry::LookupSpan};

const KEY: &str = "k3y-of-ann";
const VALUE: &str = "v4lue-of-ann";

static NAMES: DictDef<String> = DictDef::new("names");

/// Keeps series: the sum of a counter, and the number of samples of a histogram.
#[derive(Debug, Default, Clone)]
struct Kept(Arc<Mutex<BTreeMap<String, u64>>>);

struct One {
    kept: Kept,
    series: String,
}

impl One {
    fn add(&self, many: u64) {
        *self.kept.0.lock().expect("no panic").entry(self.series.clone()).or_default() += many;
    }
}

impl CounterFn for One {
    fn increment(&self, value: u64) {
        self.add(value);
    }

    fn absolute(&self, _: u64) {
        panic!("counters are added to");
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        assert!((0.0..60.0).contains(&value), "{value} seconds");
        self.add(1);
    }
}

impl Kept {
    fn one(&self, key: &Key) -> Arc<One> {
        let mut labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        labels.sort_unstable();
        let series = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::new(One { kept: self.clone(), series })
    }

    fn all(&self) -> BTreeMap<String, u64> {
        self.0.lock().expect("no panic").clone()
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}

/// Writes a key, reads it and another one, and meets an outage, a refusal and a conflict.
fn work(bench: &Bench) -> Result<()> {
    let cache = &bench.cache;
    let insert = |session: &mut memdict_tests::Session<'_>| {
        session.dict(&NAMES).insert(KEY, VALUE.to_owned())?;
        session.dict(&NAMES).insert((KEY, 7), VALUE.to_owned())
    };
    cache.transaction(insert)?;
    let session = cache.session();
    assert_eq!(session.dict(&NAMES).get_many([KEY, "other"])?.len(), 2);
    let mut name = session.dict(&NAMES).get_mut(KEY)?.expect("just stored");
    name.push('!');
    drop(name);
    cache.transaction(insert)?;
    assert!(session.commit().is_err(), "it is in conflict");
    bench.store.fail_in(0, Fault::Down);
    assert!(cache.session().dict(&NAMES).get(KEY)?.is_none());
    bench.store.fail_once_writing(0, Fault::Refused);
    cache.transaction(insert)?;
    Ok(())
}

fn benches() -> Vec<Bench> {
    vec![
        Bench::on_memory(),
        Bench::on_memory().in_tasks(),
        Bench::on_memcached(),
        Bench::on_memcached().in_tasks(),
    ]
}

#[test]
fn counters_and_times_are_series_with_opentelemetrys_attributes_and_without_keys_or_values() {
    for bench in benches() {
        let kept = Kept::default();
        metrics::with_local_recorder(&kept, || work(&bench)).expect("it works");
        let series = kept.all();
        let text = format!("{series:#?}");
        assert!(!text.contains("k3y") && !text.contains("v4lue"), "{text}");
        let names = "db.collection.name=names,db.namespace=memdict,db.system.name=memcached";
        let counters = bench.cache.counters_of("names");
        for (name, expected) in [
            ("hits", counters.hits),
            ("loads", counters.loads),
            ("absent", counters.absent),
            ("unreachable", counters.unreachable),
            ("written", counters.written),
            ("conflicts", counters.conflicts),
            ("refused", counters.refused),
            ("bytes_in", counters.bytes_in),
            ("bytes_out", counters.bytes_out),
            ("commits", counters.commits),
        ] {
            assert!(expected > 0, "{name}: the work has none");
            assert_eq!(
                series.get(&format!("memdict.{name}{{{names}}}")),
                Some(&expected),
                "{text}"
            );
        }
        let waits = bench.store.inner().caps().waits();
        let times = |operation: &str, error: &str| {
            let (collection, rest) = names.split_once(",db.namespace=memdict").expect("both");
            let rest = format!(",db.namespace=memdict,db.operation.name={operation}{rest}{error}");
            series.get(&format!("db.client.operation.duration{{{collection}{rest}}}")).copied()
        };
        assert_eq!(times("get", ""), waits.then_some(1), "{text}");
        assert_eq!(times("get", ",error.type=unavailable"), waits.then_some(1), "{text}");
        assert_eq!(times("commit", ",error.type=conflict"), waits.then_some(1), "{text}");
        if waits {
            let server = &bench.cache.server_counters()[0];
            let labels = format!("db.system.name=memcached,server.address={}", server.server);
            for (name, expected) in [
                ("hits", server.hits),
                ("bytes_out", server.bytes_out),
                ("connections", server.connections),
            ] {
                let found = series.get(&format!("memdict.server.{name}{{{labels}}}"));
                assert_eq!(found, Some(&expected), "{name}: {text}");
            }
            let exchanges = format!("memdict.server.exchange.duration{{{labels}}}");
            assert_eq!(series.get(&exchanges), Some(&server.exchanges), "{text}");
        }
    }
}

/// The fields of a span, its own name and its parent's among them.
type Span = BTreeMap<String, String>;

/// Keeps spans, by their numbers.
#[derive(Debug, Default, Clone)]
struct Spans(Arc<Mutex<Vec<(u64, Span)>>>);

struct Fields<'f>(&'f mut Span);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber + for<'l> LookupSpan<'l>> Layer<S> for Spans {
    fn on_new_span(&self, span: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = BTreeMap::new();
        span.record(&mut Fields(&mut fields));
        fields.insert("span".to_owned(), span.metadata().name().to_owned());
        let parent = context.current_span().metadata().map_or("", |parent| parent.name());
        fields.insert("parent".to_owned(), parent.to_owned());
        self.0.lock().expect("no panic").push((id.into_u64(), fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut spans = self.0.lock().expect("no panic");
        // Numbers are used again, so it is the last one.
        let span = spans.iter_mut().rev().find(|(number, _)| *number == id.into_u64());
        values.record(&mut Fields(&mut span.expect("it began").1));
    }
}

impl Spans {
    fn of(&self, body: impl FnOnce() -> Result<()>) -> Vec<Span> {
        let subscriber = tracing_subscriber::registry().with(self.clone());
        tracing::subscriber::with_default(subscriber, body).expect("it works");
        self.0.lock().expect("no panic").iter().map(|(_, fields)| fields.clone()).collect()
    }
}

fn has(span: &Span, fields: &[(&str, &str)]) -> bool {
    fields.iter().all(|(name, value)| span.get(*name).is_some_and(|it| it == value))
}

#[test]
fn loads_commits_and_exchanges_are_spans_with_opentelemetrys_attributes_and_without_keys_or_values()
{
    for bench in benches() {
        let spans = Spans::default().of(|| work(&bench));
        let text = format!("{spans:#?}");
        assert!(!text.contains("k3y") && !text.contains("v4lue"), "{text}");
        let any = |fields: &[(&str, &str)]| {
            assert!(spans.iter().any(|span| has(span, fields)), "{fields:?} in {text}");
        };
        let load = [
            ("span", "load"),
            ("otel.name", "get names"),
            ("otel.kind", "client"),
            ("db.system.name", "memcached"),
            ("db.operation.name", "get"),
            ("db.namespace", "memdict"),
            ("db.collection.name", "names"),
            ("db.operation.batch.size", "2"),
            ("db.memcached.key_count", "2"),
            ("db.memcached.hit_count", "1"),
            ("db.memcached.miss_count", "1"),
        ];
        any(&load);
        any(&[("span", "load"), ("error.type", "unavailable"), ("otel.status_code", "ERROR")]);
        let commit = [
            ("span", "commit"),
            ("otel.name", "commit"),
            ("db.operation.name", "commit"),
            ("db.operation.batch.size", "2"),
            ("memdict.written", "2"),
        ];
        any(&commit);
        any(&[("span", "commit"), ("error.type", "conflict"), ("otel.status_code", "ERROR")]);
        any(&[("span", "commit"), ("memdict.refused", "1")]);
        let single = spans.iter().filter(|span| has(span, &[("db.memcached.key_count", "1")]));
        for span in single {
            assert!(!span.contains_key("db.operation.batch.size"), "one is no batch: {span:?}");
        }
        let exchanges: Vec<_> = spans.iter().filter(|span| span["span"] == "exchange").collect();
        if bench.store.inner().caps().waits() {
            let server = &bench.cache.health()[0].server;
            let (address, port) = server.rsplit_once(':').expect("host and port");
            assert!(exchanges.len() > 5, "{text}");
            for exchange in exchanges {
                let place = [("server.address", address), ("server.port", port)];
                assert!(has(exchange, &place), "{exchange:?}");
                assert!(["load", "commit"].contains(&&*exchange["parent"]), "{exchange:?}");
            }
        } else {
            assert!(exchanges.is_empty());
        }
    }
}

#[test]
fn an_exchange_that_fails_is_a_span_with_an_error() {
    let mut server = Memcached::start();
    let store = Arc::new(memcached_on([server.address()]));
    let cache = memdict::Cache::builder().open_store(store).expect("no option of a store");
    let cache = Cache::Blocking(cache);
    assert!(cache.session().dict(&NAMES).get(KEY).expect("not strict").is_none());
    server.kill();
    for cache in [cache.clone(), cache.in_tasks()] {
        let spans = Spans::default().of(|| cache.session().dict(&NAMES).get(KEY).map(drop));
        let failed = [("span", "exchange"), ("error.type", "unavailable")];
        assert!(spans.iter().any(|span| has(span, &failed)), "{spans:#?}");
    }
}

#[test]
fn a_fetch_is_a_span_around_its_exchanges_and_its_counts_are_series_without_keys_or_values() {
    for bench in benches() {
        let kept = Kept::default();
        let fetch = || {
            for _ in 0..2 {
                let loader = || Ok::<_, memdict::Error>(VALUE.to_owned());
                assert_eq!(bench.cache.fetch(&NAMES, KEY, loader)?.as_deref(), Some(VALUE));
            }
            let many = bench.cache.fetch_many(&NAMES, [(KEY, 1), (KEY, 2)], |keys| {
                Ok::<_, memdict::Error>(
                    keys.into_iter().map(|key| (key, VALUE.to_owned())).collect(),
                )
            })?;
            assert_eq!(many.len(), 2);
            Ok(())
        };
        let spans = Spans::default().of(|| metrics::with_local_recorder(&kept, fetch));
        let (text, series) = (format!("{spans:#?}"), kept.all());
        assert!(!text.contains("k3y") && !text.contains("v4lue"), "{text}");
        let fetches: Vec<_> = spans.iter().filter(|span| has(span, &[("span", "fetch")])).collect();
        let common = [
            ("otel.name", "fetch names"),
            ("otel.kind", "client"),
            ("db.system.name", "memcached"),
            ("db.operation.name", "fetch"),
            ("db.namespace", "memdict"),
            ("db.collection.name", "names"),
        ];
        assert!(fetches.iter().all(|span| has(span, &common)), "{text}");
        let found: Vec<_> = fetches
            .iter()
            .map(|span| (&*span["db.memcached.hit_count"], &*span["db.memcached.miss_count"]))
            .collect();
        assert_eq!(found, [("0", "1"), ("1", "0"), ("0", "2")], "{text}");
        assert!(!spans.iter().any(|span| has(span, &[("span", "load")])), "{text}");
        if bench.store.inner().caps().waits() {
            assert!(
                spans.iter().any(|span| has(span, &[("span", "exchange"), ("parent", "fetch")])),
                "{text}"
            );
        }
        let text = format!("{series:#?}");
        assert!(!text.contains("k3y") && !text.contains("v4lue"), "{text}");
        let names = "db.collection.name=names,db.namespace=memdict,db.system.name=memcached";
        let counters = bench.cache.counters_of("names");
        assert_eq!((counters.hits, counters.absent, counters.leased), (1, 3, 0), "{counters:?}");
        for (name, expected) in [
            ("loaders", counters.loaders),
            ("filled", counters.filled),
            ("hits", counters.hits),
            ("bytes_in", counters.bytes_in),
            ("bytes_out", counters.bytes_out),
        ] {
            assert!(expected > 0, "{name}: there is none");
            let found = series.get(&format!("memdict.{name}{{{names}}}"));
            assert_eq!(found, Some(&expected), "{name}: {text}");
        }
    }
}
