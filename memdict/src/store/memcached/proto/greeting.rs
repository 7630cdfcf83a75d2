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

use xxhash_rust::xxh3::xxh3_64;

use super::{END_OF_LINE, answer, window::Window};
use crate::{
    error::Error,
    random,
    store::{credentials::Credentials, limits},
};

/// A memcached answers all questions in fewer bytes than this.
const MAX_ANSWERS: usize = 64 << 10;

const VERSION: &[u8] = b"version\r\n";
const QUESTIONS: &[u8] = b"stats settings\r\nstats\r\nmn\r\n";

/// The first version with reliable meta commands. Before 1.6.9 they were experimental: such a
/// server rejects today's form of a store and then reads its value as commands. Until 1.6.12, a
/// store answers with a wrong version, and a delete ignores the version to compare with.
const FIRST_WITH_META: (u32, u32, u32) = (1, 6, 13);

/// The first version that repeats marks in all answers. Earlier ones omit them on a miss.
const FIRST_WITH_MARKS: (u32, u32, u32) = (1, 6, 18);

/// The facts about a server, from its answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store::memcached) struct Facts {
    /// Its version, as it reports it.
    pub(in crate::store::memcached) version: String,
    /// Whether its meta commands are reliable.
    pub(in crate::store::memcached) meta: bool,
    /// Whether each answer that has flags repeats the mark of its request.
    pub(in crate::store::memcached) marks: bool,
    /// The size of the largest item that it takes, in bytes.
    pub(in crate::store::memcached) item_size_max: usize,
    /// Whether it keeps versions of values. With its option `-C` it does not.
    pub(in crate::store::memcached) cas_enabled: bool,
    /// The life that it is in, made from its process number and the second in which it started. It
    /// stays the same as long as the server runs. 0 if the server does not tell. Two servers, or
    /// two lives of one, may look the same: in a container, each server is process 1.
    pub(in crate::store::memcached) life: u64,
    /// A random number for this connection, whose other end stays in one life.
    pub(in crate::store::memcached) connection: u64,
}

/// The question that the next line answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    Ask,
    Login,
    Version,
    Settings,
    Stats,
    Barrier,
}

/// The state of the conversation.
#[derive(Debug)]
pub(in crate::store::memcached) struct Greeting {
    awaited: Awaited,
    credentials: Option<Credentials>,
    facts: Facts,
    pid: Option<u64>,
    uptime: Option<u64>,
    time: Option<u64>,
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
}

impl Greeting {
    /// Begins the conversation.
    pub(in crate::store::memcached) fn begin(
        credentials: Option<&Credentials>,
        window: &mut Window<'_>,
    ) -> Self {
        window.raw(VERSION);
        let awaited = if credentials.is_some() {
            Awaited::Ask
        } else {
            window.raw(QUESTIONS);
            Awaited::Version
        };
        let facts = Facts {
            version: String::new(),
            meta: false,
            marks: false,
            item_size_max: limits::ITEM_SIZE_MAX,
            cas_enabled: true,
            life: 0,
            connection: random::bits().max(1),
        };
        let credentials = credentials.cloned();
        Self { awaited, credentials, facts, pid: None, uptime: None, time: None, read: 0 }
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
        match self.awaited {
            Awaited::Ask if line.contains("unauthenticated") => {
                if let Some(credentials) = self.credentials.take() {
                    log_in(&credentials, window);
                }
                window.raw(VERSION);
                window.raw(QUESTIONS);
                self.awaited = Awaited::Login;
                return Ok(Next::Send);
            }
            Awaited::Ask => {
                self.version(line)?;
                window.raw(QUESTIONS);
                return Ok(Next::Send);
            }
            Awaited::Login if line == "STORED" => self.awaited = Awaited::Version,
            Awaited::Login => {
                return Err("does not accept the user name and the password".to_owned());
            }
            Awaited::Version => self.version(line)?,
            Awaited::Settings => match stat(line) {
                Some(("item_size_max", value)) => {
                    self.facts.item_size_max = value.parse().unwrap_or(limits::ITEM_SIZE_MAX);
                }
                Some(("cas_enabled", value)) => self.facts.cas_enabled = value != "no",
                Some(_) => {}
                // `END`, or the refusal of a server that keeps them secret: the defaults apply.
                None => self.awaited = Awaited::Stats,
            },
            Awaited::Stats => match stat(line) {
                Some(("pid", value)) => self.pid = value.parse().ok(),
                Some(("uptime", value)) => self.uptime = value.parse().ok(),
                Some(("time", value)) => self.time = value.parse().ok(),
                Some(_) => {}
                None => self.awaited = Awaited::Barrier,
            },
            Awaited::Barrier => {
                let old = number(&self.facts.version).is_some_and(|it| it < FIRST_WITH_META);
                self.facts.meta = line == "MN" && !old;
                self.facts.marks =
                    number(&self.facts.version).is_some_and(|it| it >= FIRST_WITH_MARKS);
                self.facts.life = self.life();
                return Ok(Next::Go(self.facts.clone()));
            }
        }
        Ok(Next::Wait)
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

/// Explains a first answer that is not a version.
fn unwelcome(answer: &str) -> String {
    if answer.contains("unauthenticated") {
        return format!("asks for a user name and a password, and none are given ({answer})");
    }
    if answer.contains("Too many open connections") {
        return format!("has no connection free ({answer}): raise its option `-c`");
    }
    let shown: String = answer.escape_default().take(80).collect();
    format!("does not answer like a memcached (`{shown}`)")
}

/// Reads the three numbers of a version such as `1.6.18` or `1.6.9_beta2`.
fn number(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        part[..digits].parse().ok()
    });
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: &str = "VERSION 1.6.18\r\nSTAT item_size_max 2097152\r\nSTAT cas_enabled yes\r\n\
                           END\r\nSTAT pid 7\r\nSTAT uptime 10\r\nSTAT time 1700000010\r\nEND\r\nMN\r\n";

