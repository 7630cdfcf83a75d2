//! Each mistake is told in one message, at its place, with the way out. The messages are those
//! of the pinned toolchain.

#[test]
fn mistakes_are_told_in_one_message() {
    trybuild::TestCases::new().compile_fail("derive/ui/*/*.rs");
}
