//! The task that drives a shared connection: it reads for all tasks that wait, and writes what they
//! posted.

use std::{
    future::poll_fn,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use tokio::runtime::Handle;

use super::{
    super::{connection::Connection, inbox::Inbox, watch::Watched},
    shared::Shared,
};

/// Lets many tasks of this runtime share a connection that is idle. It is driven until nobody has
/// it any more.
pub(in crate::store::memcached) fn share(
    connection: Connection,
    watched: Arc<Watched>,
    runtime: &Handle,
) -> Arc<Shared> {
    let (shared, inbox) = Shared::of(connection, watched);
    let shared = Arc::new(shared);
    let mut driver = Driver { shared: Arc::downgrade(&shared), inbox, is_deferring: false };
    // The task ends with the connection, and the connection with the task.
    drop(runtime.spawn(async move { poll_fn(|context| driver.poll(context)).await }));
    shared
}

struct Driver {
    shared: Weak<Shared>,
    inbox: Inbox,
    /// Whether it has let other tasks post before it writes.
    is_deferring: bool,
}

impl Driver {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(shared) = self.shared.upgrade() else { return Poll::Ready(()) };
        while shared.has_unsent(context.waker()) {
            if !self.is_deferring {
                // The tasks that are ready now may post as well. Their requests then leave in one
                // write.
                self.is_deferring = true;
                context.waker().wake_by_ref();
                break;
            }
            shared.send();
            if shared.has_unsent(context.waker()) && !shared.can_send(context) {
                break;
            }
            self.is_deferring = false;
        }
        match shared.receive(&mut self.inbox, context) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        }
    }
}

/// A driver that ends before its connection was dropped with its runtime.
impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            // The server has nothing to do with it.
            shared.close("was used in a runtime that ended");
        }
    }
}
