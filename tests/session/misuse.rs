//! Misuse that does not compile, with messages that a person can read.

#[test]
fn illegal_uses_of_sessions_and_guards_do_not_compile() {
    trybuild::TestCases::new().compile_fail("session/ui/*.rs");
}
