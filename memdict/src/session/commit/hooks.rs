//! Hooks: what an application is asked before a commit and told after it.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use parking_lot::Mutex;

use crate::{
    entry_id::EntryId,
    error::{BoxError, Error, Result},
    log::warning,
    report::CommitReport,
};

/// The result of a hook. An error of a hook that runs after a commit is only logged.
pub(crate) type HookResult = Result<(), BoxError>;

/// A hook of a cache that can refuse a commit of these entries.
type Veto = Box<dyn Fn(&[&EntryId]) -> HookResult + Send + Sync>;
/// A hook of one session that can refuse its commit.
type OwnVeto = Box<dyn FnOnce(&[&EntryId]) -> HookResult + Send>;
/// A hook of a cache, which runs in each of its sessions.
type Hook<Told> = Box<dyn Fn(&Told) -> HookResult + Send + Sync>;
/// A hook of one session, which runs once.
type OwnHook<Told> = Box<dyn FnOnce(&Told) -> HookResult + Send>;

/// The hooks of a cache.
#[derive(Default)]
pub(crate) struct CacheHooks {
    pub(crate) before: Vec<Veto>,
    pub(crate) committed: Vec<Hook<CommitReport>>,
    pub(crate) failed: Vec<Hook<Error>>,
    pub(crate) rolled_back: Vec<Box<dyn Fn() -> HookResult + Send + Sync>>,
}

/// The hooks that only one session has.
#[derive(Default)]
pub(crate) struct OwnHooks {
    pub(crate) before: Vec<OwnVeto>,
    pub(crate) committed: Vec<OwnHook<CommitReport>>,
    pub(crate) failed: Vec<OwnHook<Error>>,
    pub(crate) rolled_back: Vec<Box<dyn FnOnce() -> HookResult + Send>>,
}

/// The hooks that run in a session: those of its cache, then its own. A session that ends without a
/// commit was rolled back, so dropping this runs the hooks for a rollback.
pub(crate) struct Hooks {
    cache: Arc<CacheHooks>,
    own: Mutex<OwnHooks>,
    /// Whether the hooks were told how the session ended.
    told: bool,
}

impl Hooks {
    pub(crate) fn new(cache: Arc<CacheHooks>) -> Self {
        Self { cache, own: Mutex::default(), told: false }
    }

    /// Adds a hook to the session's own.
    pub(crate) fn add(&self, add: impl FnOnce(&mut OwnHooks)) {
        add(&mut self.own.lock());
    }

    /// Runs the hooks before a commit, up to the first that refuses.
    ///
    /// # Errors
    ///
    /// [`Error::User`] with the error of that hook.
    pub(crate) fn before<'k>(&mut self, ids: impl FnOnce() -> Vec<&'k EntryId>) -> Result<()> {
        let own = std::mem::take(&mut self.own.get_mut().before);
        if self.cache.before.is_empty() && own.is_empty() {
            return Ok(());
        }
        let ids = ids();
        self.cache.before.iter().try_for_each(|hook| hook(&ids)).map_err(Error::User)?;
        own.into_iter().try_for_each(|hook| hook(&ids)).map_err(Error::User)
    }

    /// Tells all hooks how the commit ended.
    pub(crate) fn after(&mut self, outcome: &Result<CommitReport>) {
        self.told = true;
        let own = std::mem::take(self.own.get_mut());
        match outcome {
            Ok(report) => {
                let of = report.of_session();
                let shared = self.cache.committed.iter();
                shared.for_each(|hook| tell("a commit", &of, || hook(report)));
                let own = own.committed.into_iter();
                own.for_each(|hook| tell("a commit", &of, || hook(report)));
            }
            Err(error) => {
                let shared = self.cache.failed.iter();
                shared.for_each(|hook| tell("a failed commit", "", || hook(error)));
                let own = own.failed.into_iter();
                own.for_each(|hook| tell("a failed commit", "", || hook(error)));
            }
        }
    }
}

impl Hooks {
    /// Notes that the commit ended while it was sent, so that it was not rolled back.
    pub(crate) fn cut_off(&mut self) {
        self.told = true;
    }
}

impl Drop for Hooks {
    fn drop(&mut self) {
        if self.told {
            return;
        }
        self.cache.rolled_back.iter().for_each(|hook| tell("a rollback", "", hook));
        let own = std::mem::take(&mut self.own.get_mut().rolled_back);
        own.into_iter().for_each(|hook| tell("a rollback", "", hook));
    }
}

/// Runs one hook. Its error or panic is only logged, because the commit is over.
fn tell(what: &str, of_session: &str, hook: impl FnOnce() -> HookResult) {
    match catch_unwind(AssertUnwindSafe(hook)) {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warning!("a hook failed after {what}{of_session}: {error}"),
        Err(_) => warning!("a hook panicked after {what}{of_session}"),
    }
}
