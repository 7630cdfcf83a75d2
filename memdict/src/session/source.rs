//! Makes the sessions of a cache.

use std::sync::Arc;

use super::{
    commit::hooks::CacheHooks,
    core::VerifyFirst,
    drive::Drive,
    retry::Retry,
    settings::{OtherSchema, Settings},
    turns::Turns,
    unit::Unit,
};
use crate::{
    counters::Counters,
    health::{ServerCounters, ServerHealth},
    latency::Latencies,
};

/// A store behind its driver, and what all sessions on it share.
#[derive(Clone)]
pub(crate) struct Source<D> {
    pub(crate) driver: D,
    pub(crate) settings: Arc<Settings>,
    pub(crate) hooks: Arc<CacheHooks>,
    pub(crate) retry: Retry,
    pub(crate) turns: Arc<Turns>,
}

impl<D: Drive> Source<D> {
    /// Returns a new unit of work.
    pub(crate) fn unit(&self, verify_first: VerifyFirst) -> Unit<D> {
        let (settings, hooks) = (Arc::clone(&self.settings), Arc::clone(&self.hooks));
        Unit::new(self.driver.for_session(), settings, hooks, verify_first)
    }

    /// Returns the same for another driver of the same store.
    #[cfg(feature = "tokio")]
    pub(crate) fn driven_by<E: Drive>(&self, driver: E) -> Source<E> {
        let Self { settings, hooks, retry, turns, .. } = self.clone();
        Source { driver, settings, hooks, retry, turns }
    }

    pub(crate) fn counters(&self) -> Counters {
        self.settings.counting.total()
    }

    pub(crate) fn counters_of(&self, dict: impl AsRef<str>) -> Counters {
        self.settings.counting.read_of(dict.as_ref())
    }

    pub(crate) fn counted_dicts(&self) -> Vec<String> {
        self.settings.counting.names()
    }

    pub(crate) fn latencies(&self) -> Latencies {
        self.settings.counting.latencies()
    }

    pub(crate) fn latencies_of(&self, dict: impl AsRef<str>) -> Latencies {
        self.settings.counting.latencies_of(dict.as_ref())
    }

    pub(crate) fn health(&self) -> Vec<ServerHealth> {
        self.driver.health()
    }

    pub(crate) async fn ping(&self) -> Vec<ServerHealth> {
        self.driver.ping().await
    }

    pub(crate) fn server_counters(&self) -> Vec<ServerCounters> {
        self.driver.server_counters()
    }

    pub(crate) fn other_schemas(&self) -> Vec<OtherSchema> {
        self.settings.other_schemas()
    }
}
