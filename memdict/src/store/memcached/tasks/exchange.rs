//! The exchange of a batch with all its servers at once, in one task.

use std::{
    future::poll_fn,
    pin::pin,
    process,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{runtime::Handle, time};

use super::{
    super::{
        lane::{From, Lane},
        server::Server,
        timeouts::Timeouts,
        wire::Callers,
        work::Work,
    },
    alone::Alone,
    sharing::{Sharing, is_small},
};
use crate::store::deadline::Deadline;

/// One server's part of a batch.
enum Part<'s, 'a> {
    /// On a connection of its own.
    Alone(Alone<'s, 'a>),
    /// On one that other tasks use as well.
    Shared(Sharing<'s, 'a>),
}

impl<'a> Part<'_, 'a> {
    /// Does what can be done now. Returns whether that was anything.
    fn go(&mut self, context: &mut Context<'_>, work: &mut dyn Work<'a>) -> bool {
        match self {
            Self::Alone(part) => part.go(context, work),
            Self::Shared(part) => part.go(context, work),
        }
    }

    /// Returns how much longer the part waits for its server, or `None` if it is over.
    fn patience(&self) -> Option<Duration> {
        match self {
            Self::Alone(part) => part.patience(),
            Self::Shared(part) => part.patience(),
        }
    }

    /// Ends the part if it has waited too long.
    fn times_out(&mut self, work: &mut dyn Work<'a>) -> bool {
        match self {
            Self::Alone(part) => part.times_out(work),
            Self::Shared(part) => part.times_out(work),
        }
    }
}

/// Runs the parts of a batch until each of them is over.
async fn drive<'a>(parts: &mut [Part<'_, 'a>], work: &mut dyn Work<'a>) {
    let mut alarm = pin!(None::<time::Sleep>);
    poll_fn(|context| {
        loop {
            let mut patience = None;
            for part in parts.iter_mut() {
                while part.go(context, work) || part.times_out(work) {}
                patience = patience.into_iter().chain(part.patience()).min();
            }
            let Some(patience) = patience else { return Poll::Ready(()) };
            let Some(due) = time::Instant::now().checked_add(patience) else {
                return Poll::Pending;
            };
            // A lane that has received bytes may wait longer than the alarm, which then rings in
            // vain.
            if alarm.as_ref().as_pin_ref().is_none_or(|alarm| alarm.is_elapsed()) {
                alarm.set(Some(time::sleep_until(due)));
            }
            let Some(mut alarm) = alarm.as_mut().as_pin_mut() else { return Poll::Pending };
            if due < alarm.deadline() {
                alarm.as_mut().reset(due);
            }
            if alarm.poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
}

/// Runs shares on their servers.
pub(in crate::store::memcached) async fn run<'s, 'a>(
    shares: impl Iterator<Item = (&'s Server, Vec<usize>)>,
    timeouts: Timeouts,
    call: Deadline,
    work: &mut dyn Work<'a>,
) {
    let Ok(runtime) = Handle::try_current() else {
        for (server, share) in shares {
            server.refuse(share, "needs a tokio runtime: await the call inside one", work);
        }
        return;
    };
    let process = process::id();
    let callers = Callers::Tasks(runtime.id());
    let mut parts = Vec::new();
    for (server, share) in shares {
        let shared = is_small(&share, work).then(|| {
            let wanted = work.wanted(server.index, &share);
            server.tasks.share(process, &runtime, wanted, &server.watched)
        });
        parts.push(match shared.flatten() {
            Some(shared) => {
                Part::Shared(Sharing::begin(server, shared, share, timeouts, call, work))
            }
            None => {
                let from = From { pool: &server.tasks, process, callers };
                let lane = Lane::begin(server, from, share, timeouts, call, work);
                Part::Alone(Alone::new(lane, server, call, runtime.id()))
            }
        });
    }
    drive(&mut parts, work).await;
}
