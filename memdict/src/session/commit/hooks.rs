//! What an application is asked before a commit, and told after it.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::{
    error::{BoxError, Error, Result},
    key::Key,
    log::warning,
    report::CommitReport,
};

/// A hook that sees what is about to be changed, and may refuse.
pub(crate) type Before = dyn Fn(&[(&str, &Key)]) -> Result<(), BoxError> + Send + Sync;

/// A hook that sees the report of a commit.
pub(crate) type After = dyn Fn(&CommitReport) -> Result<(), BoxError> + Send + Sync;

/// The hooks of a cache.
#[derive(Default)]
pub(crate) struct CacheHooks {
    pub(crate) before: Vec<Box<Before>>,
    pub(crate) after: Vec<Box<After>>,
}

type BeforeOnce = Box<dyn FnOnce(&[(&str, &Key)]) -> Result<(), BoxError> + Send>;
type AfterOnce = Box<dyn FnOnce(&CommitReport) -> Result<(), BoxError> + Send>;

/// The hooks of a session: those of its cache, and then its own.
pub(crate) struct Hooks {
    cache: Arc<CacheHooks>,
    before: Mutex<Vec<BeforeOnce>>,
    after: Mutex<Vec<AfterOnce>>,
}

impl Hooks {
    pub(crate) fn new(cache: Arc<CacheHooks>) -> Self {
        Self { cache, before: Mutex::default(), after: Mutex::default() }
    }

    pub(crate) fn add_before(&self, hook: BeforeOnce) {
        self.before.lock().push(hook);
    }

    pub(crate) fn add_after(&self, hook: AfterOnce) {
        self.after.lock().push(hook);
    }

    /// Asks one after the other, up to the first that refuses.
    ///
    /// # Errors
    ///
    /// [`Error::User`], of what that one said.
    pub(crate) fn before<'k>(
        &mut self,
        keys: impl FnOnce() -> Vec<(&'k str, &'k Key)>,
    ) -> Result<()> {
        let own = std::mem::take(self.before.get_mut());
        if self.cache.before.is_empty() && own.is_empty() {
            return Ok(());
        }
        let keys = keys();
        self.cache.before.iter().try_for_each(|hook| hook(&keys)).map_err(Error::User)?;
        own.into_iter().try_for_each(|hook| hook(&keys)).map_err(Error::User)
    }

    /// Tells everybody.
    pub(crate) fn after(self, report: &CommitReport) {
        let own = self.after.into_inner().into_iter().map(|hook| hook(report));
        let outcomes = self.cache.after.iter().map(|hook| hook(report)).chain(own);
        for error in outcomes.filter_map(Result::err) {
            warning!("a hook failed after a commit{}: {error}", report.of_session());
        }
    }
}
