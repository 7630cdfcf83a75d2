//! Turns what became of a commit into a report or an error.

use super::{
    conflict::Clash,
    plan::{Plan, Strictly},
    settle::Answers,
};
use crate::{
    error::{Error, Result},
    report::CommitReport,
    session::entry::{any_slot::AnySlot, seen::Look},
    store::operation::StoreError,
};

impl<'e> Plan<'e> {
    /// Returns whether the commit ends in a conflict, and certainly nothing of it was written.
    pub(crate) fn is_clean_conflict(&self) -> bool {
        !self.conflicts.is_empty() && !self.report.anything_landed()
    }

    /// Returns whether the commit ends in a conflict that another attempt may mend.
    pub(crate) fn is_transient_conflict(&self) -> bool {
        let transient = |clash: &Clash<'_>| clash.disagreement.cause.is_transient();
        self.is_clean_conflict() && self.conflicts.iter().all(transient)
    }

    /// Returns the entries at which a look tells who changed what, for the conflicts in which that
    /// is not known yet.
    pub(crate) fn unexplained(&self) -> Vec<&'e dyn AnySlot> {
        let unexplained = self.conflicts.iter().filter(|clash| !clash.is_explained());
        unexplained.map(|clash| clash.entry).collect()
    }

    /// Takes the answers to [`Plan::unexplained`], one for each load.
    pub(crate) fn explain(&mut self, answers: Answers<Result<Look, StoreError>>) {
        let secrets = self.secrets;
        let unexplained = self.conflicts.iter_mut().filter(|clash| !clash.is_explained());
        for (clash, look) in unexplained.zip(answers.into_iter()) {
            if let Some(Ok(look)) = look {
                clash.explain(look, secrets);
            }
        }
    }

    /// Returns the outcome, once nothing is left to send. `told`: the application reads who changed
    /// what.
    pub(crate) fn finish(self, told: bool) -> Result<CommitReport> {
        let report = self.report;
        if !self.conflicts.is_empty() {
            let conflicts = self
                .conflicts
                .into_iter()
                .map(|clash| clash.into_public(told, self.secrets))
                .collect();
            return Err(Error::Conflict { conflicts, attempts: 1, report: Box::new(report) });
        }
        match self.strictly {
            None => Ok(report),
            Some(Strictly::Lost(entry, reason)) => Err(Error::Unavailable {
                id: entry.id().clone(),
                source: reason.to_string().into(),
                attempts: 1,
                report: Some(Box::new(report)),
            }),
            Some(Strictly::Refused(entry)) => {
                Err(Error::Refused { id: entry.id().clone(), report: Box::new(report) })
            }
        }
    }
}
