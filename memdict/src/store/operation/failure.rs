//! The reasons why an operation has no outcome.

use std::{fmt, sync::Arc};

/// The reason why an operation has no outcome.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store refuses the operation: the value is above its limit, the key is invalid, or it has
    /// no memory. Not applied; the value to be replaced may be gone, because memcached deletes it
    /// when it has no memory for the new one.
    #[error("refused: {0}")]
    Refused(Reason),
    /// The operation was sent, and no answer came. It may have been applied.
    #[error("outcome unknown: {0}")]
    Unknown(Reason),
    /// The server cannot be reached, or cannot be used. Not applied.
    #[error("{0}")]
    Down(Reason),
}

impl StoreError {
    /// Returns the reason.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Refused(reason) | Self::Unknown(reason) | Self::Down(reason) => reason,
        }
    }
}

/// The reason why an operation has no outcome, as text, and the server that it concerns.
///
/// ```
/// use memdict::{Reason, StoreError};
///
/// let error = StoreError::Down(Reason::new("cache-1 timed out").at("cache-1:11211"));
/// assert_eq!(error.to_string(), "cache-1 timed out");
/// assert_eq!(error.reason().server(), Some("cache-1:11211"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    text: String,
    server: Option<Arc<str>>,
}

impl Reason {
    /// Makes a reason. The text should name the server, if there is one, and must not show a value.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), server: None }
    }

    /// Sets the server that the reason concerns. An outage is logged once for each server, not once
    /// for each operation.
    #[must_use]
    pub fn at(mut self, server: impl Into<Arc<str>>) -> Self {
        self.server = Some(server.into());
        self
    }

    /// Returns the server that the reason concerns, or `None` if it concerns none.
    #[must_use]
    pub fn server(&self) -> Option<&str> {
        self.server.as_deref()
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Appends `more` to the text.
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.text.push_str(more);
        self
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
