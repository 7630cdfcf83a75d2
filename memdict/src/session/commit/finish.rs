//! What is said of a commit in the end.

use super::{
    plan::{Plan, Strictly},
    settle::Answers,
};
use crate::{
    error::{Error, Result},
    report::CommitReport,
    session::entry::seen::Look,
    store::operation::{Load, StoreError},
};

impl Plan<'_> {
    /// Returns whether this ends in a conflict of which nothing landed, nor may have.
    pub(crate) fn is_clean_conflict(&self) -> bool {
        !self.conflicts.is_empty() && !self.report.anything_landed()
    }

    /// Returns the loads that tell who changed what, of conflicts of which that is not known yet.
    pub(crate) fn unexplained(&self) -> Vec<Load<'_>> {
        let unexplained = self.conflicts.iter().filter(|clash| !clash.is_explained());
        unexplained.map(|clash| Load::new(clash.entry.name().wire())).collect()
    }

    /// Takes the answers to [`Plan::unexplained`], of as many.
    pub(crate) fn explain(&mut self, answers: Answers<Result<Look, StoreError>>) {
        let unexplained = self.conflicts.iter_mut().filter(|clash| !clash.is_explained());
        for (clash, look) in unexplained.zip(answers.into_iter()) {
            if let Some(Ok(look)) = look {
                clash.explain(look);
            }
        }
    }

    /// Says what became of it all, once nothing is left to send. `told`: somebody reads who
    /// changed what.
    pub(crate) fn finish(self, told: bool) -> Result<CommitReport> {
        let report = self.report;
        if !self.conflicts.is_empty() {
            let conflicts =
                self.conflicts.into_iter().map(|clash| clash.into_public(told)).collect();
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
