//! The errors of a transfer.

/// The application's own errors, and memdict's, for [`memdict::Cache::try_transaction`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the store has no {0}: it was never stored, or the cache has lost it")]
    Missing(String),
    #[error("{owner} has {has}, not {amount}")]
    Overdraft { owner: String, has: i64, amount: i64 },
    #[error(transparent)]
    Cache(#[from] memdict::Error),
}
