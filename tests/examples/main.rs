//! The examples, run as processes on the embedded store and on memcached, and what they take for
//! a line of a log. One test program, so that cargo builds the examples for it once.

mod bank;
mod counters;
mod howto;
mod lines;
mod log;
mod run;
mod savepoints;
mod visitors;
mod visitors_memcached;
mod zodb;
