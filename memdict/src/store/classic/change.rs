//! Changes on one server.

use memcache::{Client, CommandError, MemcacheError};

use super::{
    apart::Steps,
    conversation::{Conversation, text},
    failure::{self, Failed},
    link::Link,
    load::Item,
    payload::Payload,
    stream::Stream,
    text::{self, Text},
};
use crate::store::{
    limits,
    operation::{Applied, By, Change, Condition, Count, Op, Reason, StoreError, Token},
    ttl,
};

/// How often a number is added to, only to find that it is gone, and stored, only to find that there
/// is one.
const ROUNDS: usize = 8;

/// Makes changes, all of them on one server, in order. Returns whether the connection can be used
/// again.
pub(super) fn run(
    with: &mut Conversation<'_>,
    changes: &[Change<'_>],
    steps: &Steps,
    out: &mut dyn FnMut(usize, Result<Applied, StoreError>),
) -> bool {
    let mut down = None;
    for (index, change) in changes.iter().enumerate() {
        if let Some(error) = &down {
            out(index, Err(StoreError::clone(error)));
            continue;
        }
        if !steps.begin() {
            return false;
        }
        out(
            index,
            match apply(with, change) {
                Ok(applied) => Ok(applied),
                Err(failed) => {
                    if failed.down {
                        down = Some(with.not_sent(&failed.error));
                    }
                    Err(failed.error)
                }
            },
        );
    }
    down.is_none()
}

/// The condition on which a store command stores.
enum Command {
    Set,
    Add,
    Cas(u64),
}

/// The value under a key.
enum Stored {
    Nothing,
    Value { cas: u64 },
}

fn apply(with: &mut Conversation<'_>, change: &Change<'_>) -> Result<Applied, Failed> {
    let key = text(change.key).map_err(Failed::refused)?;
    limits::check_condition(change).map_err(Failed::refused)?;
    if let Op::Store { bytes, .. } = change.op {
        limits::check_value(with.max_item_bytes, change.key, bytes.len(), &with.owner())
            .map_err(Failed::refused)?;
    }
    match (change.op, change.when) {
        (_, Condition::Matches(token)) if token.cas() == 0 || token != with.token(token.cas()) => {
            matches_nothing(with, key, token)
        }
        (Op::Store { bytes, expiry }, when) => {
            let command = match when {
                Condition::Always => Command::Set,
                Condition::Absent => Command::Add,
                Condition::Matches(token) => Command::Cas(token.cas()),
            };
            let seconds = ttl::wire(expiry, None);
            store(with, key, bytes, seconds, command)
        }
        // No value is kept that could be stale.
        (Op::Delete | Op::Invalidate { .. }, Condition::Matches(token)) => {
            let applied = store(with, key, b"", ttl::OVER, Command::Cas(token.cas()))?;
            Ok(if applied == Applied::Stored { Applied::Deleted } else { applied })
        }
        (Op::Delete, Condition::Absent) => match look(with, key)? {
            Stored::Nothing => Ok(Applied::Gone),
            Stored::Value { .. } => Ok(Applied::Exists),
        },
        (Op::Delete | Op::Invalidate { .. }, _) => delete(with, key),
        (Op::Touch { expiry }, _) => touch(with, key, ttl::wire(expiry, None)),
        (Op::Count(sum), _) => count(with, key, sum),
    }
}

fn touch(with: &mut Conversation<'_>, key: &str, seconds: u32) -> Result<Applied, Failed> {
    match &mut *with.link {
        Link::Text(text) => {
            let answer = text.change(format!("touch {key} {seconds}\r\n").as_bytes(), None);
            let line = answer.map_err(|broken| failure::unanswered(with.name, &broken))?;
            match &line[..] {
                b"TOUCHED" => Ok(Applied::Touched),
                b"NOT_FOUND" => Ok(Applied::Gone),
                b"ERROR" => {
                    Err(lacks(with, "the command `touch`, which memcached has since 1.4.8"))
                }
                other => Err(failure::line(with.name, other)),
            }
        }
        Link::Sasl(client) => match client.touch(key, seconds) {
            Ok(true) => Ok(Applied::Touched),
            Ok(false) => Ok(Applied::Gone),
            Err(error) => Err(failure::change(with.name, &error, true)),
        },
    }
}

/// Changes a number. Another client may store or delete it between two requests.
fn count(with: &mut Conversation<'_>, key: &str, sum: Count) -> Result<Applied, Failed> {
    // Over the binary protocol, the crate stores a number that never expires where there is none.
    if matches!(with.link, Link::Sasl(_)) {
        return Err(lacks(with, "counts over SASL"));
    }
    for _ in 0..ROUNDS {
        if let Some(number) = add(with, key, sum.by)? {
            if let Some(expiry) = sum.expiry {
                touch(with, key, ttl::wire(expiry, None))?;
            }
            return Ok(Applied::Counted(number));
        }
        let Some((number, expiry)) = sum.start else { return Ok(Applied::Gone) };
        let (digits, seconds) = (number.to_string(), ttl::wire(expiry, None));
        if store(with, key, digits.as_bytes(), seconds, Command::Add)? == Applied::Stored {
            return Ok(Applied::Counted(number));
        }
    }
    Err(lacks(with, "the number for long enough to count: other clients keep deleting it"))
}

/// Adds to a number, or subtracts from it. Returns the new one, or `None` if there is none.
fn add(with: &mut Conversation<'_>, key: &str, by: By) -> Result<Option<u64>, Failed> {
    let Link::Text(text) = &mut *with.link else { return Ok(None) };
    let request = match by {
        By::Adding(amount) => format!("incr {key} {amount}\r\n"),
        By::Subtracting(amount) => format!("decr {key} {amount}\r\n"),
    };
    let answer = text.change(request.as_bytes(), None);
    let line = answer.map_err(|broken| failure::unanswered(with.name, &broken))?;
    // Some servers append the spaces that fill up a number which has become shorter.
    match (text::number(line.trim_ascii_end()), &line[..]) {
        (Some(number), _) => Ok(Some(number)),
        (None, b"NOT_FOUND") => Ok(None),
        (None, no_number) if no_number.starts_with(b"CLIENT_ERROR cannot") => {
            let Failed { error, .. } = failure::line(with.name, no_number);
            Err(Failed::refused(error))
        }
        (None, other) => Err(failure::line(with.name, other)),
    }
}

/// Returns the refusal of an operation that this server, or the client for it, cannot do.
fn lacks(with: &Conversation<'_>, what: &str) -> Failed {
    let why = format!("{} does not have {what}", with.owner());
    Failed::refused(StoreError::Refused(Reason::new(why).at(with.name)))
}

/// Returns the outcome on a token of another server or life, or without a number. The token is not
/// sent, because in the binary protocol the number 0 would match any value.
fn matches_nothing(
    with: &mut Conversation<'_>,
    key: &str,
    token: Token,
) -> Result<Applied, Failed> {
    match look(with, key)? {
        Stored::Nothing => Ok(Applied::Gone),
        Stored::Value { cas: 0 } if token == with.token(0) => {
            let why = "keeps no versions (its option `-C`), on which the change depends";
            Err(Failed::refused(StoreError::Refused(format!("{} {why}", with.owner()).into())))
        }
        Stored::Value { .. } => Ok(Applied::Differs),
    }
}

fn look(with: &mut Conversation<'_>, key: &str) -> Result<Stored, Failed> {
    let version = match &mut *with.link {
        Link::Text(text) => {
            let found = text.values(&[key], with.max_item_bytes);
            let mut found = found.map_err(|broken| failure::unread(with.name, &broken))?;
            found.remove(key).map(|(_, version)| version)
        }
        Link::Sasl(client) => {
            let found = client.get::<Item>(key);
            let found = found.map_err(|error| failure::load(with.name, &error))?;
            found.map(|(_, _, version)| version.unwrap_or(0))
        }
    };
    Ok(version.map_or(Stored::Nothing, |cas| Stored::Value { cas }))
}

fn delete(with: &mut Conversation<'_>, key: &str) -> Result<Applied, Failed> {
    match &mut *with.link {
        Link::Text(text) => {
            let answer = text.change(format!("delete {key}\r\n").as_bytes(), None);
            let line = answer.map_err(|broken| failure::unanswered(with.name, &broken))?;
            match &line[..] {
                b"DELETED" => Ok(Applied::Deleted),
                b"NOT_FOUND" => Ok(Applied::Gone),
                other => Err(failure::line(with.name, other)),
            }
        }
        Link::Sasl(client) => match client.delete(key) {
            Ok(true) => Ok(Applied::Deleted),
            Ok(false) => Ok(Applied::Gone),
            Err(error) => Err(failure::change(with.name, &error, true)),
        },
    }
}

fn store(
    with: &mut Conversation<'_>,
    key: &str,
    bytes: &[u8],
    seconds: u32,
    command: Command,
) -> Result<Applied, Failed> {
    match &mut *with.link {
        Link::Text(text) => store_as_text(with.name, text, key, bytes, seconds, command),
        Link::Sasl(client) => {
            match store_with_sasl(with.name, client, key, bytes, seconds, command)? {
                Some(applied) => Ok(applied),
                // Not applied: there is no value, or one of another version.
                None => match look(with, key)? {
                    Stored::Nothing => Ok(Applied::Gone),
                    Stored::Value { .. } => Ok(Applied::Differs),
                },
            }
        }
    }
}

fn store_as_text(
    name: &str,
    text: &mut Text<Stream>,
    key: &str,
    bytes: &[u8],
    seconds: u32,
    command: Command,
) -> Result<Applied, Failed> {
    let length = bytes.len();
    let head = match command {
        Command::Set => format!("set {key} 0 {seconds} {length}\r\n"),
        Command::Add => format!("add {key} 0 {seconds} {length}\r\n"),
        Command::Cas(cas) => format!("cas {key} 0 {seconds} {length} {cas}\r\n"),
    };
    let answer = text.change(head.as_bytes(), Some(bytes));
    let line = answer.map_err(|broken| failure::unanswered(name, &broken))?;
    match (&line[..], command) {
        (b"STORED", _) => Ok(Applied::Stored),
        (b"NOT_STORED", Command::Add) => Ok(Applied::Exists),
        (b"EXISTS", Command::Cas(_)) => Ok(Applied::Differs),
        (b"NOT_FOUND", Command::Cas(_)) => Ok(Applied::Gone),
        (other, _) => Err(failure::line(name, other)),
    }
}

/// Returns `None` if the value was not stored, for one of two reasons.
fn store_with_sasl(
    name: &str,
    client: &Client,
    key: &str,
    bytes: &[u8],
    seconds: u32,
    command: Command,
) -> Result<Option<Applied>, Failed> {
    let payload = Payload::of(bytes);
    let result = match command {
        Command::Set => client.set(key, &payload, seconds).map(|()| true),
        Command::Add => client.add(key, &payload, seconds).map(|()| true),
        Command::Cas(cas) => client.cas(key, &payload, seconds, cas),
    };
    match (result, command) {
        (Ok(stored), _) => Ok(stored.then_some(Applied::Stored)),
        (Err(MemcacheError::CommandError(CommandError::KeyExists)), Command::Add) => {
            Ok(Some(Applied::Exists))
        }
        (Err(error), _) => Err(failure::change(name, &error, payload.is_sent())),
    }
}
