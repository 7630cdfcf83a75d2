//! Conversations with a server that says what it is told to, for tests and for the fuzzer.

use std::io::IoSlice;

use super::{Inbox, Peer, Talk, Work};
use crate::store::{
    memcached::{
        change::Changes,
        load::Loads,
        proto::{greeting::Facts, window::MAX_SLICES},
    },
    operation::{Applied, Change, Condition, Load, Loaded, Op, StoreError, Token},
};

pub(super) fn facts() -> Facts {
    Facts {
        version: "1.6.18".to_owned(),
        meta: true,
        marks: true,
        item_size_max: 1 << 20,
        cas_enabled: true,
        life: 7,
    }
}

/// Lets `work` of `operations` go on with a server that has said all of `parts`, and then is gone.
fn hear<'a>(work: &mut dyn Work<'a>, operations: usize, parts: &[&[u8]]) {
    let facts = facts();
    let peer = Peer { index: 0, name: "s:1", facts: &facts };
    let mut talk = Talk::new((0..operations).collect());
    talk.begin(&peer, work, Vec::new(), 0);
    while talk.has_more(&peer, work) {
        let length = {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = talk.window.slices(&mut slices);
            slices[..count].iter().map(|slice| slice.len()).sum()
        };
        talk.window.sent(length);
    }
    let mut inbox = Inbox::default();
    let mut broken = "closed the connection";
    for part in parts {
        inbox.room()[..part.len()].copy_from_slice(part);
        inbox.received(part.len());
        if let Err(why) = talk.listen(&peer, work, &mut inbox) {
            broken = why;
            break;
        }
    }
    talk.fail("s:1", work, broken);
}

/// What comes of as many loads.
pub(in crate::store::memcached) fn loaded(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    let loads = vec![Load::new(b"k"); operations];
    let mut outcomes = vec![Vec::new(); operations];
    let mut out = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
        let outcome = match loaded {
            Ok(Loaded::Hit { bytes, token }) => {
                format!("{} c{}", bytes.escape_ascii(), token.cas())
            }
            Ok(Loaded::Miss) => "miss".to_owned(),
            Err(error) => error_word(&error).to_owned(),
        };
        outcomes[index].push(outcome);
    };
    hear(&mut Loads { loads: &loads, out: &mut out }, operations, parts);
    outcomes.into_iter().map(once).collect()
}

/// The same of changes, one of each kind in turn.
pub(in crate::store::memcached) fn applied(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    made(operations, |change| change, parts)
}

/// The same of quiet changes, whose success goes without an answer.
pub(in crate::store::memcached) fn silent(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    made(operations, Change::quiet, parts)
}

/// A batch of ten, which is enough for silence, of which `operations` are this server's.
fn made(
    operations: usize,
    how: fn(Change<'static>) -> Change<'static>,
    parts: &[&[u8]],
) -> Vec<String> {
    let kinds = [
        Change::new(b"k", Op::Store { bytes: b"v", ttl: None }, Condition::Always),
        Change::new(b"k", Op::Store { bytes: b"v", ttl: None }, Condition::Absent),
        Change::new(
            b"k",
            Op::Store { bytes: b"v", ttl: None },
            Condition::Matches(Token::new(0, 7, 1)),
        ),
        Change::new(b"k", Op::Delete, Condition::Always),
    ];
    let changes: Vec<_> = kinds.into_iter().map(how).cycle().take(operations.max(10)).collect();
    let mut outcomes = vec![Vec::new(); operations];
    let mut out = |index: usize, applied: Result<Applied, StoreError>| {
        let outcome = match applied {
            Ok(other) => format!("{other:?}").to_lowercase(),
            Err(error) => error_word(&error).to_owned(),
        };
        outcomes[index].push(outcome);
    };
    hear(&mut Changes { changes: &changes, out: &mut out }, operations, parts);
    outcomes.into_iter().map(once).collect()
}

/// The outcome of an operation, or how its outcomes are not one.
fn once(mut outcomes: Vec<String>) -> String {
    match (outcomes.pop(), outcomes.len()) {
        (Some(outcome), 0) => outcome,
        (Some(_), _) => SETTLED_TWICE.to_owned(),
        (None, _) => NEVER_SETTLED.to_owned(),
    }
}

/// Whether each operation has one outcome.
pub(in crate::store::memcached) fn each_is_settled_once(outcomes: &[String]) -> bool {
    outcomes.iter().all(|outcome| outcome != SETTLED_TWICE && outcome != NEVER_SETTLED)
}

const SETTLED_TWICE: &str = "settled twice";
const NEVER_SETTLED: &str = "never settled";

fn error_word(error: &StoreError) -> &'static str {
    match error {
        StoreError::Refused(_) => "refused",
        StoreError::Unknown(_) => "unknown",
        StoreError::Down(_) => "down",
    }
}

/// For the fuzzer: a batch of as many loads and one of as many changes as the first byte says,
/// and the rest as the answers, in pieces as long as the second byte says.
#[cfg(fuzzing)]
pub fn answers(bytes: &[u8]) {
    let [operations, size, said @ ..] = bytes else { return };
    let operations = usize::from(*operations % 16);
    let cut: Vec<&[u8]> = said.chunks(usize::from(*size).max(1)).collect();
    // Longer ones do not fit a first buffer, which is all that `hear` fills.
    let whole = &said[..said.len().min(10_000)];
    let same = said.len() == whole.len();
    let runs: [fn(usize, &[&[u8]]) -> Vec<String>; 3] = [loaded, applied, silent];
    for run in runs {
        let outcomes = run(operations, &cut);
        assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
        assert!(!same || outcomes == run(operations, &[whole]), "it matters where answers are cut");
    }
}
