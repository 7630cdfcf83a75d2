//! Whatever a server answers, and however its answers are cut, each operation of a batch is settled
//! once and nothing panics.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| memdict::__private::fuzz_answers(bytes));
