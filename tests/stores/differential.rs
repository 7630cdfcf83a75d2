//! Random sequences of operations on the embedded store and on memcached: the same answers, but
//! for the numbers in tokens and for evictions, which are kept from happening.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use memdict::{
    Applied, Change, Condition, MemcachedStore, MemoryStore, Store, StoreError, Token, What,
};
use memdict_tests::{Got, Memcached, apply, load};
use proptest::prelude::*;

/// Few, so that operations meet.
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

/// A condition in words that both stores understand.
#[derive(Debug, Clone)]
enum When {
    Always,
    Absent,
    /// The token seen so many sightings ago, of whatever key.
    Seen(usize),
    /// The same, of another server.
    Foreign(usize),
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

/// One store with the tokens that it showed, in the order in which both stores did.
struct Side<'s> {
    store: &'s dyn Store,
    seen: Vec<Token>,
}

impl Side<'_> {
    fn condition(&self, when: &When) -> Condition {
        let seen = |ago: usize| self.seen.iter().rev().nth(ago).copied();
        match *when {
            When::Always => Condition::Always,
            When::Absent => Condition::Absent,
            When::Seen(ago) => seen(ago).map_or(Condition::Absent, Condition::Matches),
            When::Foreign(ago) => seen(ago).map_or(Condition::Absent, |token| {
                Condition::Matches(Token::new(77, token.life(), token.cas()))
            }),
        }
    }

    /// Runs a batch: its answers without what may differ.
    fn run(&mut self, names: &[String], batch: &Batch) -> Vec<String> {
        match batch {
            Batch::Loads(keys) => {
                let keys: Vec<_> = keys.iter().map(|&key| names[key].as_bytes()).collect();
                let loaded = load(self.store, &keys);
                loaded.into_iter().map(|got| self.answer_of_load(got)).collect()
            }
            Batch::Changes(steps) => {
                let change = |step: &'_ Step| self.condition(&step.when);
                let conditions: Vec<_> = steps.iter().map(change).collect();
                let changes: Vec<_> = steps
                    .iter()
                    .zip(conditions)
                    .map(|(step, when)| Change::new(names[step.key].as_bytes(), what(step), when))
                    .collect();
                let applied = apply(self.store, &changes);
                applied.into_iter().map(|outcome| self.answer_of_change(outcome)).collect()
            }
        }
    }

    fn answer_of_load(&mut self, got: Result<Got, StoreError>) -> String {
        match got {
            Ok(Got::Hit(bytes, token)) => {
                self.seen.push(token);
                format!("hit {bytes:?}")
            }
            Ok(Got::Miss) => "miss".to_owned(),
            Err(error) => kind(&error).to_owned(),
        }
    }

    fn answer_of_change(&mut self, outcome: Result<Applied, StoreError>) -> String {
        match outcome {
            Ok(Applied::Done(token)) => {
                self.seen.push(token);
                format!("done {}", token.cas() == 0)
            }
            Ok(other) => format!("{other:?}"),
            Err(error) => kind(&error).to_owned(),
        }
    }
}

fn what(step: &Step) -> What<'_> {
    match &step.value {
        Some(Value { bytes, ttl }) => What::Store { bytes, ttl: *ttl },
        None => What::Delete,
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

#[test]
fn the_embedded_store_answers_as_memcached_does() {
    let servers = [Memcached::with(&["-m", "256"]), Memcached::with(&["-m", "256"])];
    let names = servers.iter().map(Memcached::address);
    let memcached = MemcachedStore::new(names).expect("the names are well formed");
    let cases = AtomicUsize::new(0);

    let config =
        ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(batches in prop::collection::vec(batch(), 1..30))| {
        let case = cases.fetch_add(1, Ordering::Relaxed);
        let names: Vec<_> = (0..KEYS).map(|key| format!("case-{case:07}-{key}")).collect();
        let memory = MemoryStore::new();
        let mut embedded = Side { store: &memory, seen: Vec::new() };
        let mut server = Side { store: &memcached, seen: Vec::new() };
        for batch in &batches {
            prop_assert_eq!(embedded.run(&names, batch), server.run(&names, batch));
        }
    });
}
