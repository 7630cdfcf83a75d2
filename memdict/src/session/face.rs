//! The session that an application holds: the blocking face of the core.

use std::{fmt, sync::Arc};

use parking_lot::Mutex;

use super::{
    commit::commit,
    core::Core,
    drive::{Blocking, now},
    settings::Settings,
};
use crate::{
    def::DictDef,
    dict::{Dict, MemcachedDict},
    error::{BoxError, Result},
    log::warning,
    report::CommitReport,
    track::Tracked,
};

/// A hook that sees the report of a commit.
pub(crate) type Hook = dyn Fn(&CommitReport) -> Result<(), BoxError> + Send + Sync;

type OnceHook = Box<dyn FnOnce(&CommitReport) -> Result<(), BoxError> + Send>;

/// One unit of work: what is read through it stays the same, what is changed is written by
/// [`commit`](Self::commit), and without that nothing is.
///
/// Dropping a session discards its changes and never talks to a store. It can be shared between
/// threads; a key is in one guard for writing at a time.
///
/// ```
/// use memdict::Cache;
///
/// let cache = Cache::open("memory:")?;
/// let session = cache.session();
/// *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
/// drop(session); // discarded
///
/// let session = cache.session();
/// assert!(session.dict::<u64>("hits").get("a")?.is_none());
/// *session.dict::<u64>("hits").entry("a")?.or_default() += 1;
/// assert_eq!(session.commit()?.written, 1);
/// # Ok::<_, memdict::Error>(())
/// ```
#[must_use = "a session that is dropped writes nothing"]
pub struct Session {
    core: Core,
    driver: Blocking,
    cache_hooks: Arc<[Box<Hook>]>,
    hooks: Mutex<Vec<OnceHook>>,
}

impl Session {
    pub(crate) fn new(
        settings: Arc<Settings>,
        driver: Blocking,
        cache_hooks: Arc<[Box<Hook>]>,
    ) -> Self {
        Self { core: Core::new(settings), driver, cache_hooks, hooks: Mutex::default() }
    }

    /// A dictionary, by its definition or by its name alone.
    ///
    /// A name that this session has used with another type gives a dictionary whose every call
    /// is [`Error::WrongType`](crate::Error::WrongType).
    ///
    /// ```
    /// use memdict::{Cache, DictDef};
    ///
    /// static HITS: DictDef<u64> = DictDef::new("hits").ttl_secs(60);
    ///
    /// let cache = Cache::open("memory:")?;
    /// let session = cache.session();
    /// session.dict(&HITS).insert("a", 1)?;
    /// assert_eq!(*session.dict::<u64>("hits").get("a")?.unwrap(), 1);
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn dict<T: Tracked>(&self, def: impl Into<DictDef<T>>) -> MemcachedDict<'_, T> {
        MemcachedDict::new(Dict::new(&self.core, &self.driver, def.into()))
    }

    /// Runs `hook` after this session's commit, if that is `Ok`, and gives it the report. Its
    /// error is logged and stops nobody.
    pub fn after_commit(
        &self,
        hook: impl FnOnce(&CommitReport) -> Result<(), BoxError> + Send + 'static,
    ) {
        self.hooks.lock().push(Box::new(hook));
    }

    /// Writes what was changed, and says what became of each key. memcached has no atomicity
    /// across keys: some changes may be done while others are in conflict, refused or lost. The
    /// report, or the error, names every key.
    ///
    /// Changes are sent in one pipelined batch, each on the condition that its key is as this
    /// session saw it. All values are encoded before the first byte is sent.
    ///
    /// What is sent: a value that was handed out for writing, if its encoding differs from what
    /// was loaded and it is not the [same](Tracked::same); what was inserted, unless a read had
    /// found the same; a deletion for what was removed. Nothing else: a session that changed
    /// nothing sends nothing.
    ///
    /// `Ok` means that nothing is in conflict. It does not mean that everything was written:
    ///
    /// - **lost**: a server was down, or its answer never came. The change is in
    ///   [`lost`](CommitReport::lost) and in the log; in a [strict](crate::CacheBuilder::strict)
    ///   cache it is an error. An unanswered change is looked for once before it counts as
    ///   lost. What a memcached has no memory for is lost as well, and the old value is gone.
    /// - **refused**: a value above the server's limit, say. That key alone is in
    ///   [`refused`](CommitReport::refused); the old value is deleted if it was still the one
    ///   seen, so that nobody goes on reading what was to be replaced.
    /// - a value that vanished from the store since it was loaded is stored anew
    ///   ([`recreated`](CommitReport::recreated)).
    ///
    /// # Errors
    ///
    /// - [`Conflict`](crate::Error::Conflict): somebody else changed a key since this session
    ///   loaded it, or created one that was missing. Other keys may have been written; the
    ///   error's report names them.
    /// - [`Encode`](crate::Error::Encode), [`StillBorrowed`](crate::Error::StillBorrowed),
    ///   [`Poisoned`](crate::Error::Poisoned), [`Unsupported`](crate::Error::Unsupported):
    ///   nothing was sent.
    /// - [`Unavailable`](crate::Error::Unavailable), in a strict cache: something is lost. The
    ///   rest was written; the error's report names it.
    pub fn commit(self) -> Result<CommitReport> {
        let Self { mut core, driver, cache_hooks, hooks } = self;
        let report = now(commit(&mut core, &driver))?;
        let hooks = hooks.into_inner().into_iter().map(|hook| hook(&report));
        let outcomes = cache_hooks.iter().map(|hook| hook(&report)).chain(hooks);
        for error in outcomes.filter_map(Result::err) {
            warning!("a hook failed after a commit: {error}");
        }
        Ok(report)
    }

    /// Discards all changes, as dropping the session does.
    pub fn rollback(self) {}
}

/// Names dictionaries; never shows a value.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("store", &self.driver)
            .field("dicts", &self.core.identity.names())
            .field("handed_out_for_writing", &self.core.listed.lock().len())
            .finish_non_exhaustive()
    }
}
