//! The conversation about one server's share of a batch: the next request to write, and the
//! operation that an answer belongs to. It does no I/O.
//!
//! Some operations are followed by a request at the end of the batch. memcached gives the right to
//! renew a stale value to whoever looks at it first; one that was not asked for is handed back.
//!
//! A server answers in the order of the requests. So an error line to one of many silent operations
//! belongs to one of those before the next answer. If there are as many lines as such operations,
//! each of them was refused. Otherwise the `doubt` is resolved at the end: the server is asked for
//! the values, and those that are not there are the refused ones, if their number is right.
//!
//! In the classic dialect nothing is silent but a key without a value among several (`gets`), and no
//! answer has a mark. So an error line after which the server might take a value for requests ends
//! the conversation.

use std::collections::VecDeque;

use super::{
    doubt::Doubts,
    gets::Gets,
    inbox::Inbox,
    proto::{
        Dialect, Mark,
        answer::{Answer, Flags, Parsed},
        dialect,
        window::Window,
    },
    refusal::says,
    work::{Peer, Sent, Then, Work},
};

/// A share in progress.
#[derive(Debug)]
pub(super) struct Talk<'a> {
    /// The operations, by their places in the batch.
    share: Vec<usize>,
    /// What is asked after them, in this order.
    after: Vec<After>,
    doubts: Doubts,
    gets: Gets,
    asked: usize,
    answered: usize,
    /// How many answers the window has, if those to one `gets` count as one.
    lines: usize,
    /// How many requests had been asked at each unanswered barrier.
    barriers: VecDeque<usize>,
    /// How many error lines there were since the last answer, each to one of the silent operations
    /// before the next answer, and what the last one says.
    errors: usize,
    error: String,
    /// The number of the first request on this connection.
    first: u32,
    pub(super) window: Window<'a>,
}

/// How the answers to a window end.
#[cfg(feature = "tokio")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// After so many of them.
    Answers(usize),
    /// With the answer to a barrier.
    Barrier,
}

/// A request that follows the operations of a share, and is about one of them.
#[derive(Debug, Clone, Copy)]
enum After {
    /// Was the operation made? Its doubts say whose question this is.
    Whether(usize),
    /// What has to follow the operation.
    Then(usize, Then),
}

impl<'a> Talk<'a> {
    pub(super) fn new(share: Vec<usize>) -> Self {
        Self {
            share,
            after: Vec::new(),
            doubts: Doubts::default(),
            gets: Gets::default(),
            asked: 0,
            answered: 0,
            lines: 0,
            barriers: VecDeque::new(),
            errors: 0,
            error: String::new(),
            first: 0,
            window: Window::default(),
        }
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
        self.window = Window::in_buffer(peer.facts.dialect, buffer);
    }

    /// Returns the number of the next request on this connection.
    pub(super) fn next_request(&self) -> u32 {
        self.first.wrapping_add(self.asked as u32)
    }

    /// Returns whether every operation has its outcome.
    pub(super) fn is_over(&self) -> bool {
        self.answered == self.requests() && self.barriers.is_empty()
    }

    /// Returns how many requests there are, as far as is known.
    fn requests(&self) -> usize {
        self.share.len() + self.after.len()
    }

    /// Returns whether there is something to send. Fills an empty window with the next requests.
    pub(super) fn has_more(&mut self, peer: &Peer<'_>, work: &dyn Work<'a>) -> bool {
        if self.window.is_sent() && self.asked < self.requests() {
            self.window.clear();
            self.lines = 0;
            let first = self.asked;
            while self.asked < self.requests() && !self.window.is_full() {
                if peer.facts.dialect == Dialect::Classic {
                    let many = self.gets.ask(self.asked, &self.share, work, &mut self.window);
                    self.asked += many;
                    self.lines += usize::from(many > 0);
                    if many > 0 {
                        continue;
                    }
                }
                let mark = Mark::of(self.next_request());
                match self.share.get(self.asked) {
                    Some(&index) => work.ask(peer, index, mark, &mut self.window),
                    None => match self.after[self.asked - self.share.len()] {
                        After::Whether(index) => work.ask_whether(index, mark, &mut self.window),
                        After::Then(index, then) => {
                            work.ask_then(peer, index, then, mark, &mut self.window);
                        }
                    },
                }
                self.asked += 1;
                self.lines += 1;
            }
            if (first..self.asked).any(|place| self.is_silent(peer, work, place)) {
                self.window.barrier();
                self.barriers.push_back(self.asked);
            }
        }
        !self.window.is_sent()
    }

    /// Returns how the answers to the requests in the window end.
    #[cfg(feature = "tokio")]
    pub(super) fn awaited(&self) -> Awaited {
        match self.barriers.is_empty() {
            true => Awaited::Answers(self.lines),
            false => Awaited::Barrier,
        }
    }