    /// Runs the conversation with answers that arrive byte by byte.
    fn greet(credentials: Option<&Credentials>, answers: &[&str]) -> Result<Facts, String> {
        let mut window = Window::default();
        let mut greeting = Greeting::begin(credentials, &mut window);
        let mut received = Vec::new();
        for byte in answers.iter().flat_map(|text| text.bytes()) {
            received.push(byte);
            let (used, next) = greeting.read(&received, &mut window)?;
            received.drain(..used);
            if let Next::Go(facts) = next {
                return Ok(facts);
            }
        }
        Err("the greeting is incomplete".to_owned())
    }

    fn bob() -> Credentials {
        Credentials { user: "bob".to_owned(), password: "secret".to_owned() }
    }

    #[test]
    fn credentials_that_could_not_be_sent_are_refused_and_not_shown() {
        let of = |user: &str, password: &str| {
            check(&Credentials { user: user.to_owned(), password: password.to_owned() })
        };
        assert!(of("bob", "correct horse: battery").is_ok());
        for (user, password) in [("", "5ecret"), ("b b", "5ecret"), ("b", "5ecret\r\nflush_all")] {
            let error = of(user, password).expect_err("it would send another command");
            assert!(!error.to_string().contains("5ecret"), "{error}");
        }
    }

    #[test]
    fn a_server_tells_its_facts_in_one_exchange() {
        let facts = greet(None, &[ANSWERS]).expect("it is a memcached");
        assert_eq!((facts.version.as_str(), facts.meta, facts.marks), ("1.6.18", true, true));
        assert_eq!((facts.item_size_max, facts.cas_enabled), (2 << 20, true));
        assert_ne!(facts.life, 0);
    }

    #[test]
    fn a_life_stays_the_same_as_long_as_the_server_runs() {
        let life = |answers: String| greet(None, &[&answers]).map(|facts| facts.life);
        let at_first = life(ANSWERS.to_owned());
        let later = ANSWERS.replace("uptime 10", "uptime 500").replace("0010", "0500");
        assert_eq!(life(later), at_first);
        let again = ANSWERS.replace("pid 7", "pid 8");
        let later = ANSWERS.replace("0010", "0011");
        assert!(life(again) != at_first && life(later) != at_first);
        assert_eq!(life(ANSWERS.replace("STAT pid 7\r\n", "")), Ok(0));
    }

    #[test]
    fn secret_settings_default_to_those_of_memcached() {
        let answers = "VERSION 1.6.18\r\nCLIENT_ERROR no\r\nCLIENT_ERROR no\r\nMN\r\n";
        let facts = greet(None, &[answers]).expect("it is a memcached");
        assert_eq!((facts.item_size_max, facts.cas_enabled, facts.life), (1 << 20, true, 0));
    }

    #[test]
    fn missing_and_unreliable_meta_commands_are_not_used() {
        for (version, last) in [("1.4.39", "ERROR"), ("1.6.12", "MN"), ("flare-1.3.4", "ERROR")] {
            let answers = ANSWERS.replace("1.6.18", version).replace("MN", last);
            let facts = greet(None, &[&answers]).expect("it is a memcached");
            assert!(!facts.meta, "{version}");
        }
    }

    #[test]
    fn credentials_are_sent_only_to_a_server_that_asks_for_them() {
        let credentials = bob();
        let log_in = b"set memdict 0 0 10\r\nbob secret\r\n";
        for (answer, sent) in
            [("VERSION 1.6.18\r\n", false), ("CLIENT_ERROR unauthenticated\r\n", true)]
        {
            let mut window = Window::default();
            let mut greeting = Greeting::begin(Some(&credentials), &mut window);
            let next = greeting.read(answer.as_bytes(), &mut window);
            assert_eq!(next, Ok((answer.len(), Next::Send)));
            let text = window.into_buffer();
            assert_eq!(text.windows(log_in.len()).any(|part| part == log_in), sent, "{answer}");
        }
    }

    #[test]
    fn wrong_and_missing_credentials_say_what_to_do() {
        let asks = "CLIENT_ERROR unauthenticated\r\n";
        let missing = greet(None, &[asks]).expect_err("it asks for credentials");
        assert!(missing.contains("none are given"), "{missing}");
        let credentials = bob();
        let wrong = greet(Some(&credentials), &[asks, asks]).expect_err("they are wrong");
        assert!(wrong.contains("does not accept") && !wrong.contains("secret"), "{wrong}");
        let right = greet(Some(&credentials), &[asks, "STORED\r\n", ANSWERS]);
        assert!(right.is_ok_and(|facts| facts.meta));
    }

    #[test]
    fn an_endless_answer_is_an_error() {
        let endless = "STAT a b\r\n".repeat(10_000);
        assert!(greet(None, &["VERSION 1.6.18\r\n", &endless]).is_err());
        assert!(greet(None, &[&"x".repeat(3_000)]).is_err());
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(number("1.6.18"), Some((1, 6, 18)));
        assert_eq!(number("1.6.9_beta2-3"), Some((1, 6, 9)));
        assert_eq!(number("1.10.0"), Some((1, 10, 0)));
        assert_eq!(number("flare-1.3.4"), None);
        assert_eq!(number("1.6"), None);
    }
}
