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
    text::Text,
};
use crate::store::{
    limits,
    operation::{Applied, Change, Condition, Op, StoreError, Token},
    ttl,
};

/// A point in time in January 1970. It is above 30 days, up to which memcached counts from now.
const LONG_AGO: u32 = 30 * 24 * 60 * 60 + 1;

/// The lifetime of a value that does not expire.
const NEVER: u32 = 0;

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
    if let Op::Store { bytes, .. } = change.op {
        limits::check_value(with.max_item_bytes, change.key, bytes.len(), &with.owner())
            .map_err(Failed::refused)?;
    }
    match (change.op, change.when) {
        (_, Condition::Matches(token)) if token.cas() == 0 || token != with.token(token.cas()) => {
            matches_nothing(with, key, token)
        }
        (Op::Store { bytes, ttl }, when) => {
            let command = match when {
                Condition::Always => Command::Set,
                Condition::Absent => Command::Add,
                Condition::Matches(token) => Command::Cas(token.cas()),
            };
            let seconds = ttl.map_or(NEVER, |ttl| ttl::wire(ttl, with.clock));
            store(with, key, bytes, seconds, command)
        }
        (Op::Delete, Condition::Matches(token)) => {
            let applied = store(with, key, b"", LONG_AGO, Command::Cas(token.cas()))?;
            Ok(if applied == Applied::Stored { Applied::Deleted } else { applied })
        }
        (Op::Delete, Condition::Absent) => match look(with, key)? {
            Stored::Nothing => Ok(Applied::Gone),
            Stored::Value { .. } => Ok(Applied::Exists),
        },
        (Op::Delete, Condition::Always) => delete(with, key),
    }
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
