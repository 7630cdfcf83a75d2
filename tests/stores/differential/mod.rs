//! Random sequences of operations on the embedded store, on memcached through each of memdict's
//! clients, and through a client that is independent of memdict. All give the same answers, except
//! for the numbers in tokens, and evictions, which do not occur here.

mod oracle;
mod rights;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use memdict::{Applied, Change, Condition, MemoryStore, Op, Store, StoreError, Token};
use memdict_tests::{Daemon, Got, Memcached, apply, classic_on, in_classic_on, load, memcached_on};
use proptest::prelude::*;

use oracle::ExpOracle;

/// Few, so that operations often share a key.
const KEYS: usize = 4;

#[derive(Debug, Clone)]
enum Batch {
    Loads(Vec<usize>),
    Changes(Vec<Step>),
}

#[derive(Debug, Clone)]
struct Step {
    key: usize,
    value: Option<Value>,
    when: When,
}

#[derive(Debug, Clone)]
struct Value {
    bytes: Vec<u8>,
    ttl: Option<Duration>,
}

/// A condition that can be expressed for all stores.
#[derive(Debug, Clone)]
enum When {
    Always,
    Absent,
    /// The token that was seen this many sightings ago, of any key.
    Seen(usize),
    /// The same token, but of another server.
    Foreign(usize),
    /// The last seen token of this key, but of another life of its server.
    OtherLife,
}

fn value() -> impl Strategy<Value = Value> {
    let bytes = prop_oneof![
        10 => prop::collection::vec(any::<u8>(), 0..50),
        1 => (1_048_510..1_048_520_usize).prop_map(|length| vec![7; length]),
    ];
    let ttl = prop_oneof![
        Just(None),
        (5_u64..5_000_000).prop_map(|seconds| Some(Duration::from_secs(seconds))),
    ];
    (bytes, ttl).prop_map(|(bytes, ttl)| Value { bytes, ttl })
}

fn when() -> impl Strategy<Value = When> {
    prop_oneof![
        3 => Just(When::Always),
        3 => Just(When::Absent),
        5 => (0..6_usize).prop_map(When::Seen),
        1 => (0..6_usize).prop_map(When::Foreign),
        1 => Just(When::OtherLife),
    ]
}

fn batch() -> impl Strategy<Value = Batch> {
    let step = (0..KEYS, prop::option::weighted(0.7, value()), when());
    let step = step.prop_map(|(key, value, when)| Step { key, value, when });
    prop_oneof![
        prop::collection::vec(0..KEYS, 1..6).prop_map(Batch::Loads),
        prop::collection::vec(step, 1..6).prop_map(Batch::Changes),
    ]
}

/// A store and the tokens that it returned, in the order in which all stores returned them.
struct Side<'s> {
    store: &'s dyn Store,
    /// Each with its key.
    seen: Vec<(usize, Token)>,
}

impl<'s> Side<'s> {
    fn of(store: &'s dyn Store) -> Self {
        Self { store, seen: Vec::new() }
    }

    fn condition(&self, step: &Step) -> Condition {
        let mut latest = self.seen.iter().rev();
        let mut seen = |ago: usize| latest.nth(ago).map(|(_, token)| *token);
        match step.when {
            When::Always => Condition::Always,
            When::Absent => Condition::Absent,
            When::Seen(ago) => seen(ago).map_or(Condition::Absent, Condition::Matches),
            When::Foreign(ago) => seen(ago).map_or(Condition::Absent, |token| {
                Condition::Matches(Token::new(77, token.life(), token.cas()))
            }),
            When::OtherLife => {
                latest.find(|(key, _)| *key == step.key).map_or(Condition::Absent, |(_, token)| {
                    let other = if token.life() == 1 { 2 } else { 1 };
                    Condition::Matches(Token::new(token.server(), other, token.cas()))
                })
            }
        }
    }

