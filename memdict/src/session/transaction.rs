//! Work that runs in a session of its own, and again in another after a conflict.

use super::{commit::run::Explain, core::VerifyFirst, drive::Drive, source::Source, unit::Unit};
use crate::{
    error::{Error, Result},
    random,
    report::CommitReport,
};

/// The work of a transaction: an async closure, or any function that returns a future.
///
/// The future has a name here, which a bound can say to be `Send`. So the future of a transaction
/// is `Send` exactly if that of its work is, for whatever lifetime it borrows the session.
pub(crate) trait Body<S, R>: FnMut(S) -> <Self as Body<S, R>>::Fut {
    type Fut: Future<Output = R>;
}

impl<F, S, R, Fut> Body<S, R> for F
where
    F: FnMut(S) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// A session as the work of a transaction sees it.
pub(crate) trait Face<D>: From<Unit<D>> + Into<Unit<D>> {}

impl<D, S: From<Unit<D>> + Into<Unit<D>>> Face<D> for S {}

impl<D: Drive> Source<D> {
    /// Runs `body` in a fresh session and commits it, again as often as [`Retry`](super::retry::Retry)
    /// says.
    pub(crate) async fn transaction<S, R, E, F>(&self, mut body: F) -> Result<(R, CommitReport), E>
    where
        S: Face<D>,
        E: From<Error>,
        F: for<'s> Body<&'s mut S, Result<R, E>>,
    {
        let mut attempt = 1;
        loop {
            let mut session = S::from(self.unit(VerifyFirst::IfSeveral));
            let value = body(&mut session).await?;
            let goes_on = self.retry.goes_on(attempt);
            let explain = if goes_on { Explain::UnlessTransient } else { Explain::Always };
            let error = match session.into().commit(explain).await {
                Ok(report) => return Ok((value, report)),
                Err(error) => error,
            };
            match self.retry.pause(attempt, &error, random::bits()) {
                Some(pause) => self.driver.pause(pause).await,
                None => return Err(error.in_attempt(attempt).into()),
            }
            self.settings.counting.retries.add(1);
            attempt += 1;
        }
    }
}
