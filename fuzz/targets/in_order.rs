//! Whatever a server answers in the classic dialect, and however its answers are cut, no promise of
//! the reader is broken.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| memdict::harness::in_order(data));
