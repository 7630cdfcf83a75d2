//! Counts what a commit did, for each dictionary.

use std::{sync::Arc, time::Duration};

use super::plan::Plan;
use crate::{
    counters::{CacheCounting, Counters},
    entry_id::EntryId,
    error::{Error, Result},
    export::Operation,
    report::{CommitReport, How},
    session::entry::identity::Identity,
};

/// The counts of a commit. It has few dictionaries, and their entries often follow each other.
#[derive(Debug, Default)]
pub(super) struct Tally {
    by_dict: Vec<(Arc<str>, Counters)>,
    last: usize,
}

impl Tally {
    /// Returns the counts of the dictionary that the entry is in.
    pub(super) fn of(&mut self, id: &EntryId) -> &mut Counters {
        let is_it = |(dict, _): &(Arc<str>, Counters)| Arc::ptr_eq(dict, &id.dict);
        if !self.by_dict.get(self.last).is_some_and(is_it) {
            let found = self.by_dict.iter().position(|(dict, _)| *dict == id.dict);
            self.last = found.unwrap_or_else(|| {
                self.by_dict.push((Arc::clone(&id.dict), Counters::default()));
                self.by_dict.len() - 1
            });
        }
        &mut self.by_dict[self.last].1
    }

    /// Counts what is sent now.
    pub(super) fn sends(&mut self, plan: &Plan<'_>) {
        for (id, bytes) in plan.sizes() {
            self.of(id).bytes_out += bytes as u64;
        }
    }

    /// Returns whether anything was sent or found.
    pub(super) fn has_any(&self) -> bool {
        !self.by_dict.is_empty()
    }

    /// Adds up what became of a commit, if it ended with a report.
    pub(super) fn end(
        mut self,
        outcome: &Result<CommitReport>,
        took: Option<Duration>,
        identity: &Identity,
        counting: &CacheCounting,
    ) {
        let error = outcome.as_ref().err();
        let Some(report) = outcome.as_ref().map_or_else(Error::report, Some) else { return };
        if let Some(Error::Conflict { conflicts, .. }) = error {
            conflicts.iter().for_each(|conflict| self.of(&conflict.id).conflicts += 1);
        }
        self.add(report);
        let once = Counters { commits: 1, ..Counters::default() };
        counting.whole.add(&once);
        let mut only = None;
        for (dict, counted) in &self.by_dict {
            let Some(of_dict) = identity.counting(dict) else { continue };
            of_dict.add(&Counters { commits: 1, ..*counted });
            if let Some(took) = took {
                of_dict.took(Operation::Commit, took);
            }
            only = Some(of_dict);
        }
        if let Some(took) = took {
            counting.whole.took(Operation::Commit, took);
            let only = only.filter(|_| self.by_dict.len() == 1);
            only.as_deref().unwrap_or(&counting.whole).export(
                Operation::Commit,
                took,
                error.map(Error::kind),
            );
        }
    }

    fn add(&mut self, report: &CommitReport) {
        for (id, how) in report.done() {
            let counted = self.of(id);
            match how {
                How::Written => counted.written += 1,
                How::Recreated => {
                    counted.written += 1;
                    counted.recreated += 1;
                }
                How::Unchanged => counted.unchanged += 1,
                How::Removed => counted.removed += 1,
                How::Touched => counted.touched += 1,
                How::Invalidated => counted.invalidated += 1,
            }
        }
        report.merges().for_each(|merged| self.of(&merged.id).merged += 1);
        report.lost.iter().for_each(|lost| self.of(&lost.id).lost += 1);
        report.refused.iter().for_each(|refused| self.of(&refused.id).refused += 1);
        report.replaced.iter().for_each(|replaced| self.of(&replaced.id).replaced += 1);
    }
}
