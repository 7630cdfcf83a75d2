//! Whatever a server answers, and however its answers are cut, no promise of the reader is broken.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| memdict::harness::answers(data));