    /// Runs a batch. Returns the answers without the parts that may differ.
    fn run(&mut self, names: &[String], batch: &Batch) -> Vec<String> {
        match batch {
            Batch::Loads(keys) => {
                let asked: Vec<_> = keys.iter().map(|&key| names[key].as_bytes()).collect();
                let loaded = keys.iter().zip(load(self.store, &asked));
                loaded.map(|(&key, got)| self.answer_of_load(key, got)).collect()
            }
            Batch::Changes(steps) => {
                let conditions: Vec<_> = steps.iter().map(|step| self.condition(step)).collect();
                let changes: Vec<_> = steps
                    .iter()
                    .zip(conditions)
                    .map(|(step, when)| Change::new(names[step.key].as_bytes(), what(step), when))
                    .collect();
                let applied = apply(self.store, &changes);
                let tells_lives = self.seen.iter().any(|(_, token)| token.life() != 0);
                let answer = |((change, step), outcome): ((&Change<'_>, &Step), _)| {
                    let outcome =
                        if tells_lives { outcome } else { as_if_told(change, step, outcome) };
                    answer_of_change(outcome)
                };
                changes.iter().zip(steps).zip(applied).map(answer).collect()
            }
        }
    }

    fn answer_of_load(&mut self, key: usize, got: Result<Got, StoreError>) -> String {
        match got {
            Ok(Got::Hit(bytes, token)) => {
                self.seen.push((key, token));
                format!("hit {bytes:?}")
            }
            Ok(Got::Miss) => "miss".to_owned(),
            Err(error) => kind(&error).to_owned(),
        }
    }
}

fn answer_of_change(outcome: Result<Applied, StoreError>) -> String {
    match outcome {
        Ok(applied) => format!("{applied:?}"),
        Err(error) => kind(&error).to_owned(),
    }
}

/// Returns the outcome of a store that knows lives. Other stores cannot tell why a token matches
/// nothing.
fn as_if_told(
    change: &Change<'_>,
    step: &Step,
    outcome: Result<Applied, StoreError>,
) -> Result<Applied, StoreError> {
    match (outcome, &step.when, change.when) {
        (Ok(Applied::Differs | Applied::Gone), When::OtherLife, Condition::Matches(_)) => {
            Ok(Applied::Restarted)
        }
        (outcome, ..) => outcome,
    }
}

fn what(step: &Step) -> Op<'_> {
    match &step.value {
        Some(Value { bytes, ttl }) => Op::Store { bytes, expiry: (*ttl).into() },
        None => Op::Delete,
    }
}

fn kind(error: &StoreError) -> &'static str {
    match error {
        StoreError::Refused(_) => "refused",
        StoreError::Unknown(_) => "unknown",
        StoreError::Down(_) => "down",
        _ => "another error",
    }
}

/// Compares the stores' answers with those of the embedded store, in `cases` random sequences.
fn all_answer_as_the_embedded_store_does(stores: &[&dyn Store], cases: u32) {
    let case = AtomicUsize::new(0);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(batches in prop::collection::vec(batch(), 1..30))| {
        let case = case.fetch_add(1, Ordering::Relaxed);
        let memory = MemoryStore::new();
        let mut embedded = Side::of(&memory);
        let mut sides: Vec<_> = stores.iter().map(|store| Side::of(*store)).collect();
        for batch in &batches {
            let names: Vec<_> = (0..KEYS).map(|key| format!("case-{case:07}-{key}")).collect();
            let expected = embedded.run(&names, batch);
            for side in &mut sides {
                prop_assert_eq!(&expected, &side.run(&names, batch), "{:?}", side.store);
            }
        }
    });
}

fn two_servers() -> ([Memcached; 2], Vec<String>) {
    let servers = [Memcached::with(&["-m", "256"]), Memcached::with(&["-m", "256"])];
    let names = servers.iter().map(Memcached::address).collect();
    (servers, names)
}

#[test]
fn memcached_answers_every_client_as_the_embedded_store_does() {
    let (_servers, names) = two_servers();
    let memcached = memcached_on(names);
    let another = Memcached::with(&["-m", "256"]);
    let oracle = ExpOracle::at(&another.address());
    all_answer_as_the_embedded_store_does(&[&memcached, &oracle], 300);
}

#[test]
fn both_dialects_and_a_proxy_give_the_same_answers() {
    let (_servers, names) = two_servers();
    let meta = memcached_on(names);
    let (_servers, names) = two_servers();
    let classic = in_classic_on(names);
    // Two servers behind a proxy may count versions alike, and it looks like one.
    let server = Memcached::with(&["-m", "256"]);
    let proxy = Daemon::proxy([&server]);
    let behind = memcached_on([proxy.address()]);
    let another = Memcached::with(&["-m", "256"]);
    let oracle = ExpOracle::at(&another.address());
    all_answer_as_the_embedded_store_does(&[&meta, &classic, &behind, &oracle], 200);
}

#[test]
fn the_classic_client_gets_the_same_answers_in_each_protocol() {
    let (_servers, names) = two_servers();
    let text = classic_on(names);
    let with_sasl = Daemon::memcached_with_sasl("shop", "5ecret", &["-m", "256"]);
    let binary = classic_on([with_sasl.address()]);
    let binary = binary.credentials("shop", "5ecret").expect("both are plain");
    let another = Memcached::with(&["-m", "256"]);
    let oracle = ExpOracle::at(&another.address());
    all_answer_as_the_embedded_store_does(&[&text, &binary, &oracle], 200);
}
