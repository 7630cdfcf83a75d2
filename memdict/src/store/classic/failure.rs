//! The meaning of the `memcache` crate's failures and of a server's error lines.
//!
//! | failure | outcome of a change |
//! |---|---|
//! | `SERVER_ERROR`: too large, out of memory | refused |
//! | `CLIENT_ERROR` | refused |
//! | `ERROR`, or a request for authentication | down: not applied, and the rest is not sent |
//! | any other `SERVER_ERROR`, such as a proxy's when its server does not answer | unknown |
//! | no answer, or one out of step, after the change was sent completely | unknown |
//! | the same, before it was sent completely | down |
//!
//! Every failure of a load is "down". After any failure but the first, the connection is not used
//! again: a server that answers `ERROR` may read the value next, as commands.

use std::io;

use memcache::{ClientError, CommandError, MemcacheError, ServerError};

use super::text::{Broken, Unanswered};
use crate::{
    quote,
    store::operation::{Reason, StoreError},
};

/// The status of the binary protocol that says that memcached has no memory for an item.
const OUT_OF_MEMORY: u16 = 0x82;

/// A failed operation.
pub(super) struct Failed {
    pub(super) error: StoreError,
    /// Whether the connection cannot be used again, and the server cannot be expected to answer.
    pub(super) down: bool,
}

impl Failed {
    /// Makes a refusal, after which the connection is still in step.
    pub(super) fn refused(error: StoreError) -> Self {
        Self { error, down: false }
    }
}

/// Returns the failure of a load, or of a look before a change.
pub(super) fn load(name: &str, error: &MemcacheError) -> Failed {
    let error = StoreError::Down(message(name, &why(error)));
    Failed { error, down: true }
}

/// Returns the failure of a change. `sent` says whether it was sent completely.
pub(super) fn change(name: &str, error: &MemcacheError, sent: bool) -> Failed {
    if !sent {
        return load(name, error);
    }
    let why = why(error);
    match error {
        MemcacheError::ServerError(ServerError::Error(said)) => line(name, said.as_bytes()),
        MemcacheError::ClientError(ClientError::Error(said)) if said.starts_with("CLIENT") => {
            line(name, said.as_bytes())
        }
        MemcacheError::CommandError(CommandError::InvalidCommand) => line(name, b"ERROR"),
        MemcacheError::CommandError(CommandError::ValueTooLarge)
        | MemcacheError::CommandError(CommandError::Unknown(OUT_OF_MEMORY)) => {
            Failed::refused(StoreError::Refused(message(name, &why)))
        }
        MemcacheError::CommandError(CommandError::InvalidArguments) => {
            Failed { error: StoreError::Refused(message(name, &why)), down: true }
        }
        MemcacheError::CommandError(CommandError::AuthenticationRequired) => {
            Failed { error: StoreError::Down(message(name, &why)), down: true }
        }
        _ => Failed { error: StoreError::Unknown(message(name, &why)), down: true },
    }
}

/// Returns the failure of a load, or of a look before a change, in the text protocol.
pub(super) fn unread(name: &str, broken: &Broken) -> Failed {
    Failed { error: StoreError::Down(message(name, &why_broken(broken))), down: true }
}

/// Returns the failure of a change in the text protocol.
pub(super) fn unanswered(name: &str, unanswered: &Unanswered) -> Failed {
    let why = message(name, &why_broken(&unanswered.broken));
    let error = if unanswered.sent { StoreError::Unknown(why) } else { StoreError::Down(why) };
    Failed { error, down: true }
}

/// Returns whether the reason for which no connection was made is the login.
pub(super) fn is_of_login(why: &str) -> bool {
    why.contains(&MemcacheError::CommandError(CommandError::AuthenticationRequired).to_string())
}

/// Returns the reason alone. It quotes a line only if it is an error, because any other one may be
/// a part of a value.
fn why_broken(broken: &Broken) -> String {
    match broken {
        Broken::Io(error) => io(error),
        Broken::Strange(what) => format!("{STRANGE}: it has {what}"),
        Broken::Line(line) => {
            let text = String::from_utf8_lossy(line);
            let word = text.split(' ').next().unwrap_or_default();
            match word {
                "ERROR" | "CLIENT_ERROR" | "SERVER_ERROR" => shown(&text),
                _ => STRANGE.to_owned(),
            }
        }
    }
}

