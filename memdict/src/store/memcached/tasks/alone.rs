//! One server's part of a batch, on a connection of its own.

use std::{
    future::poll_fn,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{runtime, time};

use super::{
    super::{
        interest::Interest,
        lane::Lane,
        pool::{Approach, Pool, Wish},
        server::Server,
        wire::Wire,
        work::Work,
    },
    clock::now,
    connect,
};
use crate::store::{BoxFuture, deadline::Deadline, queue::Place};

/// One server's part of a batch, and what its lane waits for.
pub(super) struct Alone<'s, 'a> {
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
    Connecting(BoxFuture<'s, Result<Wire, String>>),
}

impl<'s, 'a> Alone<'s, 'a> {
    pub(super) fn new(
        lane: Lane<'s, 'a>,
        server: &'s Server,
        call: Deadline,
        runtime: runtime::Id,
    ) -> Self {
        Self { lane, before: None, server, call, runtime, is_over: false }
    }

    /// Does what can be done now. Returns whether that was anything.
    pub(super) fn go(&mut self, context: &mut Context<'_>, work: &mut dyn Work<'a>) -> bool {
        match &mut self.before {
            Some(Before::Queued(approach)) => {
                let Poll::Ready(approach) = approach.as_mut().poll(context) else { return false };
                self.before = None;
                self.lane.go_on(approach, work);
                return true;
            }
            Some(Before::Connecting(wire)) => {
                let Poll::Ready(wire) = wire.as_mut().poll(context) else { return false };
                self.before = None;
                self.lane.greet(wire, work);
                return true;
            }
            None if self.lane.is_queued() => {
                let approach = wait(&self.server.tasks, self.lane.wish(), self.call);
                self.before = Some(Before::Queued(Box::pin(approach)));
                return true;
            }
            None if self.lane.needs_connection() => {
                let limit = self.lane.patience(now());
                let wire = connect::connect(&self.server.name, self.runtime, limit);
                self.before = Some(Before::Connecting(Box::pin(wire)));
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
    pub(super) fn patience(&self) -> Option<Duration> {
        match &self.before {
            Some(_) => Some(Duration::MAX),
            None if self.is_over => None,
            None => Some(self.lane.patience(now())),
        }
    }

    /// Ends the lane if it has waited too long.
    pub(super) fn times_out(&mut self, work: &mut dyn Work<'a>) -> bool {
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
