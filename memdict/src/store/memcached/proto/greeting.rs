//! The greeting that each connection begins with. The server tells its version, settings and life.
//!
//! ```text
//!                      version, stats settings, stats, mn
//!   no credentials ------------------------------------------> Version Settings Stats Barrier
//!                       version
//!   credentials -----------------> Ask --- VERSION: they are not needed, nor sent ---> Settings
//!                                   |
//!                                   +--- unauthenticated ---> Login --- STORED ---> Version
//! ```
//!
//! Credentials are sent only to a server that asks for them, because another one would store them
//! as a value.
//!
//! Of a server that does not have memcached's name for its version, `versions` asks whether a token
//! proves something.
//!
//! A server that closes two connections when it is asked all of this is asked again, on another one and
//! with more care: proxies close on a question that they do not know. One that calls the last question
//! malformed, and then closes, is asked so at once. It then gets the classic dialect, and tells nothing
//! but its version, or not even that.

mod facts;
mod versions;

pub(in crate::store::memcached) use facts::Facts;
use facts::{has_reliable_meta_commands, is_flare, is_memcached, repeats_marks};
use versions::Versions;
use xxhash_rust::xxh3::xxh3_64;

use super::{
    Dialect, END_OF_LINE, answer,
    manner::{Care, Manner},
    window::Window,
};
use crate::{
    error::Error,
    quote, random,
    store::{credentials::Credentials, limits, ttl::Asked},
};

/// A memcached answers all questions in fewer bytes than this.
const MAX_ANSWERS: usize = 64 << 10;

/// The answer of a server that asks for credentials. They are sent after no other.
const UNAUTHENTICATED: &str = "CLIENT_ERROR unauthenticated";

const VERSION: &[u8] = b"version\r\n";
const FACTS: &[u8] = b"stats settings\r\nstats\r\n";
const BARRIER: &[u8] = super::meta::request::BARRIER;

/// A key that has no value. Every server and proxy answers the request for it.
const PROBE: &[u8] = b"gets memdict:ping\r\n";

/// The question that the next line answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Probe,
    Ask,
    Login,
    Version,
    Settings,
    Stats,
    Barrier,
    Versions,
}

/// The state of the conversation.
#[derive(Debug)]
pub(in crate::store::memcached) struct Greeting {
    pub(in crate::store::memcached) manner: Manner,
    awaited: Awaited,
    credentials: Option<Credentials>,
    facts: Facts,
    pid: Option<u64>,
    uptime: Option<u64>,
    time: Option<u64>,
    asked: Asked,
    /// Whether it is a proxy, which speaks for servers of which it tells nothing.
    is_proxy: bool,
    /// Whether it tells its settings.
    has_settings: bool,
    versions: Versions,
    read: usize,
}

/// The next step.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::store::memcached) enum Next {
    /// Wait for more bytes.
    Wait,
    /// Send what was written into the window.
    Send,
    /// Go on: the greeting is complete, and these are the facts.
    Go(Facts),
    /// Ask on another connection: the server is about to close this one.
    AskAnew,
}

impl Greeting {
    /// Begins the conversation.
    pub(in crate::store::memcached) fn begin(
        manner: Manner,
        credentials: Option<&Credentials>,
        window: &mut Window<'_>,
    ) -> Self {
        let awaited = if manner.care == Care::Most {
            window.raw(PROBE);
            Awaited::Probe
        } else if credentials.is_some() {
            window.raw(VERSION);
            Awaited::Ask
        } else {
            window.raw(VERSION);
            questions(manner).iter().for_each(|question| window.raw(question));
            Awaited::Version
        };
        let facts = Facts {
            version: String::new(),
            dialect: Dialect::Classic,
            marks: false,
            item_size_max: manner.assumed.item_size_max,
            cas_enabled: true,
            life: 0,
            clock: None,
            evicted_unread: None,
            connection: random::bits().max(1),
        };
        let credentials = credentials.cloned();
        let asked = Asked::now();
        Self {
            manner,
            awaited,
            credentials,
            facts,
            pid: None,
            uptime: None,
            time: None,
            asked,
            is_proxy: false,
            has_settings: false,
            versions: Versions::default(),
            read: 0,
        }
    }

