//! The promises of sessions, checked with everything that can go wrong.

mod cancellation;
mod compressed;
mod dying;
mod fetch;
mod hidden;
mod model;
mod outages;
mod processes;
mod suite;
mod threads;
mod unversioned;
mod usage;
