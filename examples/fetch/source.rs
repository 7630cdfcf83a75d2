//! A price list that is slow, as a database under load is, and that counts how often it is asked.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

/// What a read through the cache can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the price list is down")]
    Down,
    #[error(transparent)]
    Cache(#[from] memdict::Error),
}

#[derive(Debug, Default)]
struct State {
    prices: BTreeMap<String, u64>,
    asked: usize,
    is_down: bool,
}

#[derive(Debug)]
pub(crate) struct Source(Mutex<State>);

impl Source {
    pub(crate) fn new<const N: usize>(prices: [(&str, u64); N]) -> Self {
        let prices = prices.into_iter().map(|(name, price)| (name.to_owned(), price)).collect();
        Self(Mutex::new(State { prices, ..State::default() }))
    }

    fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a price.
    pub(crate) fn price(&self, name: &str) -> Result<Option<u64>, Failure> {
        Ok(self.prices(&[name])?.pop().map(|(_, price)| price))
    }

    /// Asks for several prices at once. Names without one are left out.
    pub(crate) fn prices<'n>(&self, names: &[&'n str]) -> Result<Vec<(&'n str, u64)>, Failure> {
        thread::sleep(Duration::from_millis(100));
        self.with(|state| {
            state.asked += 1;
            if state.is_down {
                return Err(Failure::Down);
            }
            let price = |name: &&'n str| state.prices.get(*name).map(|price| (*name, *price));
            Ok(names.iter().filter_map(price).collect())
        })
    }

    pub(crate) fn set(&self, name: &str, price: u64) {
        self.forget();
        self.with(|state| state.prices.insert(name.to_owned(), price));
    }

    pub(crate) fn fail(&self) {
        self.with(|state| state.is_down = true);
    }

    /// Forgets how often it was asked.
    pub(crate) fn forget(&self) {
        self.with(|state| state.asked = 0);
    }

    /// Says how often it was asked.
    pub(crate) fn asked(&self) -> String {
        match self.with(|state| state.asked) {
            1 => "the source was asked once".to_owned(),
            times => format!("the source was asked {times} times"),
        }
    }
}
