//! Why a transfer is not made.

/// The application's own reasons, and memdict's: what [`memdict::Cache::try_transaction`] takes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the store has no {0}: it was never there, or is lost, as may happen in a cache")]
    Missing(String),
    #[error("{owner} has {has}, not {amount}")]
    Overdraft { owner: String, has: i64, amount: i64 },
    #[error(transparent)]
    Cache(#[from] memdict::Error),
}
