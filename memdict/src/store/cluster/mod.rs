//! Servers that come and go: those of clusters whose endpoint tells them, as in ElastiCache and
//! Memorystore, and the addresses of a name.
//!
//! `store` is what an application opens. `source` knows who tells the servers. `ask` asks an endpoint or
//! the name service, and `answer` reads what an endpoint says. `list`
//! keeps the servers that are known, and knows when to ask again. `pinned` is what one session uses:
//! the servers that were known when it began, until it ends. `tasks` is the same for tasks.

mod answer;
mod ask;
mod list;
mod pinned;
mod source;
pub(crate) mod store;
#[cfg(feature = "tokio")]
mod tasks;
