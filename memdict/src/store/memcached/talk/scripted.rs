//! Conversations with a scripted server, for tests and for the fuzzer.

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

/// Runs `work` against a server that has already sent all of `parts` and then closed the
/// connection.
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

/// Returns the outcomes of this many loads.
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

/// Returns the outcomes of this many changes, which cycle through each kind.
pub(in crate::store::memcached) fn applied(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    made(operations, |change| change, parts)
}

/// Returns the outcomes of this many quiet changes, whose success is not answered.
pub(in crate::store::memcached) fn silent(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    made(operations, Change::quiet, parts)
}

/// Runs a batch of at least ten changes, enough for silence, of which the server gets `operations`.
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
    hear(&mut Changes { changes: &changes, out: &mut out, sending: None }, operations, parts);
    outcomes.into_iter().map(once).collect()
}

/// Returns the outcome of an operation, or a word for none or several.
fn once(mut outcomes: Vec<String>) -> String {
    match (outcomes.pop(), outcomes.len()) {
        (Some(outcome), 0) => outcome,
        (Some(_), _) => SETTLED_TWICE.to_owned(),
        (None, _) => NEVER_SETTLED.to_owned(),
    }
}

/// Returns whether each operation has exactly one outcome.
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

/// Feeds the fuzzer's input to batches of loads and of changes. The first byte is the number of
/// operations, the second the length of the pieces in which the rest arrives as answers.
#[cfg(fuzzing)]
pub fn answers(bytes: &[u8]) {
    let [operations, size, said @ ..] = bytes else { return };
    let operations = usize::from(*operations % 16);
    let cut: Vec<&[u8]> = said.chunks(usize::from(*size).max(1)).collect();
    // `hear` fills only the first buffer, which longer answers do not fit into.
    let whole = &said[..said.len().min(10_000)];
    let same = said.len() == whole.len();
    let runs: [fn(usize, &[&[u8]]) -> Vec<String>; 3] = [loaded, applied, silent];
    for run in runs {
        let outcomes = run(operations, &cut);
        assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
        assert!(!same || outcomes == run(operations, &[whole]), "cuts change the outcome");
    }
}
