//! The exchange of a batch with all its servers at once, in one task.

use std::{
    future::poll_fn,
    mem,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time,
};

use super::{
    super::{
        interest::Interest, lane::Lane, server::Server, socket::Socket, timeouts::Timeouts,
        work::Work,
    },
    connect,
    connections::{Permit, now},
};
use crate::store::BoxFuture;

/// How long a task waits for a connection, as a multiple of the timeout.
const PATIENCE: u32 = 10;

/// One server's part of a batch, and what it needs before its lane can go.
struct Place<'s, 'a> {
    stage: Stage<'s, 'a>,
    server: &'s Server,
    timeouts: Timeouts,
    runtime: runtime::Id,
}

enum Stage<'s, 'a> {
    /// All connections are in use.
    Queued {
        share: Vec<usize>,
        permit: BoxFuture<'s, Result<Permit, String>>,
    },
    /// The lane needs a new connection.
    Connecting {
        lane: Lane<'s, 'a>,
        socket: BoxFuture<'s, Result<Socket, String>>,
        permit: Permit,
    },
    /// The lane goes, with its connection.
    Going {
        lane: Lane<'s, 'a>,
        permit: Permit,
    },
    Over(Option<Lane<'s, 'a>>),
}

impl<'s, 'a> Place<'s, 'a> {
    /// Begins with the operations of the batch that `share` names.
    fn begin(
        server: &'s Server,
        share: Vec<usize>,
        timeouts: Timeouts,
        runtime: runtime::Id,
        work: &mut dyn Work<'a>,
    ) -> Self {
        let mut place = Self { stage: Stage::Over(None), server, timeouts, runtime };
        let permits = &server.tasks.permits;
        match permits.clone().try_acquire_owned() {
            Ok(permit) => place.enter(share, permit, work),
            Err(_) => {
                let (permits, limit) = (permits.clone(), timeouts.exchange * PATIENCE);
                let permit = Box::pin(async move {
                    match time::timeout(limit, permits.acquire_owned()).await {
                        Ok(Ok(permit)) => Ok(permit),
                        Ok(Err(_)) | Err(_) => {
                            Err(format!("has no connection free: none came free within {limit:?}"))
                        }
                    }
                });
                place.stage = Stage::Queued { share, permit };
            }
        }
        place
    }

    /// Takes an idle connection, or begins to make one.
    fn enter(&mut self, share: Vec<usize>, permit: Permit, work: &mut dyn Work<'a>) {
        let runtime = self.runtime;
        let fits = |socket: &Socket| socket.is_of(runtime);
        let pool = &self.server.tasks.pool;
        let lane = Lane::begin(self.server, pool, fits, share, self.timeouts, work);
        self.stage = if lane.look_up().is_some() {
            let limit = self.timeouts.connect;
            let socket = Box::pin(connect::connect(&self.server.name, runtime, limit));
            Stage::Connecting { lane, socket, permit }
        } else {
            Stage::Going { lane, permit }
        };
    }

    /// Does what can be done now. Returns whether that was anything.
    fn go(&mut self, context: &mut Context<'_>, work: &mut dyn Work<'a>) -> bool {
        match mem::replace(&mut self.stage, Stage::Over(None)) {
            Stage::Queued { share, mut permit } => match permit.as_mut().poll(context) {
                Poll::Ready(Ok(permit)) => self.enter(share, permit, work),
                Poll::Ready(Err(why)) => self.server.refuse(share, &why, work),
                Poll::Pending => {
                    self.stage = Stage::Queued { share, permit };
                    return false;
                }
            },
            Stage::Connecting { mut lane, mut socket, permit } => {
                match socket.as_mut().poll(context) {
                    Poll::Ready(socket) => {
                        lane.greet(socket, work);
                        self.stage = Stage::Going { lane, permit };
                    }
                    Poll::Pending => {
                        self.stage = Stage::Connecting { lane, socket, permit };
                        return false;
                    }
                }
            }
            Stage::Going { mut lane, permit } => {
                let went = match lane.task_interest(work) {
                    // The connection is in the pool again. The permit comes free after it.
                    None => {
                        self.stage = Stage::Over(Some(lane));
                        return false;
                    }
                    Some((socket, Interest { to_receive, to_send })) => {
                        match socket.poll_ready(to_receive, to_send, context) {
                            Poll::Ready(Ok(ready)) => {
                                lane.go(ready, work);
                                true
                            }
                            Poll::Ready(Err(error)) => {
                                lane.give_up(&error, work);
                                true
                            }
                            Poll::Pending => false,
                        }
                    }
                };
                self.stage = Stage::Going { lane, permit };
                return went;
            }
            Stage::Over(lane) => {
                self.stage = Stage::Over(lane);
                return false;
            }
        }
        true
    }

    /// Returns how much longer the lane waits for its server, or `None` if it is over. What comes
    /// before the lane has a limit of its own.
    fn patience(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Queued { .. } | Stage::Connecting { .. } => Some(Duration::MAX),
            Stage::Going { lane, .. } => Some(lane.patience(now())),
            Stage::Over(_) => None,
        }
    }

    /// Ends the lane if it has waited too long.
    fn times_out(&mut self, work: &mut dyn Work<'a>) -> bool {
        match &mut self.stage {
            Stage::Going { lane, .. } if lane.patience(now()).is_zero() => {
                lane.time_out(work);
                true
            }
            _ => false,
        }
    }

    /// Returns the share if it is left to the classic client.
    fn left_to_classic(self) -> Option<(&'s Server, Vec<usize>)> {
        match self.stage {
            Stage::Over(Some(lane)) => lane.left_to_classic(),
            _ => None,
        }
    }
}

/// Runs the parts of a batch until each of them is over.
async fn drive<'a>(places: &mut [Place<'_, 'a>], work: &mut dyn Work<'a>) {
    let mut alarm = pin!(None::<time::Sleep>);
    poll_fn(|context| {
        loop {
            let mut patience = None;
            for place in places.iter_mut() {
                while place.go(context, work) || place.times_out(work) {}
                patience = patience.into_iter().chain(place.patience()).min();
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

/// Runs shares on their servers. Returns the shares that are left to the classic client.
pub(in crate::store::memcached) async fn run<'s, 'a>(
    shares: impl Iterator<Item = (&'s Server, Vec<usize>)>,
    timeouts: Timeouts,
    work: &mut dyn Work<'a>,
) -> Vec<(&'s Server, Vec<usize>)> {
    let Ok(runtime) = Handle::try_current() else {
        for (server, share) in shares {
            server.refuse(share, "needs a tokio runtime: await the call inside one", work);
        }
        return Vec::new();
    };
    let runtime = runtime.id();
    let mut places = Vec::new();
    for (server, share) in shares {
        places.push(Place::begin(server, share, timeouts, runtime, work));
    }
    drive(&mut places, work).await;
    places.into_iter().filter_map(Place::left_to_classic).collect()
}