    /// Returns whether the answer to the credentials is awaited.
    pub(in crate::store::memcached) fn is_logging_in(&self) -> bool {
        self.awaited == Awaited::Login
    }

    /// Reads the lines in `received`. Returns how many bytes it used, and the next step.
    ///
    /// # Errors
    /// The reason why the server cannot be used, as a text that follows its name.
    pub(in crate::store::memcached) fn read(
        &mut self,
        received: &[u8],
        window: &mut Window<'_>,
    ) -> Result<(usize, Next), String> {
        let mut used = 0;
        loop {
            let line = match answer::line(&received[used..]) {
                Ok(Some(line)) => line,
                Ok(None) => return Ok((used, Next::Wait)),
                Err(why) => return Err(format!("does not answer like a memcached: {why}")),
            };
            used += line.len() + END_OF_LINE.len();
            self.read += line.len();
            if self.read > MAX_ANSWERS {
                return Err("sent an endless answer when asked for its version".to_owned());
            }
            match self.line(&String::from_utf8_lossy(line), window)? {
                Next::Wait => {}
                next => return Ok((used, next)),
            }
        }
    }

    fn line(&mut self, line: &str, window: &mut Window<'_>) -> Result<Next, String> {
        let questions = questions(self.manner);
        match self.awaited {
            Awaited::Probe if line == "END" => return Ok(Next::Go(self.facts.clone())),
            Awaited::Probe => return Err(unwelcome(line)),
            Awaited::Ask if line == UNAUTHENTICATED => {
                if let Some(credentials) = self.credentials.take() {
                    log_in(&credentials, window);
                }
                window.raw(VERSION);
                questions.iter().for_each(|question| window.raw(question));
                self.awaited = Awaited::Login;
                return Ok(Next::Send);
            }
            Awaited::Ask => {
                self.version(line)?;
                if questions.is_empty() {
                    return Ok(Next::Go(self.facts.clone()));
                }
                questions.iter().for_each(|question| window.raw(question));
                return Ok(Next::Send);
            }
            Awaited::Login if line == "STORED" => self.awaited = Awaited::Version,
            Awaited::Login => {
                return Err("does not accept the user name and the password".to_owned());
            }
            Awaited::Version => {
                self.version(line)?;
                if questions.is_empty() {
                    return Ok(Next::Go(self.facts.clone()));
                }
            }
            Awaited::Settings => match stat(line) {
                Some(("item_size_max", value)) => {
                    self.facts.item_size_max = item_size(value);
                    self.has_settings = true;
                }
                Some(("cas_enabled", value)) => self.facts.cas_enabled = value != "no",
                Some(("binding_protocol", value)) => self.is_proxy = value == "proxy",
                Some(_) => {}
                // `END`, or the refusal of a server that keeps them secret: the defaults apply.
                None => self.awaited = Awaited::Stats,
            },
            Awaited::Stats => match stat(line) {
                Some(("pid", value)) => self.pid = value.parse().ok(),
                Some(("uptime", value)) => self.uptime = value.parse().ok(),
                Some(("time", value)) => self.time = value.parse().ok(),
                Some(("evicted_unfetched", value)) => {
                    self.facts.evicted_unread = value.parse().ok();
                }
                Some(_) => {}
                None if questions.contains(&BARRIER) => self.awaited = Awaited::Barrier,
                None => return Ok(self.told(Dialect::Classic, window)),
            },
            Awaited::Barrier if line.starts_with("CLIENT_ERROR") => {
                // A memcached without the command says `ERROR`, and the connection goes on.
                self.manner.care = Care::Again;
                return Ok(Next::AskAnew);
            }
            Awaited::Barrier => {
                let is_meta = line == "MN" && has_reliable_meta_commands(&self.facts.version);
                let dialect = if is_meta { Dialect::Meta } else { Dialect::Classic };
                return Ok(self.told(dialect, window));
            }
            Awaited::Versions => {
                if let Some(begin_anew) = self.versions.read(line) {
                    self.manner.versions_begin_anew = Some(begin_anew);
                    if begin_anew {
                        self.facts.life = 0;
                    }
                    return Ok(Next::Go(self.facts.clone()));
                }
            }
        }
        Ok(Next::Wait)
    }

