//! Whatever a URL is, it is accepted, or is an error that shows no password.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| memdict::harness::url(data));
