//! Whatever the bytes of a stored value are, decoding them ends within its limits, and what decodes
//! is encoded and decodes again as the same value.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| memdict::harness::codec(bytes));
