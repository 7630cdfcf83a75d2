//! Updates: one entry, or many, each changed in a transaction of its own.

use std::{collections::HashSet, fmt, mem};

use super::{calls::Dict, entry::Entry};
use crate::{
    conflict::KeyConflict,
    def::DictDef,
    entry_id::EntryId,
    error::{Error, Result},
    key::ToKey,
    report::{CommitReport, FailedWrite},
    session::{
        body::{Body, BodyOfEach},
        core::VerifyFirst,
        drive::{Drive, Outcome},
        entry::state::For,
        source::Source,
    },
    track::Tracked,
};

/// What became of each entry of [`Cache::update_each`](crate::Cache::update_each).
///
/// Each entry is counted or listed once in the [`report`](Self::report), or listed in
/// [`failed`](Self::failed).
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct UpdateReport {
    /// What happened to the entries that did not fail, over all rounds, as in the report of a
    /// commit. It includes lost and refused changes.
    pub report: CommitReport,
    /// The entries that were not changed, each with the reason.
    pub failed: Vec<FailedUpdate>,
    /// How many batches were loaded and committed: 1 if no entry was in conflict.
    pub rounds: u32,
}

/// An entry that was not changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct FailedUpdate {
    /// The entry.
    pub id: EntryId,
    /// What went wrong: the error of the function, a conflict after the last attempt, a key that
    /// cannot be used, or a value that does not encode; in a strict cache or dictionary also a
    /// server that is down or refuses the value.
    pub error: Error,
}

impl fmt::Display for FailedUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.id, self.error)
    }
}

impl UpdateReport {
    /// Returns whether every entry was changed: none failed, was lost or was refused.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.report.lost.is_empty() && self.report.refused.is_empty()
    }

    fn fail(&mut self, id: EntryId, error: Error) {
        self.failed.push(FailedUpdate { id, error });
    }

    fn refuse(&mut self, refused: Vec<FailedWrite>) {
        for refused in refused {
            let id = refused.id.clone();
            let mut report = Box::<CommitReport>::default();
            report.record_refused(refused);
            self.fail(id.clone(), Error::Refused { id, report });
        }
    }
}

impl<D: Drive> Source<D> {
    /// Runs `body` on one entry and commits it, again after a conflict.
    pub(crate) async fn update<T, R, F>(
        &self,
        def: DictDef<T>,
        key: impl ToKey,
        mut body: F,
    ) -> Result<R>
    where
        T: Tracked,
        F: for<'s> Body<Entry<'s, T>, Result<R>>,
    {
        let mut attempts = self.attempts();
        loop {
            let unit = self.unit(VerifyFirst::No);
            let entry = match Dict::new(&unit, def.clone()).entry(&key).later().await {
                Ok(entry) => entry,
                Err(error) => {
                    attempts.again(error).await?;
                    continue;
                }
            };
            let value = body(entry).await?;
            match attempts.commit(unit).await {
                Ok(_) => return Ok(value),
                Err(error) => attempts.again(error).await?,
            }
        }
    }

    /// Runs `body` on each entry. One batch loads them and one batch writes them; only the entries
    /// in conflict run again.
    pub(crate) async fn update_each<T, K, F>(
        &self,
        def: DictDef<T>,
        keys: Vec<K>,
        mut body: F,
    ) -> UpdateReport
    where
        T: Tracked,
        K: ToKey,
        F: for<'k, 's> BodyOfEach<&'k K, Entry<'s, T>, Result<()>>,
    {
        let mut outcome = UpdateReport::default();
        let mut attempts = self.attempts();
        let mut todo: Vec<&K> = keys.iter().collect();
        while !todo.is_empty() {
            outcome.rounds += 1;
            let unit = self.unit(VerifyFirst::No);
            let changed = outcome.change(&Dict::new(&unit, def.clone()), &todo, &mut body).await;
            let asked = todo.len();
            unit.core.leave_out(&outcome.failed.iter().map(|failed| failed.id.clone()).collect());
            let again = match attempts.commit(unit).await {
                Ok(report) => {
                    outcome.report.absorb(report);
                    break;
                }
                Err(error) => outcome.absorb(error, attempts.goes_on(), &changed),
            };
            todo =
                changed.into_iter().filter(|(_, id)| again.has(id)).map(|(key, _)| key).collect();
            match again {
                Again::These(these) if !todo.is_empty() => {
                    attempts.once_more(these.into_iter().collect()).await;
                }
                // Fewer keys run next time, so this ends.
                Again::Without(_) if todo.len() < asked => {}
                Again::These(_) | Again::Without(_) => break,
            }
        }
        outcome
    }
}

