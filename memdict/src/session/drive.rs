//! The one step in which a blocking and an asynchronous session differ: how a batch reaches the
//! store, and how to wait. All code that does I/O is written once, over a driver. A blocking driver
//! never yields, so one poll runs that code to its end.

use std::{
    fmt,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use crate::{
    health::{ServerCounters, ServerHealth},
    store::{
        Store,
        caps::Caps,
        operation::{ApplyOut, Change, Load, LoadOut},
    },
};

pub(crate) trait Drive: Clone + fmt::Debug + Send + Sync + 'static {
    /// Whether a commit has begun to send, if the driver has to know.
    type Begun: Progress;

    fn caps(&self) -> Caps;

    fn health(&self) -> Vec<ServerHealth>;

    fn ping(&self) -> impl Future<Output = Vec<ServerHealth>> + Send;

    fn server_counters(&self) -> Vec<ServerCounters>;

    fn load_many(
        &self,
        loads: &[Load<'_>],
        out: &mut LoadOut<'_>,
    ) -> impl Future<Output = ()> + Send;

    fn apply_many(
        &self,
        changes: &[Change<'_>],
        out: &mut ApplyOut<'_>,
        begun: &Self::Begun,
    ) -> impl Future<Output = ()> + Send;

    /// Runs a commit, which marks `begun` when it sends its first change. A commit that has begun
    /// goes on to its end, even if the returned future is dropped.
    fn finish<F>(&self, begun: Self::Begun, commit: F) -> impl Future<Output = F::Output> + Send
    where
        F: Future + Send + 'static,
        F::Output: Send;

    /// Begins a call of several batches, which together end within `deadline` or the store's own.
    /// Returns the driver for it, or `None` if each batch has its own time.
    fn call(&self, deadline: Option<Duration>) -> Option<Self>;

    /// Returns the driver of a session that begins now.
    fn for_session(&self) -> Self;

    /// Runs a future for which nobody waits, if there is a runtime for it.
    fn afterwards<F: Future<Output = ()> + Send + 'static>(&self, future: F);

    /// Returns the time.
    fn now(&self) -> Instant;

    /// Waits before work is tried again.
    fn pause(&self, how_long: Duration) -> impl Future<Output = ()> + Send;

    /// Runs a future that waits for other work of this process, for at most `limit`.
    fn within<F: Future + Send>(
        &self,
        limit: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> + Send;
}

/// Whether a commit has begun to send.
pub(crate) trait Progress: Clone + Default + Send + Sync + 'static {
    fn has_begun(&self) -> bool;
}

impl Progress for () {
    /// Nothing asks: only a panic cuts off a call that blocks.
    fn has_begun(&self) -> bool {
        false
    }
}

/// Drives a store that blocks.
#[derive(Debug, Clone)]
pub(crate) struct Blocking(pub(crate) Arc<dyn Store>);

impl Drive for Blocking {
    /// A call that blocks cannot be dropped before it ends.
    type Begun = ();

    fn caps(&self) -> Caps {
        self.0.caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.0.health()
    }

    async fn ping(&self) -> Vec<ServerHealth> {
        self.0.ping()
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.0.server_counters()
    }

    async fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.0.load_many(loads, out);
    }

    async fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>, (): &()) {
        self.0.apply_many(changes, out);
    }

    fn finish<F>(&self, (): (), commit: F) -> impl Future<Output = F::Output> + Send
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        commit
    }

    fn call(&self, deadline: Option<Duration>) -> Option<Self> {
        self.0.within(deadline).map(Self)
    }

    fn for_session(&self) -> Self {
        self.0.for_session().map_or_else(|| self.clone(), Self)
    }

    /// Does nothing: only a panic cuts off a call that blocks.
    fn afterwards<F: Future<Output = ()> + Send + 'static>(&self, _: F) {}

    fn now(&self) -> Instant {
        Instant::now()
    }

    async fn pause(&self, how_long: Duration) {
        thread::sleep(how_long);
    }

    async fn within<F: Future + Send>(&self, limit: Duration, future: F) -> Option<F::Output> {
        let deadline = Instant::now().checked_add(limit);
        let mut future = pin!(future);
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return Some(output);
            }
            let left = deadline.map_or(limit, |at| at.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return None;
            }
            thread::park_timeout(left);
        }
    }
}

/// Wakes the waiting thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// A call that has an outcome in the end: a future, or an outcome that may be known already.
pub(crate) trait Outcome {
    type Output;

    /// Returns the outcome, if a blocking driver runs the call.
    fn now(self) -> Self::Output;

    /// Returns the outcome, whatever driver runs the call.
    fn later(self) -> impl Future<Output = Self::Output>;
}

impl<F: Future> Outcome for F {
    type Output = F::Output;

    /// The future is ready at its first poll.
    fn now(self) -> F::Output {
        let mut future = pin!(self);
        loop {
            let mut context = Context::from_waker(Waker::noop());
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            thread::yield_now();
        }
    }

    fn later(self) -> impl Future<Output = F::Output> {
        self
    }
}

/// An outcome that is known already, or a future. If it is known, no future runs.
pub(crate) enum Soon<R, F> {
    Known(R),
    Later(F),
}

impl<R, F: Future<Output = R>> Outcome for Soon<R, F> {
    type Output = R;

    #[inline(always)]
    fn now(self) -> R {
        match self {
            Self::Known(outcome) => outcome,
            Self::Later(future) => wait(future),
        }
    }

    async fn later(self) -> R {
        match self {
            Self::Known(outcome) => outcome,
            Self::Later(future) => future.await,
        }
    }
}

/// A function of its own, so that calls with a known outcome stay short.
#[cold]
fn wait<F: Future>(future: F) -> F::Output {
    future.now()
}
