//! The session that a task holds.

use std::fmt;

use super::{
    async_drive::Tasks, commit::run::Explain, drive::Outcome, entry::guard::Ref, unit::Unit,
};
use crate::{
    counter::{definition::CounterDef, pending::SessionCounter},
    def::DictDef,
    dict::{async_face::AsyncDict, calls::Dict},
    error::Result,
    link::Link,
    report::CommitReport,
    track::Tracked,
};

/// A [`Session`](crate::Session) for tasks: its calls that may contact a store are `async`.
///
/// Guards and views may live across `.await`. A future of a session may be dropped at any point: a
/// load then has no effect, and a [commit](Self::commit) that has begun to send goes on in a task
/// of the runtime.
///
/// ```
/// use memdict::Cache;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> memdict::Result<()> {
/// let cache = Cache::open("memory:")?.to_async()?;
/// let session = cache.session();
/// *session.dict::<u64>("hits").entry("a").await?.or_default() += 1;
/// assert_eq!(session.commit().await?.written, 1);
/// # Ok(())
/// # }
/// ```
#[must_use = "a session that is dropped writes nothing"]
pub struct AsyncSession(pub(super) Unit<Tasks>);

impl From<Unit<Tasks>> for AsyncSession {
    fn from(unit: Unit<Tasks>) -> Self {
        Self(unit)
    }
}

impl From<AsyncSession> for Unit<Tasks> {
    fn from(session: AsyncSession) -> Self {
        session.0
    }
}

impl AsyncSession {
    #[doc = include_str!("dict.md")]
    pub fn dict<T: Tracked>(&self, def: impl Into<DictDef<T>>) -> AsyncDict<'_, T> {
        AsyncDict(Dict::new(&self.0, def.into()))
    }

    #[doc = include_str!("counter.md")]
    pub fn counter(&self, def: &CounterDef) -> SessionCounter<'_> {
        SessionCounter::new(&self.0.core, def.clone())
    }

    #[doc = include_str!("follow.md")]
    pub async fn follow<T: Tracked>(&self, link: &Link<T>) -> Result<Option<Ref<'_, T>>> {
        Dict::of_links(&self.0, link.dict()).get(link.key()).later().await
    }

    #[doc = include_str!("commit.md")]
    ///
    /// # Cancellation
    ///
    /// If the returned future is dropped before the first byte of a change was sent, the session is
    /// rolled back. If it is dropped later, the commit goes on in a task of the runtime, so that it
    /// is never half made; hooks, counters and the log then tell what became of it.
    /// [`AsyncCache::drain`](crate::AsyncCache::drain) waits for such commits.
    pub async fn commit(self) -> Result<CommitReport> {
        self.0.commit(Explain::Always, None).await
    }

    /// Discards all changes, as dropping the session does.
    pub fn rollback(self) {}
}

/// Shows the names of dictionaries, never a value.
impl fmt::Debug for AsyncSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
