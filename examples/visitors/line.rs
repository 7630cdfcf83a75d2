//! One line of an access log, in the Common or Combined Log Format:
//!
//! ```text
//! ADDRESS IDENT USER [TIME] "REQUEST" STATUS SIZE
//! ADDRESS IDENT USER [TIME] "REQUEST" STATUS SIZE "REFERER" "AGENT"
//! ```
//!
//! The quoted parts come from clients and may contain anything: a request is taken as it is. The
//! other parts come from the server and must be in the format.

use std::fmt;

use chrono::DateTime;

/// The longest accepted line, in bytes: far more than servers let through, and short enough for
/// each part of the line to be a key.
const MAX_LENGTH: usize = 32 * 1024;

/// The parts of a line that are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// The client, as the log names it.
    pub(crate) address: String,
    /// Seconds since 1970.
    pub(crate) time: i64,
    /// The requested path, without the query after a `?`; the whole request if it is not of the
    /// form `METHOD TARGET PROTOCOL`.
    pub(crate) path: String,
    pub(crate) status: u16,
    /// The size of the response, 0 for `-`.
    pub(crate) bytes: u64,
    /// The user agent; none in the Common Log Format.
    pub(crate) agent: Option<String>,
}

/// Why a line is not in the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bad(&'static str);

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Bad {}

impl Line {
    /// Parses a line as it is in the file, with or without its line ending. Bytes that are not
    /// UTF-8 are replaced, because logs contain them in what clients sent.
    ///
    /// # Errors
    ///
    /// Returns [`Bad`] with the first deviation from the format.
    pub(crate) fn parse(raw: &[u8]) -> Result<Self, Bad> {
        let text = String::from_utf8_lossy(raw);
        let text = text.trim_end_matches(['\n', '\r']);
        if text.is_empty() {
            return Err(Bad("it is empty"));
        }
        if text.len() > MAX_LENGTH {
            return Err(Bad("it is longer than 32 KiB"));
        }
        let mut rest = Rest(text);
        let address = rest.word().ok_or(Bad("it does not begin with an address"))?;
        // A user's name may contain spaces.
        let _ident_and_user = rest
            .until(" [")
            .filter(|who| who.contains(' '))
            .ok_or(Bad("no identity, user and `[time]` after the address"))?;
        let time = rest.until("] ").ok_or(Bad("the time does not end"))?;
        let time = seconds(time).ok_or(Bad("the time is not like 17/May/2015:10:05:03 +0000"))?;
        let request = rest.quoted().ok_or(Bad("no request in quotes"))?;
        let status = rest.word().and_then(status);
        let status = status.ok_or(Bad("no status of three digits after the request"))?;
        let bytes = rest.word().and_then(size);
        let bytes = bytes.ok_or(Bad("no size, a number or `-`, after the status"))?;
        let agent = if rest.is_empty() {
            None
        } else {
            let _referer = rest.quoted().ok_or(Bad("no referer in quotes"))?;
            Some(rest.quoted().ok_or(Bad("no user agent in quotes"))?)
        };
        if !rest.is_empty() {
            return Err(Bad("something follows the user agent"));
        }
        Ok(Self {
            address: address.to_owned(),
            time,
            path: path(request).to_owned(),
            status,
            bytes,
            agent: agent.map(str::to_owned),
        })
    }
}

/// The part of a line that is not yet read.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// Returns the text up to the next space or the end, unless it is empty.
    fn word(&mut self) -> Option<&'a str> {
        let (word, rest) = self.0.split_once(' ').unwrap_or((self.0, ""));
        self.0 = rest;
        (!word.is_empty()).then_some(word)
    }

    fn until(&mut self, end: &str) -> Option<&'a str> {
        let (part, rest) = self.0.split_once(end)?;
        self.0 = rest;
        Some(part)
    }

    /// Returns a quoted text, and skips the space after it. A quote inside is escaped by a `\`, or,
    /// by some servers, not at all: the closing quote is followed by a space or by the end.
    fn quoted(&mut self) -> Option<&'a str> {
        let inside = self.0.strip_prefix('"')?;
        let mut escaped = false;
        for (at, c) in inside.char_indices() {
            let rest = &inside[at + c.len_utf8()..];
            if c == '"' && !escaped && (rest.is_empty() || rest.starts_with(' ')) {
                self.0 = rest.strip_prefix(' ').unwrap_or(rest);
                return Some(&inside[..at]);
            }
            escaped = c == '\\' && !escaped;
        }
        None
    }

    fn is_empty(&self) -> bool {
        self.0.trim_end().is_empty()
    }
}

fn seconds(time: &str) -> Option<i64> {
    let time = DateTime::parse_from_str(time, "%d/%b/%Y:%H:%M:%S %z").ok()?;
    Some(time.timestamp())
}

fn status(word: &str) -> Option<u16> {
    let digits = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|_| digits)
}

fn size(word: &str) -> Option<u64> {
    match word {
        "-" => Some(0),
        // `parse` alone would accept `+5`.
        _ if word.bytes().all(|byte| byte.is_ascii_digit()) => word.parse().ok(),
        _ => None,
    }
}

fn path(request: &str) -> &str {
    let mut words = request.split(' ');
    let (_method, target) = (words.next(), words.next());
    match target {
        Some(target) => target.split_once('?').map_or(target, |(path, _query)| path),
        None => request,
    }
}
