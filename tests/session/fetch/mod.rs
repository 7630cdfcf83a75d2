//! `fetch`, with time, tasks and processes.

mod lifetimes;
mod stampede;
mod tasks;
