//! Whatever a server answers, each operation of a batch is settled once, nothing panics, and it
//! does not matter where the answers are cut.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| memdict::__private::fuzz_answers(bytes));
