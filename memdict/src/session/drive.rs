//! The one step in which a blocking and an asynchronous session differ: how a batch reaches the
//! store. All that does I/O is written once, over a driver; a blocking driver never waits, so
//! one poll runs it to its end.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use crate::store::{
    Store,
    caps::Caps,
    operation::{ApplyOut, Change, Load, LoadOut},
};

pub(crate) trait Drive: Send + Sync {
    fn caps(&self) -> Caps;

    fn load_many(
        &self,
        loads: &[Load<'_>],
        out: &mut LoadOut<'_>,
    ) -> impl Future<Output = ()> + Send;

    fn apply_many(
        &self,
        changes: &[Change<'_>],
        out: &mut ApplyOut<'_>,
    ) -> impl Future<Output = ()> + Send;
}

/// Drives a store that blocks.
#[derive(Debug, Clone)]
pub(crate) struct Blocking(pub(crate) Arc<dyn Store>);

impl Drive for Blocking {
    fn caps(&self) -> Caps {
        self.0.caps()
    }

    async fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.0.load_many(loads, out);
    }

    async fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        self.0.apply_many(changes, out);
    }
}

/// Runs what a blocking driver drives: it is ready at the first poll.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
        std::thread::yield_now();
    }
}
