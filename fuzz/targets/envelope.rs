//! Whatever bytes are stored, they have at most one reading, under one name.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| memdict::harness::envelope(data));
