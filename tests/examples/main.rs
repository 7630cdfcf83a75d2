//! The examples, run as processes on the embedded store and on memcached, and the parser of the
//! `visitors` example. This is one test program, so that cargo builds the examples for it once.

mod async_service;
mod bank;
mod counters;
mod fetch;
mod howto;
mod limiter;
mod lines;
mod log;
mod peek;
mod run;
mod savepoints;
mod visitors;
mod visitors_memcached;
mod zodb;
