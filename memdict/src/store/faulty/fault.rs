//! What can happen to an operation.

use std::time::Duration;

/// The fault of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The operation does not reach the store.
    Down,
    /// The store refuses the operation. A load is down.
    Refused,
    /// The operation reaches the store, but its acknowledgement is lost. A load is down.
    AckLost,
    /// The operation does not reach the store, but its outcome is unknown. A load is down.
    SentAndLost,
    /// The value is evicted just before the operation.
    Evicted,
    /// The store [restarts](super::FaultyStore::restart) just before the operation.
    Restarted,
    /// The operation takes this long. If the session's [deadline](crate::Session::deadline) ends
    /// before that, a load is down, and the outcome of a change is unknown.
    Late(Duration),
}

/// What happens to one operation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) late: Option<Duration>,
    pub(super) fault: Option<Fault>,
}

impl Fate {
    pub(super) fn of(fault: Fault) -> Self {
        match fault {
            Fault::Late(late) => Self { late: Some(late), fault: None },
            fault => Self { late: None, fault: Some(fault) },
        }
    }
}
