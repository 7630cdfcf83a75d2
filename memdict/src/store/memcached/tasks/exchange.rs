//! The exchange of a batch with all its servers at once, in one task.

use std::{
    future::poll_fn,
    pin::pin,
    process,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    runtime::{self, Handle},
    time,
};

use super::{
    super::{
        interest::Interest,
        lane::{From, Lane},
        pool::{Approach, Pool, Wish},
        server::Server,
        socket::{Callers, Socket},
        timeouts::Timeouts,
        work::Work,
    },
    clock::now,
    connect,
};
use crate::store::{BoxFuture, deadline::Deadline, queue::Place};

/// One server's part of a batch, and what its lane waits for.
struct Part<'s, 'a> {
    lane: Lane<'s, 'a>,
    /// What the lane needs before it can go on.
    before: Option<Before<'s>>,
    server: &'s Server,
    call: Deadline,
    runtime: runtime::Id,
    is_over: bool,
}

enum Before<'s> {
    /// All connections are in use.
    Queued(BoxFuture<'s, Approach<'s>>),
    /// There is none yet.
    Connecting(BoxFuture<'s, Result<Socket, String>>),
}

impl<'s, 'a> Part<'s, 'a> {
    /// Does what can be done now. Returns whether that was anything.
    fn go(&mut self, context: &mut Context<'_>, work: &mut dyn Work<'a>) -> bool {
        match &mut self.before {
            Some(Before::Queued(approach)) => {
                let Poll::Ready(approach) = approach.as_mut().poll(context) else { return false };
                self.before = None;
                self.lane.go_on(approach, work);
                return true;
            }
            Some(Before::Connecting(socket)) => {
                let Poll::Ready(socket) = socket.as_mut().poll(context) else { return false };
                self.before = None;
                self.lane.greet(socket, work);
                return true;
            }
            None if self.lane.is_queued() => {
                let approach = wait(&self.server.tasks, self.lane.wish(), self.call);
                self.before = Some(Before::Queued(Box::pin(approach)));
                return true;
            }
            None if self.lane.needs_connection() => {
                let limit = self.lane.patience(now());
                let socket = connect::connect(&self.server.name, self.runtime, limit);
                self.before = Some(Before::Connecting(Box::pin(socket)));
                return true;
            }
            None => {}
        }
        let Some((socket, Interest { to_receive, to_send })) = self.lane.task_interest(work) else {
            self.is_over = true;
            return false;
        };
        match socket.poll_ready(to_receive, to_send, context) {
            Poll::Ready(Ok(ready)) => self.lane.go(ready, work),
            Poll::Ready(Err(error)) => self.lane.give_up(&error, work),
            Poll::Pending => return false,
        }
        true
    }

    /// Returns how much longer the lane waits for its server, or `None` if it is over. What comes
    /// before has a limit of its own.
    fn patience(&self) -> Option<Duration> {
        match &self.before {
            Some(_) => Some(Duration::MAX),
            None if self.is_over => None,
            None => Some(self.lane.patience(now())),
        }
    }

    /// Ends the lane if it has waited too long.
    fn times_out(&mut self, work: &mut dyn Work<'a>) -> bool {
        let late = self.patience().is_some_and(|left| left.is_zero());
        if late {
            self.lane.time_out(work);
        }
        late
    }
}

/// A task's place in the queue for a connection, which it leaves when it is dropped.
struct Queued<'p> {
    pool: &'p Pool,
    place: Option<Place>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        if let Some(place) = &self.place {
            self.pool.leave(place);
        }
    }
}

/// Waits for a connection, but not beyond the deadline of the call.
async fn wait(pool: &Pool, wish: Wish, call: Deadline) -> Approach<'_> {
    let mut queued = Queued { pool, place: None };
    let mut alarm = pin!(time::sleep_until(call.ends.into()));
    poll_fn(|context| {
        loop {
            let again = match pool.ask(wish, &mut queued.place, context) {
                Ok(approach) => return Poll::Ready(approach),
                Err(again) => again,
            };
            if call.is_over() {
                return Poll::Ready(Approach::Down(pool.none_free()));
            }
            let due = again.map_or(call.ends, |again| again.min(call.ends));
            alarm.as_mut().reset(due.into());
            if alarm.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await
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

/// Runs shares on their servers. Returns the shares that are left to the classic client.
pub(in crate::store::memcached) async fn run<'s, 'a>(
    shares: impl Iterator<Item = (&'s Server, Vec<usize>)>,
    timeouts: Timeouts,
    call: Deadline,
    work: &mut dyn Work<'a>,
) -> Vec<(&'s Server, Vec<usize>)> {
    let Ok(runtime) = Handle::try_current() else {
        for (server, share) in shares {
            server.refuse(share, "needs a tokio runtime: await the call inside one", work);
        }
        return Vec::new();
    };
    let (runtime, process) = (runtime.id(), process::id());
    let mut parts = Vec::new();
    for (server, share) in shares {
        let from = From { pool: &server.tasks, process, callers: Callers::Tasks(runtime) };
        let lane = Lane::begin(server, from, share, timeouts, call, work);
        parts.push(Part { lane, before: None, server, call, runtime, is_over: false });
    }
    drive(&mut parts, work).await;
    parts.into_iter().filter_map(|part| part.lane.left_to_classic()).collect()
}
