//! What a connection waits for, or is ready for.

/// The directions in which bytes can move, or should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) to_receive: bool,
    pub(super) to_send: bool,
}
