//! Batches and single operations, with their outcomes collected.

use std::{
    thread,
    time::{Duration, Instant},
};

use memdict::{
    Applied, Change, Condition, Expiry, Life, Load, Loaded, Op, Renewal, Store, StoreError, Token,
};

/// The outcome of a load, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Got {
    /// A value and its version.
    Hit(Vec<u8>, Token),
    /// No value.
    Miss,
}

impl Got {
    /// Returns the value, or `None` for a miss.
    pub fn value(&self) -> Option<&[u8]> {
        match self {
            Self::Hit(bytes, _) => Some(bytes),
            Self::Miss => None,
        }
    }

    /// Returns the version. Panics on a miss.
    pub fn token(&self) -> Token {
        match self {
            Self::Hit(_, token) => *token,
            Self::Miss => panic!("a miss has no token"),
        }
    }
}

/// What a load that asks for more has found, in words: the value, whether it is
/// stale, and who renews it; or `miss`; or who has the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The words.
    pub words: String,
    /// The token, if there is one.
    pub token: Option<Token>,
    /// How much life is left, if it was told.
    pub life: Option<Life>,
}

impl Found {
    fn of(loaded: &Loaded<'_>) -> Self {
        match *loaded {
            Loaded::Hit { bytes, token, life, stale, renewal, .. } => {
                let mut words = bytes.escape_ascii().to_string();
                words.push_str(if stale { " stale" } else { "" });
                words.push_str(match renewal {
                    Renewal::Won => " won",
                    Renewal::Taken => " taken",
                    _ => "",
                });
                Self { words, token: Some(token), life }
            }
            Loaded::Leased { token, won, .. } => {
                let words = if won { "leased won" } else { "leased" }.to_owned();
                Self { words, token: Some(token), life: None }
            }
            _ => Self { words: "miss".to_owned(), token: None, life: None },
        }
    }

    /// Returns the token. Panics without one.
    pub fn token(&self) -> Token {
        self.token.expect("there is something")
    }
}

/// Makes one load that asks for more. Panics if it fails.
pub fn find(store: &dyn Store, load: Load<'_>) -> Found {
    let mut found = collect(1, |give| {
        store.load_many(&[load], &mut |index, loaded| {
            give(index, loaded.as_ref().map(Found::of).map_err(StoreError::clone));
        });
    });
    found.remove(0).expect("the load has an outcome")
}

/// Loads keys in one batch. Returns one outcome each, in the order of the keys.
pub fn load(store: &dyn Store, keys: &[&[u8]]) -> Vec<Result<Got, StoreError>> {
    let loads: Vec<_> = keys.iter().map(|key| Load::new(key)).collect();
    collect(loads.len(), |give| {
        store.load_many(&loads, &mut |index, loaded| {
            let got = loaded.map(|loaded| match loaded {
                Loaded::Hit { bytes, token, .. } => Got::Hit(bytes.to_vec(), token),
                _ => Got::Miss,
            });
            give(index, got);
        });
    })
}

/// Makes changes in one batch. Returns one outcome each, in the order of the changes.
pub fn apply(store: &dyn Store, changes: &[Change<'_>]) -> Vec<Result<Applied, StoreError>> {
    collect(changes.len(), |give| store.apply_many(changes, &mut |index, out| give(index, out)))
}

/// Loads one key. Panics if that fails.
pub fn load_one(store: &dyn Store, key: &[u8]) -> Got {
    let mut loaded = load(store, &[key]);
    loaded.remove(0).expect("the load has an outcome")
}

/// Makes one change. Panics if that fails.
pub fn apply_one(store: &dyn Store, key: &[u8], op: Op<'_>, when: Condition) -> Applied {
    let mut applied = apply(store, &[Change::new(key, op, when)]);
    applied.remove(0).expect("the change has an outcome")
}

/// Loads one key as soon as its server is used again, because a server that was found down is left
/// alone for a moment. Panics if that takes longer than five seconds.
pub fn load_when_up(store: &dyn Store, key: &[u8]) -> Got {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        match load(store, &[key]).remove(0) {
            Err(StoreError::Down(_)) if Instant::now() < until => {
                thread::sleep(Duration::from_millis(10));
            }
            outcome => return outcome.expect("the server is used again"),
        }
    }
}

/// Makes a store of a value that does not expire.
pub fn store(bytes: &[u8]) -> Op<'_> {
    Op::Store { bytes, expiry: Expiry::Never }
}

/// Makes a store of a value that expires.
pub fn store_for(bytes: &[u8], ttl: Duration) -> Op<'_> {
    Op::Store { bytes, expiry: Expiry::After(ttl) }
}

/// Checks that a store gives exactly one outcome for each operation.
fn collect<T: Send>(
    count: usize,
    run: impl FnOnce(&mut (dyn FnMut(usize, Result<T, StoreError>) + Send)),
) -> Vec<Result<T, StoreError>> {
    let mut outcomes: Vec<Option<Result<T, StoreError>>> = (0..count).map(|_| None).collect();
    run(&mut |index, outcome| {
        assert!(outcomes[index].is_none(), "operation {index} has two outcomes");
        outcomes[index] = Some(outcome);
    });
    let all = outcomes.into_iter().enumerate();
    all.map(|(i, outcome)| outcome.unwrap_or_else(|| panic!("operation {i} has no outcome")))
        .collect()
}

/// Returns the text of an error.
///
/// # Panics
///
/// If it does not name the server.
pub fn named<'e>(error: &'e StoreError, server: &str) -> &'e str {
    let message = error.reason().as_str();
    assert!(message.contains(server), "{message}");
    message
}
