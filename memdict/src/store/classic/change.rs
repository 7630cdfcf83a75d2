//! Changes on one server.

use std::time::Duration;

use memcache::{CommandError, MemcacheError};

use super::{
    apart::Steps,
    conversation::{Conversation, text},
    failure::{self, Failed},
    load::Item,
    payload::{Payload, Progress},
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
    with: &Conversation<'_>,
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

fn apply(with: &Conversation<'_>, change: &Change<'_>) -> Result<Applied, Failed> {
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
            store(with, key, bytes, seconds(ttl), command)
        }
        (Op::Delete, Condition::Matches(token)) => {
            let applied = store(with, key, b"", LONG_AGO, Command::Cas(token.cas()))?;
            Ok(if applied == Applied::Stored { Applied::Deleted } else { applied })
        }
        (Op::Delete, Condition::Absent) => match look(with, key)? {
            Stored::Nothing => Ok(Applied::Gone),
            Stored::Value { .. } => Ok(Applied::Exists),
        },
        (Op::Delete, Condition::Always) => match with.client.delete(key) {
            Ok(true) => Ok(Applied::Deleted),
            Ok(false) => Ok(Applied::Gone),
            Err(error) => Err(failure::change(with.name, &error, true)),
        },
    }
}

fn seconds(ttl: Option<Duration>) -> u32 {
    ttl.map_or(NEVER, ttl::wire)
}

/// Returns the outcome on a token of another server or life, or without a number. The token is not
/// sent, because in the binary protocol the number 0 would match any value.
fn matches_nothing(with: &Conversation<'_>, key: &str, token: Token) -> Result<Applied, Failed> {
    match look(with, key)? {
        Stored::Nothing => Ok(Applied::Gone),
        Stored::Value { cas: 0 } if token == with.token(0) => {
            let why = "keeps no versions (its option `-C`), on which the change depends";
            Err(Failed::refused(StoreError::Refused(format!("{} {why}", with.owner()).into())))
        }
        Stored::Value { .. } => Ok(Applied::Differs),
    }
}

fn look(with: &Conversation<'_>, key: &str) -> Result<Stored, Failed> {
    match with.client.get::<Item>(key) {
        Ok(None) => Ok(Stored::Nothing),
        Ok(Some((_, _, cas))) => Ok(Stored::Value { cas: cas.unwrap_or(0) }),
        Err(error) => Err(failure::load(with.name, &error)),
    }
}

fn store(
    with: &Conversation<'_>,
    key: &str,
    bytes: &[u8],
    seconds: u32,
    command: Command,
) -> Result<Applied, Failed> {
    let payload = if with.binary { Payload::binary(bytes) } else { Payload::text(bytes) };
    // Only with the binary protocol does this result mean anything.
    let result = match command {
        Command::Set => with.client.set(key, &payload, seconds).map(|()| true),
        Command::Add => with.client.add(key, &payload, seconds).map(|()| true),
        Command::Cas(cas) => with.client.cas(key, &payload, seconds, cas),
    };
    let sent = match payload.progress() {
        Progress::Reply(line) => {
            return match &line[..] {
                b"STORED" => Ok(Applied::Stored),
                b"NOT_STORED" => Ok(Applied::Exists),
                b"EXISTS" => Ok(Applied::Differs),
                b"NOT_FOUND" => Ok(Applied::Gone),
                other => Err(failure::line(with.name, other)),
            };
        }
        Progress::Unanswered(error) => return Err(failure::unanswered(with.name, &error)),
        Progress::Sent => true,
        Progress::Unsent => false,
    };
    match (result, command) {
        (Ok(true), _) => Ok(Applied::Stored),
        (Err(MemcacheError::CommandError(CommandError::KeyExists)), Command::Add) => {
            Ok(Applied::Exists)
        }
        // Not applied: there is no value, or one of another version.
        (Ok(false), _) => match look(with, key)? {
            Stored::Nothing => Ok(Applied::Gone),
            Stored::Value { .. } => Ok(Applied::Differs),
        },
        (Err(error), _) => Err(failure::change(with.name, &error, sent)),
    }
}