/// Returns the failure of a change after an answer that says neither that it was made nor that it
/// was not.
pub(super) fn line(name: &str, line: &[u8]) -> Failed {
    let text = String::from_utf8_lossy(line);
    let said = message(name, &shown(&text));
    let lower = text.to_ascii_lowercase();
    if text.starts_with("SERVER_ERROR") {
        if lower.contains("too large") || lower.contains("out of memory") {
            return Failed::refused(StoreError::Refused(said));
        }
        return Failed { error: StoreError::Unknown(said), down: true };
    }
    let error = if lower.contains("unauthenticated") {
        StoreError::Down(said.and(": it asks for authentication"))
    } else if text.starts_with("CLIENT_ERROR") {
        StoreError::Refused(said)
    } else if lower.contains("too many open connections") {
        StoreError::Down(said.and(": raise its option `-c`"))
    } else if text.starts_with("ERROR") {
        StoreError::Down(said)
    } else {
        StoreError::Unknown(message(name, STRANGE))
    };
    Failed { error, down: true }
}

const STRANGE: &str = "the answer does not follow the protocol";

pub(super) fn timed_out(error: &MemcacheError) -> bool {
    match error {
        MemcacheError::IOError(error) => is_timeout(error),
        _ => false,
    }
}

pub(super) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock)
}

/// Describes an I/O error.
pub(super) fn io(error: &io::Error) -> String {
    if is_timeout(error) { "timed out".to_owned() } else { shown(&error.to_string()) }
}

/// Returns the reason alone. It omits the crate's text where that quotes an answer that it did not
/// understand, because that may be a part of a value.
pub(super) fn why(error: &MemcacheError) -> String {
    match error {
        MemcacheError::IOError(error) => io(error),
        MemcacheError::PoolError(error) => shown(&error.to_string()),
        MemcacheError::ServerError(ServerError::Error(said)) => shown(said),
        MemcacheError::ClientError(ClientError::Error(said)) if said.starts_with("CLIENT") => {
            shown(said)
        }
        MemcacheError::ClientError(ClientError::Error(_)) => "closed the connection".to_owned(),
        MemcacheError::CommandError(CommandError::InvalidCommand) => "ERROR".to_owned(),
        MemcacheError::CommandError(CommandError::Unknown(OUT_OF_MEMORY)) => {
            "out of memory storing object".to_owned()
        }
        MemcacheError::CommandError(error) => error.to_string(),
        _ => STRANGE.to_owned(),
    }
}

/// Quotes what a server said: escaped, and shortened if it is long.
pub(super) fn shown(said: &str) -> String {
    quote::said(said.as_bytes())
}

/// Makes the reason for a failure at a server.
fn message(name: &str, why: &str) -> Reason {
    Reason::new(format!("memcached {name}: {why}")).at(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(failed: Failed) -> (&'static str, bool) {
        let kind = match failed.error {
            StoreError::Refused(_) => "refused",
            StoreError::Unknown(_) => "unknown",
            StoreError::Down(_) => "down",
        };
        (kind, failed.down)
    }

    #[test]
    fn an_error_line_says_whether_the_change_was_made() {
        for (said, expected) in [
            ("SERVER_ERROR object too large for cache", ("refused", false)),
            ("SERVER_ERROR out of memory storing object", ("refused", false)),
            ("SERVER_ERROR Connection timed out", ("unknown", true)),
            ("CLIENT_ERROR bad data chunk", ("refused", true)),
            ("CLIENT_ERROR unauthenticated", ("down", true)),
            ("ERROR", ("down", true)),
            ("ERROR Too many open connections", ("down", true)),
            ("HELLO", ("unknown", true)),
        ] {
            assert_eq!(kind(line("s:1", said.as_bytes())), expected, "{said}");
        }
    }

    #[test]
    fn a_change_that_was_not_sent_is_down_and_one_that_was_is_unknown() {
        let reset = || MemcacheError::IOError(io::ErrorKind::ConnectionReset.into());
        assert_eq!(kind(change("s:1", &reset(), false)), ("down", true));
        assert_eq!(kind(change("s:1", &reset(), true)), ("unknown", true));
    }

    #[test]
    fn messages_name_the_server_and_never_quote_unknown_answers() {
        let strange = ServerError::BadResponse("5ecret".into());
        let shown = load("s:1", &MemcacheError::ServerError(strange)).error.to_string();
        assert!(shown.contains("s:1") && !shown.contains("5ecret"), "{shown}");
        let shown = line("s:1", b"5ecret").error.to_string();
        assert!(shown.contains("s:1") && !shown.contains("5ecret"), "{shown}");
    }
}
