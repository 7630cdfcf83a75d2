//! The conversation about one server's share of a batch: the next request to write, and the
//! operation that an answer belongs to. It does no I/O.

use std::collections::VecDeque;

use super::{
    inbox::Inbox,
    proto::{
        Mark,
        answer::{self, Answer, Parsed},
        window::Window,
    },
    work::{Peer, Sent, Work},
};

/// A share in progress.
#[derive(Debug)]
pub(super) struct Talk<'a> {
    /// The operations, by their places in the batch.
    share: Vec<usize>,
    asked: usize,
    answered: usize,
    /// How many operations had been asked at each unanswered barrier.
    barriers: VecDeque<usize>,
    /// Why it is unknown which of the silent operations up to the next barrier succeeded.
    doubt: Option<String>,
    /// The number of the first request on this connection.
    first: u32,
    pub(super) window: Window<'a>,
}

impl<'a> Talk<'a> {
    pub(super) fn new(share: Vec<usize>) -> Self {
        let (barriers, doubt, window) = (VecDeque::new(), None, Window::default());
        Self { share, asked: 0, answered: 0, barriers, doubt, first: 0, window }
    }

    /// Takes the share, whose operations have not been asked yet.
    pub(super) fn take_share(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.share)
    }

    /// Begins with a server. Settles the operations that must not be sent; the others will be
    /// written into `buffer`, with marks that begin at the connection's request number `first`.
    pub(super) fn begin(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        buffer: Vec<u8>,
        first: u32,
    ) {
        self.share.retain(|&index| work.admit(peer, index));
        self.first = first;
        self.window = Window::in_buffer(buffer);
    }

    /// Returns the number of the next request on this connection.
    pub(super) fn next_request(&self) -> u32 {
        self.first.wrapping_add(self.asked as u32)
    }

    /// Returns whether every operation has its outcome.
    pub(super) fn is_over(&self) -> bool {
        self.answered == self.share.len() && self.barriers.is_empty()
    }

    /// Returns whether there is something to send. Fills an empty window with the next requests.
    pub(super) fn has_more(&mut self, peer: &Peer<'_>, work: &dyn Work<'a>) -> bool {
        if self.window.is_sent() && self.asked < self.share.len() {
            self.window.clear();
            while let Some(&index) = self.share.get(self.asked)
                && !self.window.is_full()
            {
                let mark = Mark::of(self.next_request());
                work.ask(peer, index, mark, &mut self.window);
                self.asked += 1;
            }
            if work.is_silent(peer, self.share[self.asked - 1]) {
                self.window.barrier();
                self.barriers.push_back(self.asked);
            }
        }
        !self.window.is_sent()
    }

    /// Reads the received answers. Returns whether the conversation is then over.
    ///
    /// # Errors
    /// The received bytes are not the answer to what was asked. Nothing after them can be trusted.
    pub(super) fn listen(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        inbox: &mut Inbox,
    ) -> Result<bool, &'static str> {
        while let Some(unread) = inbox.unread() {
            let (answer, used) = match answer::parse(unread) {
                Parsed::Answer(answer, used) => (answer, used),
                Parsed::Partial { needed } => {
                    inbox.needs(needed);
                    break;
                }
                Parsed::Broken(why) => return Err(why),
            };
            self.take(peer, work, &answer)?;
            inbox.read(used);
        }
        Ok(self.is_over())
    }

    fn take(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        answer: &Answer<'_>,
    ) -> Result<(), &'static str> {
        if let Answer::Barrier = answer {
            let asked = self.barriers.pop_front().ok_or("an answer to a barrier never sent")?;
            self.pass(peer, work, asked)?;
            self.doubt = None;
            return Ok(());
        }
        if self.answered == self.sent() {
            return Err("an answer without a request");
        }
        let is_silent = work.is_silent(peer, self.share[self.answered]);
        match (answer.mark(), answer) {
            (Some(mark), _) => {
                let place = self.marked(mark);
                if place >= self.sent() {
                    return Err("the answer to another request");
                }
                self.pass(peer, work, place)?;
            }
            (None, Answer::Refused(line)) if is_silent => {
                // The error belongs to one of the operations up to the barrier, but does not say
                // which.
                let said = line.escape_ascii();
                self.doubt = Some(format!("says `{said}` to one of many changes sent together"));
                return Ok(());
            }
            (None, _) if is_silent => return Err("an answer without its mark"),
            (None, _) => {}
        }
        work.answer(peer, self.share[self.answered], answer)?;
        self.answered += 1;
        Ok(())
    }

    /// Returns the place of the next request with this mark.
    fn marked(&self, mark: Mark) -> usize {
        let next = self.first.wrapping_add(self.answered as u32);
        if mark == Mark::of(next) {
            self.answered
        } else {
            self.answered + mark.after(next) as usize
        }
    }

    /// Settles the silent operations before `place`: a later one was answered, and they were not.
    fn pass(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        place: usize,
    ) -> Result<(), &'static str> {
        while self.answered < place {
            let index = self.share[self.answered];
            match &self.doubt {
                _ if !work.is_silent(peer, index) => return Err("the answer to another request"),
                Some(doubt) => work.fail(peer.name, index, Sent::Yes, doubt),
                None => work.succeed(peer, index),
            }
            self.answered += 1;
        }
        Ok(())
    }

    /// Returns how many operations were sent completely.
    fn sent(&self) -> usize {
        self.asked - self.window.requests() + self.window.requests_sent()
    }

    /// Settles the operations without an answer, because none will come.
    pub(super) fn fail(&mut self, name: &str, work: &mut dyn Work<'a>, why: &str) {
        let sent = self.sent();
        for place in self.answered..self.share.len() {
            let sent = if place < sent { Sent::Yes } else { Sent::No };
            work.fail(name, self.share[place], sent, why);
        }
        self.answered = self.share.len();
        self.barriers.clear();
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod scripted;
#[cfg(test)]
mod tests;
