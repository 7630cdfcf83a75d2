//! One unit of work, whatever drives it. The faces of a session call it.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    commit::{
        hooks::{CacheHooks, HookResult, Hooks},
        run::{Explain, commit},
    },
    core::{Core, VerifyFirst},
    drive::{Drive, Progress},
    entry::savepoint::Savepoint,
    settings::Settings,
    turns::Turn,
};
use crate::{
    entry_id::EntryId,
    error::{Error, Result},
    report::CommitReport,
    trace::Traced,
};

/// A session and its driver.
pub(crate) struct Unit<D> {
    pub(crate) core: Core,
    pub(crate) driver: D,
    hooks: Hooks,
}

impl<D: Drive> Unit<D> {
    pub(crate) fn new(
        driver: D,
        settings: Arc<Settings>,
        hooks: Arc<CacheHooks>,
        verify_first: VerifyFirst,
    ) -> Self {
        let core = Core::new(settings, verify_first);
        Self { core, driver, hooks: Hooks::new(hooks) }
    }

    pub(crate) fn savepoint(&mut self) -> Savepoint {
        self.core.savepoint()
    }

    pub(crate) fn rollback_to(&mut self, savepoint: &Savepoint) -> Result<()> {
        self.core.rollback_to(savepoint)
    }

    pub(crate) fn before_commit(
        &self,
        hook: impl FnOnce(&[&EntryId]) -> HookResult + Send + 'static,
    ) {
        self.hooks.add(|own| own.before.push(Box::new(hook)));
    }

    pub(crate) fn after_commit(
        &self,
        hook: impl FnOnce(&CommitReport) -> HookResult + Send + 'static,
    ) {
        self.hooks.add(|own| own.committed.push(Box::new(hook)));
    }

    pub(crate) fn after_failed_commit(
        &self,
        hook: impl FnOnce(&Error) -> HookResult + Send + 'static,
    ) {
        self.hooks.add(|own| own.failed.push(Box::new(hook)));
    }

    pub(crate) fn after_rollback(&self, hook: impl FnOnce() -> HookResult + Send + 'static) {
        self.hooks.add(|own| own.rolled_back.push(Box::new(hook)));
    }

    pub(crate) fn has_changes(&self) -> bool {
        self.core.listed.lock().iter().any(|entry| entry.is_dirty())
    }

    pub(crate) fn verify_first(&self, on: bool) {
        let verify_first = if on { VerifyFirst::Yes } else { VerifyFirst::No };
        *self.core.verify_first.lock() = verify_first;
    }

    pub(crate) fn deadline(&self, deadline: Duration) {
        *self.core.deadline.lock() = Some(deadline);
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.core.notes.lock().push(text.into());
    }

    pub(crate) fn doom(&self) {
        *self.core.doomed.lock() = true;
    }

    /// Commits the session. In a transaction, hot entries are committed in turn.
    pub(crate) async fn commit(
        self,
        explain: Explain,
        turn: Option<(Turn, Duration)>,
    ) -> Result<CommitReport> {
        let (driver, begun) = (self.driver.clone(), D::Begun::default());
        let whole = {
            let begun = begun.clone();
            async move {
                let Self { mut core, driver, hooks } = self;
                let mut told = Told { hooks, begun };
                let Told { hooks, begun } = &mut told;
                let traced = Traced::commit(&core.settings.namespace);
                let commit = commit(&mut core, &driver, begun, hooks, explain, turn);
                let outcome = traced.around(commit).await;
                traced.ended(&outcome);
                hooks.after(&outcome);
                outcome
            }
        };
        driver.finish(begun, whole).await
    }
}

/// The hooks of a session during its commit.
struct Told<P: Progress> {
    hooks: Hooks,
    begun: P,
}

/// A commit that is dropped after it began to send was not rolled back.
impl<P: Progress> Drop for Told<P> {
    fn drop(&mut self) {
        if self.begun.has_begun() {
            self.hooks.cut_off();
        }
    }
}

/// Shows the names of dictionaries, never a value.
impl<D: Drive> fmt::Debug for Unit<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("store", &self.driver)
            .field("dicts", &self.core.identity.names())
            .field("listed_for_commit", &self.core.listed.lock().len())
            .finish_non_exhaustive()
    }
}
