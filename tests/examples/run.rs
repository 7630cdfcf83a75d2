//! The examples as a user runs them: built by cargo, started as processes.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
};

use memdict_tests::Memcached;
use serde_json::Value;

/// The root of the repository.
pub(crate) fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests are a folder of it")
}

/// An example to be started, of whose surroundings nothing but the arguments counts.
pub(crate) fn example(name: &str) -> Command {
    let mut command = Command::new(executable(name));
    command.env_remove("MEMDICT_URL").env_remove("RUST_BACKTRACE").stdin(Stdio::null());
    command
}

/// An example on this memcached.
pub(crate) fn example_on(server: &Memcached, name: &str) -> Command {
    let mut command = example(name);
    command.env("MEMDICT_URL", format!("memcache://{}", server.address()));
    command
}

/// Runs an example on a server that is down, which has to be an error and no panic: what it says,
/// and the address.
pub(crate) fn without_its_server(name: &str) -> (String, String) {
    let mut server = Memcached::start();
    server.kill();
    let ran = Ran::of(&mut example_on(&server, name));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    (ran.err, server.address())
}

/// Built once: they are in another package, so cargo may not have done it yet. Of the whole
/// workspace, as `cargo test --workspace` builds them: alone they would have other features, and
/// so all that they depend on would be built again.
fn executable(name: &str) -> PathBuf {
    static BUILT: OnceLock<Vec<PathBuf>> = OnceLock::new();
    let all = BUILT.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--workspace", "--examples"]);
        cargo.args(["--message-format=json"]).current_dir(root());
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let output = cargo.output().expect("cargo runs");
        assert!(output.status.success(), "the examples do not build: {}", text(&output.stderr));
        let messages = text(&output.stdout);
        messages
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
            .collect()
    });
    let of_that_name = |path: &&PathBuf| path.file_stem().is_some_and(|stem| stem == name);
    all.iter().find(of_that_name).unwrap_or_else(|| panic!("no example {name}")).clone()
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        command.output().expect("the example runs").into()
    }

    /// With this as its standard input.
    pub(crate) fn fed(command: &mut Command, input: &[u8]) -> Self {
        let mut child = start(command.stdin(Stdio::piped()));
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        stdin.write_all(input).expect("the example reads its input");
        drop(stdin);
        Self::end(child)
    }

    pub(crate) fn end(child: Child) -> Self {
        child.wait_with_output().expect("the example ends").into()
    }

    /// What it wrote on standard output; it must have succeeded.
    pub(crate) fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{self:?}");
        &self.out
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// Starts it; what it writes is kept for [`Ran::end`].
pub(crate) fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the example starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
