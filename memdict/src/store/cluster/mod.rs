//! Clusters whose servers an endpoint tells, such as those of ElastiCache and Memorystore.
//!
//! `store` is what an application opens. `ask` asks an endpoint, and `answer` reads what it says. `list`
//! keeps the servers that are known, and knows when to ask again. `pinned` is what one session uses:
//! the servers that were known when it began, until it ends. `tasks` is the same for tasks.

mod answer;
mod ask;
mod list;
mod pinned;
pub(crate) mod store;
#[cfg(feature = "tokio")]
mod tasks;
