//! One server's part of a batch, on a connection that other tasks use as well.

use std::{
    sync::Arc,
    task::Context,
    time::{Duration, Instant},
};

use super::{
    super::{
        inbox::Inbox,
        server::Server,
        talk::Talk,
        timeouts::Timeouts,
        watch::Watch,
        work::{Peer, Work},
    },
    clock::now,
    post::{End, Post},
    shared::Shared,
};
use crate::store::deadline::Deadline;

/// A share whose requests are more, or carry more bytes, has a connection for itself.
const MOST_REQUESTS: usize = 64;
const MOST_BYTES: usize = 16 << 10;

/// A share on a shared connection.
pub(super) struct Sharing<'s, 'a> {
    server: &'s Server,
    shared: Arc<Shared>,
    talk: Talk<'a>,
    post: Option<Arc<Post>>,
    /// What moves is counted by the connection, which moves it for several shares at once.
    watch: Watch<'s>,
    timeouts: Timeouts,
    call: Deadline,
    patient_until: Instant,
    is_over: bool,
}

/// Returns whether a share is small enough to go between those of other tasks.
pub(super) fn is_small(share: &[usize], work: &dyn Work<'_>) -> bool {
    share.len() <= MOST_REQUESTS && work.carried(share) <= MOST_BYTES
}

impl<'s, 'a> Sharing<'s, 'a> {
    pub(super) fn begin(
        server: &'s Server,
        shared: Arc<Shared>,
        share: Vec<usize>,
        timeouts: Timeouts,
        call: Deadline,
        work: &mut dyn Work<'a>,
    ) -> Self {
        let first = shared.number(share.len());
        let mut watch = Watch::begin(&server.watched, &server.name, share.len());
        let mut talk = Talk::new(share);
        talk.begin(&peer(server, &shared), work, Vec::new(), first);
        let is_over = talk.is_over();
        if !is_over {
            watch.talks();
        }
        let patient_until = (call.now() + timeouts.exchange).min(call.ends);
        Self { server, shared, talk, post: None, watch, timeouts, call, patient_until, is_over }
    }

    /// Does what can be done now. Returns whether that ended a wait.
    pub(super) fn go(&mut self, context: &mut Context<'_>, work: &mut dyn Work<'a>) -> bool {
        if self.is_over {
            return false;
        }
        match &self.post {
            None => !self.begin_post(context, work),
            Some(post) => match post.ended(context) {
                Some((answers, end)) => {
                    self.settle(answers, end, work);
                    true
                }
                None => false,
            },
        }
    }

    /// Posts the next requests. Returns whether it could.
    fn begin_post(&mut self, context: &Context<'_>, work: &mut dyn Work<'a>) -> bool {
        let peer = peer(self.server, &self.shared);
        self.talk.has_more(&peer, work);
        let awaited = (self.talk.awaited(), self.talk.values(&peer, work));
        let window = &self.talk.window;
        work.sending();
        let waker = context.waker().clone();
        self.post = self.shared.post(window, awaited, waker);
        if self.post.is_none() {
            self.fail("closed the connection", work);
        }
        self.post.is_some()
    }

    /// Settles what was answered, and everything if no more answers come.
    fn settle(&mut self, answers: Vec<u8>, end: End, work: &mut dyn Work<'a>) {
        self.post = None;
        let mut inbox = Inbox::of(answers);
        let sent = match &end {
            End::Answered => usize::MAX,
            End::Broken(_, sent) => usize::try_from(*sent).unwrap_or(usize::MAX),
        };
        self.talk.window.sent(sent.min(self.talk.window.unsent()));
        let peer = peer(self.server, &self.shared);
        let listened = self.talk.listen(&peer, work, &mut inbox);
        match (listened, end) {
            (Err(why), _) => self.does_not_follow(why, work),
            (Ok(true), _) => {
                self.watch.done();
                self.is_over = true;
            }
            (Ok(false), End::Broken(why, _)) => self.fail(&why, work),
            (Ok(false), End::Answered) if self.talk.has_more(&peer, work) => {}
            (Ok(false), End::Answered) => self.does_not_follow("too few answers", work),
        }
    }

    fn does_not_follow(&mut self, why: &str, work: &mut dyn Work<'a>) {
        let why = format!("does not follow the protocol: it sent {why}");
        self.shared.end(&why);
        self.fail(&why, work);
    }

    /// Ends because the connection did.
    fn fail(&mut self, why: &str, work: &mut dyn Work<'a>) {
        self.server.tasks.stop_sharing(&self.shared);
        self.watch.failed();
        self.talk.fail(&self.server.name, work, why);
        self.is_over = true;
    }

    /// Returns how much longer it waits for the server, or `None` if it is over.
    pub(super) fn patience(&self) -> Option<Duration> {
        (!self.is_over).then(|| self.patient_until.saturating_duration_since(now()))
    }

    /// Ends the wait if it was too long. If only the caller had too little time, the others go on
    /// waiting.
    pub(super) fn times_out(&mut self, work: &mut dyn Work<'a>) -> bool {
        if self.patience().is_none_or(|left| !left.is_zero()) {
            return false;
        }
        if self.call.is_over() {
            // What was posted will be sent.
            self.talk.window.sent(self.talk.window.unsent());
            self.watch.failed();
            self.talk.fail(&self.server.name, work, &self.call.missed());
            self.is_over = true;
            self.leave();
            return true;
        }
        self.patient_until = (self.shared.heard() + self.timeouts.exchange).min(self.call.ends);
        if self.patience().is_some_and(|left| left.is_zero()) {
            self.shared.end("timed out");
            return true;
        }
        false
    }

    /// Stops waiting for answers.
    fn leave(&mut self) {
        if let Some(post) = self.post.take() {
            post.abandon();
        }
    }
}

impl Drop for Sharing<'_, '_> {
    fn drop(&mut self) {
        self.leave();
    }
}

fn peer<'p>(server: &'p Server, shared: &'p Shared) -> Peer<'p> {
    Peer { index: server.index, name: &server.name, facts: &shared.facts }
}
