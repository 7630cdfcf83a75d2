//! What sessions promise, and that it is true whatever goes wrong.

mod hidden;
mod model;
mod processes;
mod suite;
mod threads;
mod usage;
