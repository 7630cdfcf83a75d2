//! The body of every call of a counter, written once for all drivers.

use std::fmt;

use super::definition::CounterDef;
use crate::{
    entry_id::EntryId,
    error::{Error, Result},
    key::{ToKey, name::Name},
    report::{CommitReport, FailedWrite},
    session::{drive::Drive, source::Source},
    store::operation::{Applied, By, Change, Condition, Load, Loaded, Op, Reason, StoreError},
};

/// A counter of a cache.
pub(crate) struct Calls<'c, D> {
    source: &'c Source<D>,
    def: CounterDef,
}

impl<'c, D: Drive> Calls<'c, D> {
    pub(crate) fn new(source: &'c Source<D>, def: CounterDef) -> Self {
        Self { source, def }
    }

    fn number(&self, key: &impl ToKey) -> Result<Name> {
        self.def.number(&self.source.settings.namespace, key)
    }

    pub(super) async fn add(&self, key: impl ToKey, amount: u64) -> Result<u64> {
        let number = self.number(&key);
        self.count(number, By::Adding(amount)).await
    }

    pub(super) async fn subtract(&self, key: impl ToKey, amount: u64) -> Result<u64> {
        let number = self.number(&key);
        self.count(number, By::Subtracting(amount)).await
    }

    async fn count(&self, number: Result<Name>, by: By) -> Result<u64> {
        let number = number?;
        if !self.source.driver.caps().counts() {
            return Err(Error::Unsupported { id: number.id, missing: COUNT });
        }
        match self.apply(&number, Op::Count(self.def.count(by))).await? {
            Applied::Counted(counted) => Ok(counted),
            _ => Err(unavailable(number.id, odd())),
        }
    }

    pub(super) async fn set(&self, key: impl ToKey, number: u64) -> Result<()> {
        let name = self.number(&key);
        let (name, digits) = (name?, number.to_string());
        let op = Op::Store { bytes: digits.as_bytes(), expiry: self.def.expiry() };
        match self.apply(&name, op).await? {
            Applied::Stored => Ok(()),
            _ => Err(unavailable(name.id, odd())),
        }
    }

    async fn apply(&self, number: &Name, op: Op<'_>) -> Result<Applied> {
        let change = [Change::new(number.wire(), op, Condition::Always)];
        let mut outcome = None;
        let begun = D::Begun::default();
        let mut take = |_, answer| outcome = Some(answer);
        self.source.driver.apply_many(&change, &mut take, &begun).await;
        match outcome {
            Some(Ok(applied)) => Ok(applied),
            Some(Err(StoreError::Refused(reason))) => Err(refused(number.id.clone(), &reason)),
            Some(Err(error)) => Err(unavailable(number.id.clone(), error)),
            None => Err(unavailable(number.id.clone(), StoreError::Unknown("no answer".into()))),
        }
    }

    pub(super) async fn get(&self, key: impl ToKey) -> Result<Option<u64>> {
        let number = self.number(&key);
        let read = self.read(vec![number?]).await?;
        Ok(read.into_iter().next().flatten())
    }

    pub(super) async fn get_many<K: ToKey>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Vec<Option<u64>>> {
        let numbers = keys.into_iter().map(|key| self.number(&key)).collect::<Result<Vec<_>>>();
        self.read(numbers?).await
    }

    async fn read(&self, numbers: Vec<Name>) -> Result<Vec<Option<u64>>> {
        let loads: Vec<_> = numbers.iter().map(|number| Load::new(number.wire())).collect();
        let mut answers: Vec<Option<Result<Option<u64>, StoreError>>> = vec![None; loads.len()];
        let mut take = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
            if let Some(answer) = answers.get_mut(index) {
                *answer = Some(loaded.map(|loaded| match loaded {
                    Loaded::Hit { bytes, .. } => digits(bytes),
                    Loaded::Miss | Loaded::Leased { .. } => None,
                }));
            }
        };
        self.source.driver.load_many(&loads, &mut take).await;
        let read = numbers.into_iter().zip(answers).map(|(number, answer)| match answer {
            Some(Ok(read)) => Ok(read),
            Some(Err(error)) => Err(unavailable(number.id, error)),
            None => Err(unavailable(number.id, StoreError::Down("no answer".into()))),
        });
        read.collect()
    }
}

/// Shows the definition of the counter.
impl<D> fmt::Debug for Calls<'_, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").field("def", &self.def).finish_non_exhaustive()
    }
}

/// What a store without the ability is asked to do.
pub(super) const COUNT: &str = "count";

/// Reads a number. Spaces fill one up that has become shorter.
fn digits(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value.trim_ascii_end()).ok()?.parse().ok()
}

fn odd() -> StoreError {
    StoreError::Unknown("the store gave an answer that does not belong to the count".into())
}

fn unavailable(id: EntryId, error: StoreError) -> Error {
    Error::Unavailable { id, attempts: 1, report: None, source: Box::new(error) }
}

fn refused(id: EntryId, reason: &Reason) -> Error {
    let mut report = Box::<CommitReport>::default();
    let server = reason.server().map(Into::into);
    let (failed, uncertain) = (id.clone(), false);
    report.record_refused(FailedWrite {
        id: failed,
        reason: reason.to_string(),
        server,
        uncertain,
    });
    Error::Refused { id, report }
}