    /// Returns whether success of the request at this place is not answered.
    fn is_silent(&self, peer: &Peer<'_>, work: &dyn Work<'a>, place: usize) -> bool {
        self.share.get(place).is_some_and(|&index| work.is_silent(peer, index))
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
            let facts = peer.facts;
            let parsed = dialect::parse(facts.dialect, unread, facts.item_size_max);
            let (answer, used) = match parsed {
                Parsed::Answer(answer, used) => (answer, used),
                Parsed::Partial { needed } => {
                    inbox.needs(needed);
                    break;
                }
                Parsed::Broken(why) => return Err(why),
            };
            match facts.dialect {
                Dialect::Meta => self.take(peer, work, &answer)?,
                Dialect::Classic => self.take_in_order(peer, work, &answer)?,
            }
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
            return self.pass(peer, work, asked);
        }
        if self.answered == self.sent() {
            return Err("an answer without a request");
        }
        match (answer.mark(), answer) {
            (Some(mark), _) => {
                let place = self.marked(mark);
                if place >= self.sent() {
                    return Err("the answer to another request");
                }
                self.pass(peer, work, place)?;
            }
            (None, Answer::Refused(line)) => {
                if self.is_silent(peer, work, self.answered) {
                    return self.doubt(line);
                }
            }
            // Earlier versions repeat the mark with a value, but not in each other answer.
            (None, Answer::Value(..)) => return Err("a value without its mark"),
            (None, _) if peer.facts.marks => return Err("an answer without its mark"),
            (None, _) => {}
        }
        self.settle(peer, work, self.answered, answer)?;
        self.answered += 1;
        Ok(())
    }

    /// Settles the operation at this place by its answer.
    fn settle(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        place: usize,
        answer: &Answer<'_>,
    ) -> Result<(), &'static str> {
        let (index, then) = match self.share.get(place) {
            Some(&index) => (index, work.answer(peer, index, answer)?),
            None => match (self.after[place - self.share.len()], answer) {
                (After::Whether(_), _) => return self.doubts.answer(peer, work, answer),
                (After::Then(index, Then::Step(step)), _) => {
                    (index, work.answer_step(peer, index, step, answer)?)
                }
                (After::Then(..), Answer::Value(..) | Answer::Hit(..) | Answer::Barrier) => {
                    return Err("a value instead of the answer to a change");
                }
                // Whoever looks at a stale value gets the right to renew it, and this only touched it.
                (
                    After::Then(index, Then::Touch),
                    Answer::Done(Flags { won: true, version: Some(version), .. }),
                ) => (index, Some(Then::HandBack(*version))),
                // Another client may have replaced the value meanwhile.
                (After::Then(..), _) => return Ok(()),
            },
        };
        self.after.extend(then.map(|then| After::Then(index, then)));
        Ok(())
    }

    /// Notes an error line that belongs to one of the silent operations before the next answer.
    fn doubt(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let end = self.barriers.front().map_or(self.sent(), |&end| end.min(self.sent()));
        if self.errors >= end - self.answered {
            return Err("more errors than there are requests");
        }
        self.errors += 1;
        self.error = says(line);
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

    /// Settles the silent operations before `place`, unless they are in doubt: a later one was
    /// answered, and they were not.
    fn pass(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        place: usize,
    ) -> Result<(), &'static str> {
        let errors = std::mem::take(&mut self.errors);
        let passed = self.answered..place;
        if errors > passed.len() {
            return Err("more errors than there are requests");
        }
        if !passed.clone().all(|place| self.is_silent(peer, work, place)) {
            return Err("the answer to another request");
        }
        // Behind the share are only questions, which are never passed.
        let silent = self.share.get(passed).unwrap_or_default();
        match errors {
            0 => silent.iter().for_each(|&index| work.succeed(peer, index)),
            all if all == silent.len() => {
                silent.iter().for_each(|&index| work.refuse(peer.name, index, &self.error));
            }
            some => {
                self.after.extend(silent.iter().map(|&index| After::Whether(index)));
                self.doubts.add(silent, some, &self.error);
            }
        }
        self.answered = place;
        Ok(())
    }

    /// Returns how many operations were sent completely.
    fn sent(&self) -> usize {
        self.asked - self.window.requests() + self.window.requests_sent()
    }

    /// Settles the operations without an answer, because none will come.
    pub(super) fn fail(&mut self, name: &str, work: &mut dyn Work<'a>, why: &str) {
        let sent = self.sent();
        for place in self.answered..self.requests() {
            let sent = if place < sent { Sent::Yes } else { Sent::No };
            match self.share.get(place) {
                Some(_) if self.gets.has_found(place) => {}
                Some(&index) => work.fail(name, index, sent, why),
                None => match self.after[place - self.share.len()] {
                    After::Then(index, Then::Step(_)) => work.fail(name, index, sent, why),
                    After::Then(..) | After::Whether(_) => {}
                },
            }
        }
        self.gets.clear();
        self.doubts.fail(name, work, why);
        self.answered = self.requests();
        self.barriers.clear();
    }
}

mod in_order;
#[cfg(any(test, fuzzing))]
pub(crate) mod scripted;
#[cfg(test)]
mod tests;