    /// Goes on with a server that has told everything, unless something has to be found out.
    fn told(&mut self, dialect: Dialect, window: &mut Window<'_>) -> Next {
        let has_marks = repeats_marks(&self.facts.version);
        self.facts.dialect = dialect;
        self.facts.marks = dialect == Dialect::Meta && has_marks;
        self.facts.life = if self.proves_nothing() { 0 } else { self.life() };
        self.facts.clock = self.time.map(|time| self.asked.told(time));
        let is_certain = is_memcached(&self.facts.version) || self.facts.life == 0;
        if is_certain || self.manner.versions_begin_anew.is_some() {
            return Next::Go(self.facts.clone());
        }
        self.versions = Versions::ask(window);
        self.awaited = Awaited::Versions;
        Next::Send
    }

    /// Returns whether a version may stand for two values, although the life is told: a proxy tells
    /// its own life, in which its servers may restart. memcached's says in its settings that it is one;
    /// others have no settings.
    fn proves_nothing(&self) -> bool {
        self.manner.assumed.versions_begin_anew
            || self.manner.versions_begin_anew == Some(true)
            || is_flare(&self.facts.version)
            || self.is_proxy
            || !self.has_settings && !is_memcached(&self.facts.version)
            || !self.facts.cas_enabled
    }

    fn version(&mut self, line: &str) -> Result<(), String> {
        let Some(version) = line.strip_prefix("VERSION ") else {
            return Err(unwelcome(line));
        };
        self.facts.version = version.trim().to_owned();
        self.awaited = Awaited::Settings;
        Ok(())
    }

    fn life(&self) -> u64 {
        let (Some(pid), Some(time), Some(uptime)) = (self.pid, self.time, self.uptime) else {
            return 0;
        };
        let mut known = [0; 16];
        known[..8].copy_from_slice(&pid.to_le_bytes());
        known[8..].copy_from_slice(&time.wrapping_sub(uptime).to_le_bytes());
        xxh3_64(&known).max(1)
    }
}

/// Checks that credentials can be sent: the name ends at a space, the password at a line's end.
pub(in crate::store::memcached) fn check(credentials: &Credentials) -> Result<(), Error> {
    let Credentials { user, password } = credentials;
    let reason = match () {
        () if user.is_empty() => "the user name is empty",
        () if user.contains(|c: char| c.is_whitespace() || c.is_control()) => {
            "the user name contains white space or control characters"
        }
        () if password.contains(char::is_control) => "the password contains control characters",
        () => return Ok(()),
    };
    Err(Error::Config { option: "credentials".to_owned(), reason: reason.to_owned() })
}

/// Appends the login. The server ignores its key.
fn log_in(credentials: &Credentials, window: &mut Window<'_>) {
    let Credentials { user, password } = credentials;
    let length = user.len() + 1 + password.len();
    window.raw(format!("set memdict 0 0 {length}\r\n{user} {password}\r\n").as_bytes());
}

/// Reads `STAT name value`.
fn stat(line: &str) -> Option<(&str, &str)> {
    line.strip_prefix("STAT ")?.split_once(' ')
}

/// Reads the size of the largest item, which also bounds what is received. memcached's own limit
/// applies to a server that tells a larger one.
fn item_size(told: &str) -> usize {
    told.parse().unwrap_or(limits::ITEM_SIZE_MAX).min(limits::LARGEST_ITEM)
}

/// Returns the questions after the version.
fn questions(manner: Manner) -> &'static [&'static [u8]] {
    match (manner.care, manner.assumed.dialect) {
        (Care::Little | Care::Again, None | Some(Dialect::Meta)) => &[FACTS, BARRIER],
        (Care::Little | Care::Again, Some(Dialect::Classic)) => &[FACTS],
        (Care::More | Care::Most, _) => &[],
    }
}

/// Explains a first answer that is not a version.
fn unwelcome(answer: &str) -> String {
    let said = quote::said(answer.as_bytes());
    if answer == UNAUTHENTICATED {
        return format!("asks for a user name and a password, and none are given ({said})");
    }
    if answer.contains("Too many open connections") {
        return format!("has no connection free ({said}): raise its option `-c`");
    }
    format!("does not answer like a memcached (`{said}`)")
}

#[cfg(test)]
mod tests;
