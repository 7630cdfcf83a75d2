//! Whatever names and keys a program has, no two meet, and all are safe on the wire and in the log.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| memdict::harness::names(data));
