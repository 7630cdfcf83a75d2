//! The asynchronous side, for tests that are written for calls that block.

use std::{
    pin::pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use memdict::{
    ApplyOut, AsyncStore, Caps, Change, Load, LoadOut, MemcachedStore, ServerCounters,
    ServerHealth, Store,
};
use tokio::runtime::{Builder, Runtime};

/// The runtime whose sockets and timers the futures use that are [waited for](wait).
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        runtime.expect("a runtime starts")
    })
}

/// Waits for a future, on this thread and in the context of a runtime. The code that the future
/// runs may wait for futures in turn.
pub fn wait<F: Future>(future: F) -> F::Output {
    let _inside = runtime().enter();
    let signal = Arc::new(Signal { thread: thread::current(), is_given: AtomicBool::new(true) });
    let waker = Waker::from(Arc::clone(&signal));
    let mut future = pin!(future);
    loop {
        // A wait inside this one may have used up the thread's token, but not the signal.
        while !signal.is_given.swap(false, Ordering::Acquire) {
            thread::park();
        }
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
    }
}

struct Signal {
    thread: Thread,
    is_given: AtomicBool,
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.is_given.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

/// A store for tasks, as one that blocks: each of its futures is waited for.
#[derive(Debug)]
pub struct Waiting<S>(pub S);

impl Waiting<MemcachedStore> {
    /// Sets the timeout.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self(self.0.timeout(timeout))
    }

    /// Sets the deadline.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self(self.0.deadline(deadline))
    }

    /// Sets how many connections there may be.
    #[must_use]
    pub fn max_connections(self, max_connections: usize) -> Self {
        Self(self.0.max_connections(max_connections))
    }

    /// Sets how many removals are remembered, and for how long.
    #[must_use]
    pub fn remember_removals(self, most: usize, age: Duration) -> Self {
        Self(self.0.remember_removals(most, age))
    }

    /// Sets the timeout for a connection.
    #[must_use]
    pub fn connect_timeout(self, timeout: Duration) -> Self {
        Self(self.0.connect_timeout(timeout))
    }
}

impl<S: AsyncStore> Store for Waiting<S> {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        wait(self.0.load_many(loads, out));
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        wait(self.0.apply_many(changes, out));
    }

    fn within(&self, deadline: Option<Duration>) -> Option<Arc<dyn Store>> {
        Some(Arc::new(Waiting(self.0.within(deadline)?)))
    }

    fn caps(&self) -> Caps {
        self.0.caps()
    }

    fn health(&self) -> Vec<ServerHealth> {
        self.0.health()
    }

    fn ping(&self) -> Vec<ServerHealth> {
        wait(self.0.ping())
    }

    fn server_counters(&self) -> Vec<ServerCounters> {
        self.0.server_counters()
    }
}
