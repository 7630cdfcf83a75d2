//! Random sequences of operations on lives, rights and numbers: memcached gives the same answers as
//! the embedded store. Loads keep what rights they get, because memcached gives a value another
//! version when a right is handed back.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use memdict::{Applied, Change, Condition, Count, Expiry, Load, MemoryStore, Op, Store, Token};
use memdict_tests::{Found, Memcached, apply, find, memcached_on};
use proptest::prelude::*;

/// Few, so that operations often share a key.
const KEYS: usize = 3;

/// The only lifetimes, far apart: a test that takes a while does not confuse them.
const SHORT: Duration = Duration::from_secs(1_000);
const LONG: Duration = Duration::from_secs(100_000);
const BETWEEN: Duration = Duration::from_secs(10_000);

#[derive(Debug, Clone, Copy)]
struct Step {
    key: usize,
    what: What,
    /// Whether the change depends on the last token that was seen of this key.
    on_token: bool,
}

#[derive(Debug, Clone, Copy)]
enum What {
    Load { touch: Option<Expiry>, lease: bool, renew: bool },
    Store(&'static [u8], Expiry),
    Delete,
    Touch(Expiry),
    Invalidate(Option<Expiry>),
    Count(Count),
}

fn expiry() -> impl Strategy<Value = Expiry> {
    prop::sample::select(vec![Expiry::Never, Expiry::After(SHORT), Expiry::After(LONG)])
}

fn what() -> impl Strategy<Value = What> {
    let touch = prop::option::weighted(0.2, expiry());
    let values = vec![&b"7"[..], b"10 ", b"18446744073709551615", b"text", b""];
    let count = (any::<bool>(), 0..20_u64, prop::option::of(expiry()), prop::option::of(expiry()));
    let count = count.prop_map(|(adds, amount, start, expiry)| {
        let count = if adds { Count::add(amount) } else { Count::subtract(amount) };
        let count = start.map_or(count, |end| count.or_start_at(3, end));
        expiry.map_or(count, |end| count.touch(end))
    });
    prop_oneof![
        6 => (touch, any::<bool>(), any::<bool>())
            .prop_map(|(touch, lease, renew)| What::Load { touch, lease, renew }),
        4 => (prop::sample::select(values), expiry())
            .prop_map(|(value, expiry)| What::Store(value, expiry)),
        2 => Just(What::Delete),
        2 => expiry().prop_map(What::Touch),
        3 => prop::option::of(expiry()).prop_map(What::Invalidate),
        3 => count.prop_map(What::Count),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let step = (0..KEYS, what(), any::<bool>());
    step.prop_map(|(key, what, on_token)| Step { key, what, on_token })
}

/// A store, and the last token that it showed of each key.
struct Side<'s> {
    store: &'s dyn Store,
    seen: [Option<Token>; KEYS],
}

impl Side<'_> {
    fn run(&mut self, name: &str, step: Step) -> String {
        let op = match step.what {
            What::Load { touch, lease, renew } => {
                return self.load(name.as_bytes(), step.key, touch, lease, renew);
            }
            What::Store(bytes, expiry) => Op::Store { bytes, expiry },
            What::Delete => Op::Delete,
            What::Touch(expiry) => Op::Touch { expiry },
            What::Invalidate(grace) => Op::Invalidate { grace },
            What::Count(count) => Op::Count(count),
        };
        let when = match self.seen[step.key].filter(|_| step.on_token) {
            Some(token) => Condition::Matches(token),
            None => Condition::Always,
        };
        let outcome = apply(self.store, &[Change::new(name.as_bytes(), op, when)]).remove(0);
        let shown = |applied: Applied| format!("{applied:?}");
        outcome.map_or_else(|_| "refused".to_owned(), shown)
    }

    fn load(
        &mut self,
        key: &[u8],
        place: usize,
        touch: Option<Expiry>,
        lease: bool,
        renew: bool,
    ) -> String {
        let mut load = Load::new(key).with_life().to_replace();
        if let Some(expiry) = touch {
            load = load.touch(expiry);
        }
        if lease {
            load = load.lease(LONG);
        }
        if renew {
            load = load.renew_within(BETWEEN);
        }
        let Found { words, token, life } = find(self.store, load);
        self.seen[place] = token.or(self.seen[place]);
        let left = life.map(|life| match life.left() {
            None => "for ever",
            Some(left) if left > BETWEEN => "long",
            Some(_) => "short",
        });
        format!("{words} {left:?}")
    }
}

#[test]
fn memcached_answers_about_lives_rights_and_numbers_as_the_embedded_store_does() {
    let server = Memcached::with(&["-m", "256"]);
    let memcached = memcached_on([server.address()]);
    let case = AtomicUsize::new(0);
    let config =
        ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(steps in prop::collection::vec(step(), 1..40))| {
        let case = case.fetch_add(1, Ordering::Relaxed);
        let memory = MemoryStore::new();
        let mut sides = [
            Side { store: &memory, seen: [None; KEYS] },
            Side { store: &memcached, seen: [None; KEYS] },
        ];
        for (number, step) in steps.iter().enumerate() {
            let name = format!("rights-{case}-{}", step.key);
            let [expected, got] = sides.each_mut().map(|side| side.run(&name, *step));
            prop_assert_eq!(expected, got, "step {}: {:?}", number, step);
        }
    });
}
