//! What a process does to its connections: it forks, it runs out of descriptors, it ends by a signal.
//! Each test forks really.

mod descriptors;
mod forks;
mod sigpipe;
