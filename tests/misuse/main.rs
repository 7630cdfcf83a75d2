//! Programs that must not compile, and what the compiler says of them: each mistake is told in one
//! message, at its place, with the way out. The messages are those of the pinned toolchain.
//!
//! A package of its own, because each program is compiled against all that the package depends on.

#[test]
fn mistakes_are_told_in_one_message() {
    trybuild::TestCases::new().compile_fail("derive/ui/*/*.rs");
}

#[test]
fn illegal_uses_of_sessions_and_guards_do_not_compile() {
    trybuild::TestCases::new().compile_fail("session/ui/*.rs");
}
