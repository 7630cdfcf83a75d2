//! `fetch`, with time, tasks and processes.

mod lifetimes;
mod order;
mod stampede;
mod tasks;
