//! Programs that must not compile, and the errors that the compiler reports for them: each is at
//! its place and says what to do. The texts are those of the pinned compiler.
//!
//! This is a package of its own, because each program is compiled against everything that the
//! package depends on.

use std::{fs, path::Path};

#[test]
fn mistakes_are_told_at_their_place() {
    trybuild::TestCases::new().compile_fail("derive/ui/*/*.rs");
}

/// A file says `// mistakes: 2` if it has more than one, and `// other errors: 6` if there are some
/// that the derive cannot prevent.
#[test]
fn each_mistake_is_one_error() {
    let mut seen = 0;
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("derive/ui");
    for folder in fs::read_dir(ui).unwrap() {
        for file in fs::read_dir(folder.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            let number = |word: &str| {
                let line = source.lines().find_map(|line| line.strip_prefix(word))?;
                line.split(',').next()?.trim().parse::<usize>().ok()
            };
            let expected =
                number("// mistakes:").unwrap_or(1) + number("// other errors:").unwrap_or(0);
            let errors = fs::read_to_string(path.with_extension("stderr")).unwrap();
            let told = errors.lines().filter(|line| line.starts_with("error")).count();
            assert_eq!(told, expected, "{}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 50);
}

#[test]
fn illegal_uses_of_sessions_and_guards_do_not_compile() {
    trybuild::TestCases::new().compile_fail("session/ui/*.rs");
}