/// The entries that run once more.
enum Again {
    /// Only these.
    These(HashSet<EntryId>),
    /// All but these, because of which nothing was sent.
    Without(HashSet<EntryId>),
}

impl Again {
    fn has(&self, id: &EntryId) -> bool {
        match self {
            Self::These(these) => these.contains(id),
            Self::Without(these) => !these.contains(id),
        }
    }
}

impl UpdateReport {
    /// Loads the entries of these keys and lets `body` change each. Returns those for which it
    /// succeeded.
    async fn change<'a, T, K, D, F>(
        &mut self,
        dict: &Dict<'_, T, D>,
        keys: &[&'a K],
        body: &mut F,
    ) -> Vec<(&'a K, EntryId)>
    where
        T: Tracked,
        K: ToKey,
        D: Drive,
        F: for<'k, 's> BodyOfEach<&'k K, Entry<'s, T>, Result<()>>,
    {
        let (mut found, mut slots) = (Vec::with_capacity(keys.len()), Vec::new());
        for &key in keys {
            match dict.slot(key) {
                Ok(slot) => {
                    found.push(key);
                    slots.push(slot);
                }
                Err(error) => self.fail(dict.name_of(key), error),
            }
        }
        // If a server that is down is an error, each of its entries fails with it below.
        let _ = dict.load(&slots, For::Writing).await;
        let mut changed = Vec::with_capacity(found.len());
        for (key, slot) in found.into_iter().zip(slots) {
            let id = slot.name.id.clone();
            let outcome = match dict.entry_in(slot).later().await {
                Ok(entry) => body(key, entry).await,
                Err(error) => Err(error),
            };
            match outcome {
                Ok(()) => changed.push((key, id)),
                Err(error) => self.fail(id, error),
            }
        }
        changed
    }

    /// Records the error of a commit of these entries. Returns what runs once more: no entry in
    /// conflict, if `goes_on` says that there is no further attempt.
    fn absorb<K>(&mut self, error: Error, goes_on: bool, ids: &[(K, EntryId)]) -> Again {
        match error {
            Error::Conflict { conflicts, report, attempts } => {
                self.report.absorb(*report);
                let (again, given_up): (Vec<_>, Vec<_>) = conflicts
                    .into_iter()
                    .partition(|one| goes_on && !one.uncertain && one.cause.is_transient());
                for conflict in given_up {
                    self.fail(conflict.id.clone(), in_conflict(conflict, attempts));
                }
                Again::These(again.into_iter().map(|conflict| conflict.id).collect())
            }
            // The dictionary is strict: a lost or refused change is an error of its entry.
            Error::Unavailable { report: Some(mut report), attempts, .. } => {
                let (lost, refused) = (mem::take(&mut report.lost), mem::take(&mut report.refused));
                self.report.absorb(*report);
                let (again, given_up): (Vec<_>, Vec<_>) =
                    lost.into_iter().partition(|lost| goes_on && !lost.uncertain);
                given_up
                    .into_iter()
                    .for_each(|lost| self.fail(lost.id.clone(), unavailable(lost, attempts)));
                self.refuse(refused);
                Again::These(again.into_iter().map(|lost| lost.id).collect())
            }
            Error::Refused { mut report, .. } => {
                let refused = mem::take(&mut report.refused);
                self.report.absorb(*report);
                self.refuse(refused);
                Again::These(HashSet::new())
            }
            error => match of_one(&error) {
                Some(id) => {
                    self.fail(id.clone(), error);
                    Again::Without(HashSet::from([id]))
                }
                // A hook refused the whole commit.
                None => {
                    let reason = error.to_string();
                    let all: HashSet<_> = ids.iter().map(|(_, id)| id.clone()).collect();
                    all.iter().for_each(|id| self.fail(id.clone(), Error::user(reason.clone())));
                    Again::Without(all)
                }
            },
        }
    }
}

fn in_conflict(conflict: KeyConflict, attempts: u32) -> Error {
    Error::Conflict { conflicts: vec![conflict], attempts, report: Box::default() }
}

fn unavailable(lost: FailedWrite, attempts: u32) -> Error {
    let (id, source) = (lost.id.clone(), lost.reason.clone().into());
    let mut report = Box::<CommitReport>::default();
    report.record_lost(lost);
    Error::Unavailable { id, attempts, report: Some(report), source }
}

/// Returns the entry that keeps a commit from being sent, if there is one.
fn of_one(error: &Error) -> Option<EntryId> {
    match error {
        Error::Encode { id, .. }
        | Error::StillBorrowed { id }
        | Error::Poisoned { id, .. }
        | Error::HiddenChange { id, .. }
        | Error::Unsupported { id, .. } => Some(id.clone()),
        _ => None,
    }
}
