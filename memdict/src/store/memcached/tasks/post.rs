//! Requests that a task has posted on a shared connection, and the answers to them.

use std::{
    mem,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use super::super::{
    proto::answer::Answer,
    refusal::{UNREAD, is_unread},
    talk::Awaited,
};
use crate::store::queue::lock;

/// The requests of one task.
pub(super) struct Post {
    /// Where they begin among all bytes that are sent on the connection.
    pub(super) starts: u64,
    state: Mutex<PostState>,
}

struct PostState {
    awaited: Awaited,
    /// Which of the requests carry a value, as bits from the next answer on. It matters only where
    /// the server may leave one unread.
    values: u64,
    answers: Vec<u8>,
    end: Option<End>,
    /// Wakes the task, unless nobody waits for the answers any more.
    waker: Option<Waker>,
    is_abandoned: bool,
}

/// Why no more answers come.
#[derive(Debug, Clone)]
pub(super) enum End {
    /// All have come.
    Answered,
    /// The connection ended, for this reason. So many bytes of the requests may have been sent.
    Broken(Arc<str>, u64),
}

impl Post {
    pub(super) fn new(starts: u64, (awaited, values): (Awaited, u64), waker: Waker) -> Self {
        let state = PostState {
            awaited,
            values,
            answers: Vec::new(),
            end: None,
            waker: Some(waker),
            is_abandoned: false,
        };
        Self { starts, state: Mutex::new(state) }
    }

    /// Returns the answers once no more will come. Until then, the task is woken when they do.
    pub(super) fn ended(&self, context: &Context<'_>) -> Option<(Vec<u8>, End)> {
        let mut state = lock(&self.state);
        if let Some(end) = &state.end {
            let end = end.clone();
            return Some((mem::take(&mut state.answers), end));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            waker => *waker = Some(context.waker().clone()),
        }
        None
    }

    /// Takes an answer, whose bytes these are. Returns whether it was the last one; the task is
    /// then one of `woken`.
    ///
    /// # Errors
    /// The server may take a value for requests. The answer was taken.
    pub(super) fn take(
        &self,
        bytes: &[u8],
        answer: &Answer<'_>,
        woken: &mut Vec<Waker>,
    ) -> Result<bool, &'static str> {
        let mut state = lock(&self.state);
        if !state.is_abandoned {
            state.answers.extend_from_slice(bytes);
        }
        let is_last = match (&mut state.awaited, answer) {
            (Awaited::Barrier, answer) => matches!(answer, Answer::Barrier),
            // Others follow to the same request.
            (Awaited::Answers(_), Answer::Hit(..)) => return Ok(false),
            (Awaited::Answers(left), _) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
        };
        let carried = state.values & 1 == 1;
        state.values >>= 1;
        if is_last {
            state.end = Some(End::Answered);
            woken.extend(state.waker.take());
        }
        match answer {
            Answer::Refused(line) if carried && is_unread(line) => Err(UNREAD),
            _ => Ok(is_last),
        }
    }

    /// Notes that no more answers come, because the connection ended after so many of its bytes.
    pub(super) fn break_off(&self, why: &Arc<str>, sent: u64, woken: &mut Vec<Waker>) {
        let mut state = lock(&self.state);
        let sent = sent.saturating_sub(self.starts);
        state.end.get_or_insert_with(|| End::Broken(Arc::clone(why), sent));
        woken.extend(state.waker.take());
    }

    /// Notes that nobody waits for the answers any more.
    pub(super) fn abandon(&self) {
        let mut state = lock(&self.state);
        state.is_abandoned = true;
        (state.waker, state.answers) = (None, Vec::new());
    }
}
