//! What a batch asks of a server, and makes of its answers: `load` and `change` do it.

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

/// The operations of a batch. Each is settled once: by `admit`, by an answer, or by a failure.
pub(super) trait Work<'a>: Send {
    /// Whether the server may be asked. If not, the operation is settled.
    fn admit(&mut self, peer: &Peer<'_>, index: usize) -> bool;

    /// Whether success goes without an answer, so that only a failure has one.
    fn is_silent(&self, peer: &Peer<'_>, index: usize) -> bool;

    /// Settles an operation whose success went without an answer.
    fn succeed(&mut self, peer: &Peer<'_>, index: usize);

    /// Writes the request.
    fn ask(&self, peer: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>);

    /// Settles the operation that was answered.
    ///
    /// # Errors
    /// The answer is none to this request; then the operation is not settled.
    fn answer(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        answer: &Answer<'_>,
    ) -> Result<(), &'static str>;

    /// Settles an operation that is not answered, for a reason to be said behind the server's
    /// `name`.
    fn fail(&mut self, name: &str, index: usize, sent: Sent, why: &str);
}
