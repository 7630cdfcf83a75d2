//! The driver of an asynchronous session. It awaits the store and the timers of tokio, and lets a
//! commit that has begun go on when its caller is dropped.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, sync::watch, time};

use super::drive::{Drive, Progress};
use crate::{
    health::{ServerCounters, ServerHealth},
    store::{
        AsyncStore,
        caps::Caps,
        operation::{ApplyOut, Change, Load, LoadOut},
    },
};

/// Drives a store for tasks.
#[derive(Debug, Clone)]
pub(crate) struct Tasks {
    pub(crate) store: Arc<dyn AsyncStore>,
    pub(crate) finishing: Finishing,
}

impl Tasks {
    pub(crate) fn new(store: Arc<dyn AsyncStore>) -> Self {
        Self { store, finishing: Finishing::default() }
    }
}

impl Drive for Tasks {
    type Begun = Begun;

    fn caps(&self) -> Caps {
        self.store.caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.store.health()
    }

    async fn ping(&self) -> Vec<ServerHealth> {
        self.store.ping().await
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.store.server_counters()
    }

    async fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.store.load_many(loads, out).await;
    }

    async fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>, begun: &Begun) {
        self.store.apply_many_telling(changes, out, &|| begun.mark()).await;
    }

    fn finish<F>(&self, begun: Begun, commit: F) -> impl Future<Output = F::Output> + Send
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let (commit, finishing) = (Some(Box::pin(commit)), self.finishing.clone());
        Committing { commit, begun, finishing, runtime: Handle::try_current().ok() }
    }

    fn call(&self, deadline: Option<Duration>) -> Option<Self> {
        let store = self.store.within(deadline)?;
        Some(Self { store, finishing: self.finishing.clone() })
    }

    fn for_session(&self) -> Self {
        let store = self.store.for_session().unwrap_or_else(|| Arc::clone(&self.store));
        Self { store, finishing: self.finishing.clone() }
    }

    fn afterwards<F: Future<Output = ()> + Send + 'static>(&self, future: F) {
        if let Ok(runtime) = Handle::try_current() {
            let counted = self.finishing.count();
            runtime.spawn(async move {
                future.await;
                drop(counted);
            });
        }
    }

    fn now(&self) -> Instant {
        time::Instant::now().into_std()
    }

    async fn pause(&self, how_long: Duration) {
        // A runtime is needed only for sockets and timers: without one, there is no pause.
        if Handle::try_current().is_ok() {
            time::sleep(how_long).await;
        }
    }

    async fn within<F: Future + Send>(&self, limit: Duration, future: F) -> Option<F::Output> {
        if Handle::try_current().is_err() {
            return None;
        }
        time::timeout(limit, future).await.ok()
    }
}

/// Whether a commit has begun to send.
#[derive(Debug, Clone, Default)]
pub(crate) struct Begun(Arc<AtomicBool>);

impl Begun {
    fn mark(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Progress for Begun {
    fn has_begun(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts the commits that go on without their callers.
#[derive(Debug, Clone)]
pub(crate) struct Finishing(Arc<watch::Sender<usize>>);

impl Default for Finishing {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl Finishing {
    /// Waits until all of them have ended, for at most `limit`. Returns how many have not.
    pub(crate) async fn drain(&self, limit: Duration) -> usize {
        let mut left = self.0.subscribe();
        let ended = left.wait_for(|left| *left == 0);
        let ended = match Handle::try_current() {
            Ok(_) => time::timeout(limit, ended).await.is_ok(),
            Err(_) => false,
        };
        if ended { 0 } else { *self.0.borrow() }
    }

    fn count(&self) -> Counted {
        self.0.send_modify(|left| *left += 1);
        Counted(self.clone())
    }
}

/// A commit that is counted.
struct Counted(Finishing);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.0.send_modify(|left| *left -= 1);
    }
}

/// A commit under way. If this is dropped after the commit began to send, the commit goes on in a
/// task of the runtime.
struct Committing<F: Future + Send + 'static>
where
    F::Output: Send,
{
    /// In a box, because it may move into a task. `None` once it has ended.
    commit: Option<Pin<Box<F>>>,
    begun: Begun,
    finishing: Finishing,
    runtime: Option<Handle>,
}

impl<F: Future + Send + 'static> Future for Committing<F>
where
    F::Output: Send,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // It is taken out, so that a commit that panics is not continued.
        let Some(mut commit) = self.commit.take() else { return Poll::Pending };
        let poll = commit.as_mut().poll(context);
        if poll.is_pending() {
            self.commit = Some(commit);
        }
        poll
    }
}

impl<F: Future + Send + 'static> Drop for Committing<F>
where
    F::Output: Send,
{
    fn drop(&mut self) {
        let Some(commit) = self.commit.take() else { return };
        if let (true, Some(runtime)) = (self.begun.has_begun(), &self.runtime) {
            let counted = self.finishing.count();
            runtime.spawn(async move {
                commit.await;
                drop(counted);
            });
        }
    }
}
