//! The interface between a conversation and the operations of a batch, implemented by `load` and
//! `change`.

use super::proto::{Mark, answer::Answer, greeting::Facts, window::Window};

/// The server at the other end of a conversation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer<'p> {
    /// Its number in the store.
    pub(super) index: u32,
    pub(super) name: &'p str,
    pub(super) facts: &'p Facts,
}

/// Whether an operation that got no answer had been sent to its last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sent {
    Yes,
    No,
}

/// What has to follow an operation that is settled, before the batch is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// The renewal of the value of this version has to be left to others again: the operation got
    /// the right to renew it unasked.
    HandBack(u64),
    /// The end of life has to be set once more. memcached forgets it when it makes a new item for a
    /// number that has become longer.
    Touch,
    /// The operation is not settled yet: this is its next step.
    Step(Step),
}

/// The next request of an operation that takes several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Store a number where there was none. So many more steps may follow.
    Begin(u8),
    /// Change the number that another client has stored meanwhile.
    CountAgain(u8),
}

/// The operations of a batch. Each is settled once: by `admit`, by an answer, by silence, or by a
/// failure.
pub(super) trait Work<'a>: Send {
    /// Returns the number of the connection to this server that tokens of the share came over.
    fn wanted(&self, _server: u32, _share: &[usize]) -> Option<u64> {
        None
    }

    /// Returns how many bytes of values the requests carry.
    #[cfg(feature = "tokio")]
    fn carried(&self, share: &[usize]) -> usize;

    /// Returns whether to send the operation. If not, the operation is settled.
    fn admit(&mut self, peer: &Peer<'_>, index: usize) -> bool;

    /// Returns whether the server answers the operation only if it fails.
    fn is_silent(&self, peer: &Peer<'_>, index: usize) -> bool;

    /// Settles an operation whose success was not answered.
    fn succeed(&mut self, peer: &Peer<'_>, index: usize);

    /// Returns the key, if the operation asks for its value.
    fn loads(&self, _index: usize) -> Option<&'a [u8]> {
        None
    }

    /// Returns whether its request in the classic dialect carries a value.
    fn carries_value(&self, _index: usize, _step: Option<Step>) -> bool {
        false
    }

    /// Notes that requests are about to be sent.
    fn sending(&mut self) {}

    /// Writes the request.
    fn ask(&self, peer: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>);

    /// Settles an operation by its answer. Returns what has to follow it.
    ///
    /// # Errors
    /// The answer cannot belong to this request. The operation is then not settled.
    fn answer(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        answer: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str>;

    /// Settles an operation by the answer to a step, or returns the next one.
    ///
    /// # Errors
    /// The answer cannot belong to this request. The operation is then not settled.
    fn answer_step(
        &mut self,
        _peer: &Peer<'_>,
        _index: usize,
        _step: Step,
        _answer: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        Err("an answer to a request that was never sent")
    }

    /// Writes the request that follows an operation. Unless it is a step, nothing depends on its
    /// answer.
    fn ask_then(
        &self,
        peer: &Peer<'_>,
        index: usize,
        then: Then,
        mark: Mark,
        window: &mut Window<'a>,
    );

    /// Writes the request that tells whether a silent operation was made.
    fn ask_whether(&self, index: usize, mark: Mark, window: &mut Window<'a>);

    /// Returns whether an operation was made, by the answer to [`ask_whether`](Self::ask_whether),
    /// or `None` if the server does not tell.
    ///
    /// # Errors
    /// The answer cannot belong to this request.
    fn was_made(&self, index: usize, answer: &Answer<'_>) -> Result<Option<bool>, &'static str>;

    /// Settles an operation that the server refused. `why` is a text that follows the server's
    /// `name`.
    fn refuse(&mut self, name: &str, index: usize, why: &str);

    /// Settles an operation that was not answered. `why` is a text that follows the server's
    /// `name`.
    fn fail(&mut self, name: &str, index: usize, sent: Sent, why: &str);
}
