//! What the sessions of a cache are made from.

use std::sync::Arc;

use super::{
    commit::hooks::CacheHooks, core::VerifyFirst, drive::Drive, retry::Retry, settings::Settings,
    turns::Turns, unit::Unit,
};

/// A store behind its driver, and what all sessions over it share.
#[derive(Clone)]
pub(crate) struct Source<D> {
    pub(crate) driver: D,
    pub(crate) settings: Arc<Settings>,
    pub(crate) hooks: Arc<CacheHooks>,
    pub(crate) retry: Retry,
    pub(crate) turns: Arc<Turns>,
}

impl<D: Drive> Source<D> {
    /// A unit of work.
    pub(crate) fn unit(&self, verify_first: VerifyFirst) -> Unit<D> {
        let (settings, hooks) = (Arc::clone(&self.settings), Arc::clone(&self.hooks));
        Unit::new(self.driver.clone(), settings, hooks, verify_first)
    }
}
