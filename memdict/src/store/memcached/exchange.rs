//! One chunk of operations through the client, and what its failures mean.
//!
//! The client writes a whole chunk before it reads an answer, and it takes the first error line
//! for the end of the chunk. So chunks are small enough for the buffers between both ends, and
//! mistakes that can be known are found before anything is sent. What fails all the same:
//!
//! | the client says, of a change | outcome |
//! |---|---|
//! | an error line, first failure of the chunk | that one is refused |
//! | the same, of a later change | unknown: it was sent, its answer was not read |
//! | `ERROR` in place of the very first answer | all down: too many connections |
//! | sent, and the connection failed or timed out | unknown |
//! | not sent in full | down |
//!
//! Every failure of a load is "down".

use memcache::exp::{Error, Operation};

use super::link::Link;
use crate::store::StoreError;

/// What came back for each operation of a chunk, in order.
pub(super) type Answers<T> = Vec<Result<T, Error>>;

/// Runs a chunk in one exchange. Servers that cannot answer several operations at a time must
/// get chunks of one.
///
/// # Errors
/// The client refused the chunk before it sent anything.
pub(super) fn run<O: Operation>(link: &Link, chunk: Vec<O>) -> Result<Answers<O::Output>, Error> {
    if link.facts.batches() {
        return link.client.run_many(chunk);
    }
    Ok(chunk.into_iter().map(|one| link.client.run(one)).collect())
}

/// What follows from a failure.
pub(super) struct Failed {
    /// The outcome of the operation.
    pub(super) error: StoreError,
    /// Whether the server cannot be expected to take a next chunk.
    pub(super) server_is_down: bool,
}

/// The failure of a load.
pub(super) fn load_failed(name: &str, error: &Error) -> StoreError {
    StoreError::Down(message(name, error))
}

/// The failure of a chunk that the client did not take.
pub(super) fn not_taken(name: &str, error: &Error) -> StoreError {
    StoreError::Refused(message(name, error))
}

/// The failures of a chunk of changes, from the first on.
pub(super) struct ChangeFailures<'a> {
    name: &'a str,
    /// Nothing of the chunk was looked at by the server.
    turned_away: bool,
    first: bool,
}

impl<'a> ChangeFailures<'a> {
    /// For the chunk of which `answers` came.
    pub(super) fn of<T>(name: &'a str, answers: &Answers<T>) -> Self {
        let turned_away = match answers.first() {
            Some(Err(error)) => is_bare_error(error),
            _ => false,
        };
        Self { name, turned_away, first: true }
    }

    /// The outcome of the next change that failed.
    pub(super) fn next(&mut self, error: &Error) -> Failed {
        let first = std::mem::take(&mut self.first);
        if self.turned_away {
            let error = StoreError::Down(format!(
                "memcached {} answered nothing but ERROR, as it does when it has too many open \
                 connections (its option `-c`)",
                self.name
            ));
            return Failed { error, server_is_down: true };
        }
        let message = message(self.name, error);
        let (error, server_is_down) = match error {
            Error::Ambiguous { source, .. } => match &**source {
                Error::Server(_) | Error::Rejected(_) if first => {
                    (StoreError::Refused(message), false)
                }
                Error::Server(_) | Error::Rejected(_) => (
                    StoreError::Unknown(format!("{message}, to another change sent with it")),
                    false,
                ),
                _ => (StoreError::Unknown(message), true),
            },
            Error::Io(_) | Error::Timeout { .. } => (StoreError::Down(message), true),
            Error::Usage(_) => (StoreError::Refused(message), false),
            _ => (StoreError::Unknown(message), true),
        };
        Failed { error, server_is_down }
    }
}

/// The client keeps no more of memcached's `ERROR Too many open connections` than its first
/// word, which is also the answer to an unknown command; there are none after a probe.
fn is_bare_error(error: &Error) -> bool {
    match error {
        Error::Ambiguous { source, .. } => is_bare_error(source),
        Error::Rejected(message) => message == "ERROR",
        _ => false,
    }
}

fn message(name: &str, error: &Error) -> String {
    format!("memcached {name}: {}", describe(error))
}

/// The reason alone. Not the client's own text: that names keys, and quotes what it did not
/// understand, which may be a part of a value.
fn describe(error: &Error) -> String {
    const SHOWN: usize = 120;
    match error {
        Error::Ambiguous { source, .. } => describe(source),
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => "timed out".to_owned(),
        Error::Io(error) => error.to_string(),
        Error::Timeout { .. } => "timed out".to_owned(),
        Error::Server(said) | Error::Rejected(said) => {
            said.escape_default().take(SHOWN).collect::<String>()
        }
        Error::Usage(why) => (*why).to_owned(),
        _ => "the answer does not follow the protocol".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn sent(source: Error) -> Error {
        Error::Ambiguous { key: b"k".to_vec(), source: Box::new(source) }
    }

    fn outcomes(answers: Answers<()>) -> Vec<String> {
        let mut failures = ChangeFailures::of("s:1", &answers);
        let outcome = |answer: Result<(), Error>| match answer {
            Ok(()) => "done".to_owned(),
            Err(error) => match failures.next(&error).error {
                StoreError::Refused(_) => "refused".to_owned(),
                StoreError::Unknown(_) => "unknown".to_owned(),
                StoreError::Down(_) => "down".to_owned(),
            },
        };
        answers.into_iter().map(outcome).collect()
    }

    #[test]
    fn the_first_error_line_is_of_the_refused_change_and_later_ones_are_unknown() {
        let line = || Err(sent(Error::Server("out of memory".into())));
        let got = outcomes(vec![Ok(()), line(), line(), line()]);
        assert_eq!(got, ["done", "refused", "unknown", "unknown"]);
    }

    #[test]
    fn an_error_in_place_of_the_first_answer_means_that_nothing_was_applied() {
        let line = || Err(sent(Error::Rejected("ERROR".into())));
        assert_eq!(outcomes(vec![line(), line()]), ["down", "down"]);
        assert_eq!(outcomes(vec![Ok(()), line()]), ["done", "refused"]);
    }

    #[test]
    fn what_was_sent_is_unknown_and_what_was_not_is_down() {
        let reset = || Error::Io(io::ErrorKind::ConnectionReset.into());
        let got = outcomes(vec![Ok(()), Err(sent(reset())), Err(reset())]);
        assert_eq!(got, ["done", "unknown", "down"]);
        let late = || Error::Timeout { key: b"k".to_vec() };
        let got = outcomes(vec![Err(sent(late())), Err(late())]);
        assert_eq!(got, ["unknown", "down"]);
    }

    #[test]
    fn messages_name_the_server_and_never_quote_what_was_not_understood() {
        let strange = Error::Protocol("unknown return code \"secret\"".into());
        let StoreError::Down(message) = load_failed("s:1", &strange) else {
            panic!("a load that fails is down")
        };
        assert!(message.contains("s:1") && !message.contains("secret"));
    }
}
