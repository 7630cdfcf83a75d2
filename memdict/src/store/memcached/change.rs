//! Changes on one server.

use memcache::exp::{Delete, MutationResult, MutationStatus, Op, OpResult, Set};

use super::{One, exchange};
use crate::store::{Applied, Change, Condition, StoreError, Token, What, limits, ttl};

/// At most so many changes share an exchange.
const MAX_CHANGES: usize = 1_000;

/// At most so many bytes share an exchange, unless it is one change: the timeout is for all of
/// it.
const MAX_BYTES: usize = 1 << 20;

/// What a request is longer than its key and value, at most.
const REQUEST_FRAME: usize = 96;

/// A version that no value has: what names it finds out whether there is a value.
const NO_VERSION: u64 = 0;

type Out<'o> = dyn FnMut(usize, Result<Applied, StoreError>) + 'o;

/// Makes the changes that `indices` name of `changes`, all of them on one server, in order.
pub(super) fn run(one: &One<'_>, changes: &[Change<'_>], indices: &[usize], out: &mut Out<'_>) {
    let mut chunk = Chunk::default();
    let mut down = None;
    for &index in indices {
        let change = &changes[index];
        let operation = match operation(one, change) {
            Ok(operation) => operation,
            Err(refused) => {
                out(index, Err(refused));
                continue;
            }
        };
        let bytes = change.key.len() + value_length(change) + REQUEST_FRAME;
        if !chunk.takes(one, bytes) {
            chunk.send(one, changes, &mut down, out);
        }
        chunk.push(index, operation, bytes);
    }
    chunk.send(one, changes, &mut down, out);
}

/// Changes that share an exchange.
#[derive(Default)]
struct Chunk {
    indices: Vec<usize>,
    operations: Vec<Op>,
    bytes: usize,
}

impl Chunk {
    fn takes(&self, one: &One<'_>, bytes: usize) -> bool {
        let room = self.indices.len() < MAX_CHANGES && self.bytes + bytes <= MAX_BYTES;
        self.indices.is_empty() || (one.link.facts.batches() && room)
    }

    fn push(&mut self, index: usize, operation: Op, bytes: usize) {
        self.indices.push(index);
        self.operations.push(operation);
        self.bytes += bytes;
    }

    /// Sends what there is, unless the server was `down` before, and begins anew.
    fn send(
        &mut self,
        one: &One<'_>,
        changes: &[Change<'_>],
        down: &mut Option<StoreError>,
        out: &mut Out<'_>,
    ) {
        let Self { indices, operations, .. } = std::mem::take(self);
        if indices.is_empty() {
            return;
        }
        if let Some(error) = down {
            indices.iter().for_each(|&index| out(index, Err(error.clone())));
            return;
        }
        let answers = match exchange::run(&one.link, operations) {
            Ok(answers) => answers,
            Err(error) => {
                let error = exchange::not_taken(one.name, &error);
                indices.iter().for_each(|&index| out(index, Err(error.clone())));
                return;
            }
        };
        let mut failures = exchange::ChangeFailures::of(one.name, &answers);
        let mut failed = false;
        for (&index, answer) in indices.iter().zip(answers) {
            let outcome = match answer {
                Ok(OpResult::Mutation(result)) => applied(one, &changes[index], &result),
                Ok(_) => Err(strange(one)),
                Err(error) => {
                    failed = true;
                    let failure = failures.next(&error);
                    if failure.server_is_down {
                        let text = failure.error.to_string();
                        down.get_or_insert(StoreError::Down(format!("not sent, after: {text}")));
                    }
                    Err(failure.error)
                }
            };
            out(index, outcome);
        }
        if failed {
            one.forget();
        }
    }
}

fn value_length(change: &Change<'_>) -> usize {
    match change.what {
        What::Store { bytes, .. } => bytes.len(),
        What::Delete => 0,
    }
}

/// The operation for a change.
///
/// # Errors
/// The server would refuse it, or worse: memcached deletes the old value when it refuses a new
/// one for its size.
fn operation(one: &One<'_>, change: &Change<'_>) -> Result<Op, StoreError> {
    let expected = match change.when {
        Condition::Matches(token) => Some(version(one, token)?),
        _ => None,
    };
    match change.what {
        What::Store { bytes, ttl } => {
            let owner = format_args!("memcached {}", one.name);
            limits::check_value(one.link.facts.item_size_max, change.key, bytes.len(), &owner)?;
            let mut set = Set::new(change.key, bytes).return_cas();
            if let Some(ttl) = ttl {
                set = set.ttl_raw(ttl::wire(ttl));
            }
            set = match (change.when, expected) {
                (_, Some(version)) => set.compare_cas(version),
                (Condition::Absent, None) => set.add(),
                (_, None) => set,
            };
            Ok(set.into())
        }
        What::Delete => {
            let delete = Delete::new(change.key);
            Ok(match (change.when, expected) {
                (_, Some(version)) => delete.compare_cas(version).into(),
                (Condition::Absent, None) => delete.compare_cas(NO_VERSION).into(),
                (_, None) => delete.into(),
            })
        }
    }
}

/// The version to compare with; none that there is, if the token is not of this server.
fn version(one: &One<'_>, token: Token) -> Result<u64, StoreError> {
    if !one.link.facts.cas_enabled {
        return Err(StoreError::Refused(format!(
            "memcached {} keeps no versions (its option `-C`): a change that depends on one \
             cannot be made",
            one.name
        )));
    }
    let ours = token.server() == one.index && token.life() == 0;
    Ok(if ours { token.cas() } else { NO_VERSION })
}

fn applied(
    one: &One<'_>,
    change: &Change<'_>,
    result: &MutationResult,
) -> Result<Applied, StoreError> {
    match (result.status, change.what, change.when) {
        (MutationStatus::Applied, What::Store { .. }, _) => {
            // Without a version that can be trusted, one that matches nothing.
            let cas = result.cas.unwrap_or(NO_VERSION);
            Ok(Applied::Done(Token::new(one.index, 0, cas)))
        }
        (MutationStatus::Applied, What::Delete, _) => {
            Ok(Applied::Done(Token::new(one.index, 0, NO_VERSION)))
        }
        (MutationStatus::AlreadyExists, ..)
        | (MutationStatus::CasMismatch, What::Delete, Condition::Absent) => Ok(Applied::Exists),
        (MutationStatus::CasMismatch, _, Condition::Matches(_)) => Ok(Applied::Differs),
        (MutationStatus::NotFound, What::Delete, _)
        | (MutationStatus::NotFound, _, Condition::Matches(_)) => Ok(Applied::Gone),
        _ => Err(strange(one)),
    }
}

fn strange(one: &One<'_>) -> StoreError {
    StoreError::Unknown(format!("memcached {}: the answer does not belong to the change", one.name))
}
