//! The queue of callers that wait for a connection. They are served in the order in which they
//! came.
//!
//! Its locks are those of `std`. `parking_lot` lists all waiting threads of a process in one table,
//! which is a trap after a fork: in the child, the listed threads do not exist, and their memory is
//! used anew.

#[cfg(feature = "tokio")]
use std::task::{Context, Waker};
use std::{
    collections::VecDeque,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// Locks a state. A panic leaves it as it was, because no code of a user runs under its lock.
pub(in crate::store) fn lock<S>(state: &Mutex<S>) -> MutexGuard<'_, S> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The callers that wait, the first one in front. It is a part of the state that they wait for.
#[derive(Debug, Default)]
pub(in crate::store) struct Queue(VecDeque<Place>);

/// The place of a caller in a queue.
pub(in crate::store) type Place = Arc<Caller>;

/// A caller that waits.
#[derive(Debug)]
pub(in crate::store) enum Caller {
    Thread(Arc<Condvar>),
    #[cfg(feature = "tokio")]
    Task(Mutex<Waker>),
}

impl Caller {
    fn wake(&self) {
        match self {
            Self::Thread(thread) => thread.notify_one(),
            #[cfg(feature = "tokio")]
            Self::Task(waker) => lock(waker).wake_by_ref(),
        }
    }
}

impl Queue {
    pub(in crate::store) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Tells the first caller that the state has changed.
    pub(in crate::store) fn wake(&self) {
        if let Some(first) = self.0.front() {
            first.wake();
        }
    }

    /// Returns whether this caller is the next.
    pub(in crate::store) fn is_first(&self, place: &Place) -> bool {
        self.0.front().is_some_and(|first| Arc::ptr_eq(first, place))
    }

    /// Takes a caller out, and tells the next one.
    pub(in crate::store) fn leave(&mut self, place: &Place) {
        self.0.retain(|waiting| !Arc::ptr_eq(waiting, place));
        self.wake();
    }
}

/// Waits in the queue of a `state` until `serve` returns a result, but not beyond `ends`. `serve`
/// is asked when the caller is the first one, and each time the state has changed since. Without a
/// result it may say when to ask again in any case.
pub(in crate::store) fn wait<S, T>(
    state: &Mutex<S>,
    queue: impl Fn(&mut S) -> &mut Queue,
    ends: Instant,
    mut serve: impl FnMut(&mut S) -> Result<T, Option<Instant>>,
) -> Option<T> {
    let thread = Arc::new(Condvar::new());
    let place = Arc::new(Caller::Thread(Arc::clone(&thread)));
    let mut state = lock(state);
    queue(&mut state).0.push_back(Arc::clone(&place));
    loop {
        let mut until = ends;
        if queue(&mut state).is_first(&place) {
            match serve(&mut state) {
                Ok(served) => {
                    queue(&mut state).leave(&place);
                    return Some(served);
                }
                Err(again) => until = again.map_or(ends, |again| again.min(ends)),
            }
        }
        let now = Instant::now();
        if now >= ends {
            queue(&mut state).leave(&place);
            return None;
        }
        let waited = thread.wait_timeout(state, until.saturating_duration_since(now));
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Puts a task into the queue, or notes how to wake it if it is in there.
#[cfg(feature = "tokio")]
pub(in crate::store) fn ask<S>(
    state: &mut S,
    queue: impl Fn(&mut S) -> &mut Queue,
    place: &mut Option<Place>,
    context: &Context<'_>,
) {
    match place.as_deref() {
        Some(Caller::Task(waker)) => lock(waker).clone_from(context.waker()),
        Some(Caller::Thread(_)) | None => {
            let task = Arc::new(Caller::Task(Mutex::new(context.waker().clone())));
            queue(state).0.push_back(Arc::clone(&task));
            *place = Some(task);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Duration};

    use super::*;

    #[derive(Default)]
    struct State {
        free: usize,
        served: Vec<usize>,
        queue: Queue,
    }

    fn take(state: &Mutex<State>, who: usize, ends: Instant) -> Option<()> {
        wait(
            state,
            |state| &mut state.queue,
            ends,
            |state| match state.free {
                0 => Err(None),
                _ => {
                    state.free -= 1;
                    state.served.push(who);
                    Ok(())
                }
            },
        )
    }

    #[test]
    fn callers_are_served_in_the_order_in_which_they_came() {
        let (state, soon) =
            (Mutex::new(State::default()), Instant::now() + Duration::from_secs(60));
        thread::scope(|scope| {
            for who in 0..8 {
                let state = &state;
                scope.spawn(move || take(state, who, soon));
                while lock(state).queue.0.len() <= who {
                    thread::yield_now();
                }
            }
            for served in 1..=8 {
                let mut now = lock(&state);
                now.free += 1;
                now.queue.wake();
                drop(now);
                while lock(&state).served.len() < served {
                    thread::yield_now();
                }
            }
        });
        assert_eq!(lock(&state).served, Vec::from_iter(0..8));
    }

    #[test]
    fn a_caller_waits_until_its_end_and_leaves_the_queue() {
        let state = Mutex::new(State::default());
        assert_eq!(take(&state, 0, Instant::now() + Duration::from_millis(5)), None);
        assert!(lock(&state).queue.is_empty());
        lock(&state).free = 1;
        assert_eq!(take(&state, 1, Instant::now()), Some(()));
    }
}
