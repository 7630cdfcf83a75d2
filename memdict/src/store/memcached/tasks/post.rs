//! Requests that a task has posted on a shared connection, and the answers to them.

use std::{
    mem,
    sync::{Arc, Mutex},
    task::{Context, Waker},
};

use super::super::talk::Awaited;
use crate::store::queue::lock;

/// The requests of one task.
pub(super) struct Post {
    /// Where they begin among all bytes that are sent on the connection.
    pub(super) starts: u64,
    state: Mutex<PostState>,
}

struct PostState {
    awaited: Awaited,
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
    pub(super) fn new(starts: u64, awaited: Awaited, waker: Waker) -> Self {
        let state = PostState {
            awaited,
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

    /// Takes an answer. Returns whether it was the last one; the task is then one of `woken`.
    pub(super) fn take(&self, answer: &[u8], is_barrier: bool, woken: &mut Vec<Waker>) -> bool {
        let mut state = lock(&self.state);
        if !state.is_abandoned {
            state.answers.extend_from_slice(answer);
        }
        let over = match &mut state.awaited {
            Awaited::Barrier => is_barrier,
            Awaited::Answers(left) => {
                *left = left.saturating_sub(1);
                *left == 0
            }
        };
        if over {
            state.end = Some(End::Answered);
            woken.extend(state.waker.take());
        }
        over
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
