//! Servers that come and go: those of clusters whose endpoint tells them, as in ElastiCache and
//! Memorystore, and the addresses of a name.
//!
//! `store` is what an application opens. `source` knows who tells the servers, each of them `named`. `ask` asks an endpoint, over a `line`, or
//! the name service, and `answer` reads what an endpoint says. `list`
//! keeps the servers that are known, and knows when to ask again. `pinned` is what one session uses:
//! the servers that were known when it began, until it ends. `tasks` is the same for tasks.

mod answer;
mod ask;
mod line;
mod list;
mod named;
mod pinned;
mod source;
pub(crate) mod store;
#[cfg(feature = "tokio")]
mod tasks;
