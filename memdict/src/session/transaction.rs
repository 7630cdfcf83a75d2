//! Runs work in a session of its own, and again in another session after a conflict.

use std::{mem, time::Duration};

use super::{
    body::Body, commit::run::Explain, core::VerifyFirst, drive::Drive, source::Source, turns::Turn,
    unit::Unit,
};
use crate::{
    entry_id::EntryId,
    error::{Error, Result},
    random,
    report::CommitReport,
};

/// A session as the work of a transaction sees it.
pub(crate) trait Face<D>: From<Unit<D>> + Into<Unit<D>> {}

impl<D, S: From<Unit<D>> + Into<Unit<D>>> Face<D> for S {}

/// What is known about errors that the work returns.
pub(crate) struct OfBody<E> {
    /// Returns whether the error is transient, after a strict read that found the store down.
    is_transient: fn(&E) -> bool,
    in_attempt: fn(E, u32) -> E,
}

impl OfBody<Error> {
    /// For memdict's own errors, which tell whether they are transient.
    pub(crate) const OWN: Self =
        Self { is_transient: Error::is_transient, in_attempt: Error::in_attempt };
}

impl<E> OfBody<E> {
    /// For an application's errors. They may contain memdict's, but that is not visible here.
    pub(crate) const ANY: Self = Self { is_transient: |_| true, in_attempt: |error, _| error };
}

/// The attempts at some work, counted from 1.
pub(crate) struct Attempts<'a, D> {
    source: &'a Source<D>,
    number: u32,
    /// The turn of the entries that were in conflict.
    turn: Turn,
}

impl<D: Drive> Attempts<'_, D> {
    pub(crate) fn goes_on(&self) -> bool {
        self.source.retry.goes_on(self.number)
    }

    /// Commits an attempt. Its turn ends with the commit.
    pub(crate) async fn commit(&mut self, unit: Unit<D>) -> Result<CommitReport> {
        let explain = if self.goes_on() { Explain::UnlessTransient } else { Explain::Always };
        let turn = mem::replace(&mut self.turn, Turn::none(&self.source.turns));
        unit.commit(explain, Some((turn, self.source.retry.longest_pause()))).await
    }

    /// Starts another attempt after a commit failed, if that may help.
    ///
    /// # Errors
    ///
    /// Returns `error` if another attempt cannot help, or if there is none left.
    pub(crate) async fn again(&mut self, error: Error) -> Result<()> {
        match self.source.retry.pause(self.number, &error, random::bits()) {
            Some(pause) => self.next(pause, error.ids_in_conflict()).await,
            None => return Err(error.in_attempt(self.number)),
        }
        Ok(())
    }

    /// Starts another attempt after the work failed, if a strict read of it found the store down.
    /// Nothing was sent then.
    async fn again_after<E>(&mut self, unit: Unit<D>, error: E, of: &OfBody<E>) -> Result<(), E> {
        let outage = unit.core.has_failed_to_read() && (of.is_transient)(&error);
        drop(unit);
        if !outage {
            return Err(error);
        }
        match self.source.retry.pause_after(self.number, random::bits()) {
            Some(pause) => self.next(pause, Vec::new()).await,
            None => return Err((of.in_attempt)(error, self.number)),
        }
        Ok(())
    }

    /// Starts another attempt at these entries.
    pub(crate) async fn once_more(&mut self, in_conflict: Vec<EntryId>) {
        if let Some(pause) = self.source.retry.pause_after(self.number, random::bits()) {
            self.next(pause, in_conflict).await;
        }
    }

    async fn next(&mut self, pause: Duration, in_conflict: Vec<EntryId>) {
        let Source { driver, settings, retry, turns, .. } = self.source;
        // Other work may go first during the pause.
        self.turn = Turn::none(turns);
        driver.pause(pause).await;
        settings.counting.retried(&in_conflict);
        self.turn.take(driver, retry.longest_pause(), in_conflict).await;
        self.number += 1;
    }
}

impl<D: Drive> Source<D> {
    pub(crate) fn attempts(&self) -> Attempts<'_, D> {
        Attempts { source: self, number: 1, turn: Turn::none(&self.turns) }
    }

    /// Runs `body` in a fresh session and commits it, again as often as
    /// [`Retry`](super::retry::Retry) says.
    pub(crate) async fn transaction<S, R, E, F>(
        &self,
        of_body: OfBody<E>,
        mut body: F,
    ) -> Result<(R, CommitReport), E>
    where
        S: Face<D>,
        E: From<Error>,
        F: for<'s> Body<&'s mut S, Result<R, E>>,
    {
        let mut attempts = self.attempts();
        loop {
            let mut session = S::from(self.unit(VerifyFirst::IfSeveral));
            match body(&mut session).await {
                Ok(value) => match attempts.commit(session.into()).await {
                    Ok(report) => return Ok((value, report)),
                    Err(error) => attempts.again(error).await?,
                },
                Err(error) => attempts.again_after(session.into(), error, &of_body).await?,
            }
        }
    }
}
