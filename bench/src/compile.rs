//! Measures what `Tracked` adds to the time to compile a crate, compared with serde's two derives:
//! the same 100 structs with 10 fields each are compiled without derives, with serde's, and with
//! `Tracked` too.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::{Duration, Instant},
};

use crate::{Outcome, samples::Samples};

const STRUCTS: usize = 100;

/// The three crates, each with its name and its derives.
const VERSIONS: [(&str, &str); 3] = [
    ("plain", ""),
    ("serde", "#[derive(serde::Serialize, serde::Deserialize)]\n"),
    ("tracked", "#[derive(serde::Serialize, serde::Deserialize, memdict::Tracked)]\n"),
];

/// Writes the crates, compiles each of them `runs` times, and prints the table.
pub(crate) fn run(runs: usize) -> Outcome<()> {
    let place = write_crates()?;
    for (name, _) in VERSIONS {
        cargo(&place, "check", name)?;
        cargo(&place, "build", name)?;
    }
    println!("{STRUCTS} structs with 10 fields each, {runs} runs in turn; seconds\n");
    println!(
        "| | plain | with serde | with serde and `Tracked` | serde adds | `Tracked` adds | ratio |"
    );
    println!("|---|---|---|---|---|---|---|");
    for command in ["check", "build"] {
        let mut times: [Vec<Duration>; 3] = Default::default();
        for run in 0..runs {
            for ((name, derives), times) in VERSIONS.into_iter().zip(&mut times) {
                // The same code under another comment, so that it has to be compiled again.
                let code = format!("// Run {run} of {command}.\n{}", code(derives));
                fs::write(place.join(name).join("src/lib.rs"), code)?;
                let start = Instant::now();
                cargo(&place, command, name)?;
                times.push(start.elapsed());
            }
        }
        let [plain, serde, tracked] = &times;
        let adds = [Samples::difference(serde, plain), Samples::difference(tracked, serde)];
        let ratio = adds[1].median() / adds[0].median();
        print!("| `cargo {command}` |");
        for samples in times.iter().map(|times| Samples::of(times)).chain(adds) {
            print!(" {samples} |");
        }
        println!(" {ratio:.2} |");
    }
    let mut lines = [0; 3];
    for ((name, _), lines) in VERSIONS.into_iter().zip(&mut lines) {
        *lines = expanded_lines(&place, name)?;
    }
    let [plain, serde, tracked] = lines;
    let (by_serde, by_tracked) = (serde - plain, tracked - serde);
    let ratio = by_tracked as f64 / by_serde as f64;
    println!(
        "| lines, expanded | {plain} | {serde} | {tracked} | {by_serde} | {by_tracked} | {ratio:.2} |"
    );
    Ok(())
}

/// Writes a workspace of the three crates into the target directory, with this workspace's
/// versions.
fn write_crates() -> Outcome<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize()?;
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(target) => PathBuf::from(target),
        None => repository.join("target"),
    };
    let place = target.join("bench-compile");
    let memdict = repository.join("memdict");
    fs::create_dir_all(&place)?;
    fs::copy(repository.join("Cargo.lock"), place.join("Cargo.lock"))?;
    let members = VERSIONS.map(|(name, _)| name);
    fs::write(
        place.join("Cargo.toml"),
        format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n"),
    )?;
    for (name, derives) in VERSIONS {
        let source = place.join(name).join("src");
        fs::create_dir_all(&source)?;
        // The crates have the same dependencies and differ only in their derives.
        let manifest = format!(
            "[package]\nname = \"bench-{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n\
             [dependencies]\nmemdict = {{ path = {memdict:?} }}\n\
             serde = {{ version = \"1\", features = [\"derive\"] }}\n"
        );
        fs::write(place.join(name).join("Cargo.toml"), manifest)?;
        fs::write(source.join("lib.rs"), code(derives))?;
    }
    Ok(place)
}

/// Returns the structs, with numbers, text, containers, and one of them in another.
fn code(derives: &str) -> String {
    let mut code = String::from("use std::collections::BTreeMap;\n");
    for number in 0..STRUCTS {
        let inner = match number % 10 {
            0 => "Option<u128>".to_owned(),
            _ => format!("Record{}", number / 10 * 10),
        };
        // Writing to a `String` does not fail.
        let _ = write!(
            code,
            "\n{derives}pub struct Record{number} {{\n    pub id: u64,\n    pub name: String,\n    \
             pub note: Option<String>,\n    pub tags: Vec<String>,\n    pub active: bool,\n    \
             pub ratio: f64,\n    pub count: i32,\n    pub place: (u8, u16),\n    \
             pub by_name: BTreeMap<String, u64>,\n    pub inner: {inner},\n}}\n"
        );
    }
    code
}

fn cargo(place: &Path, command: &str, name: &str) -> Outcome<()> {
    let args = [command, "--quiet", "--offline", "--package", &format!("bench-{name}")];
    output(cargo_in(place, "target", &args))?;
    Ok(())
}

/// Returns how many lines the crate has after its derives are expanded, as printed by the compiler.
/// That it prints them is unstable, and allowed here for this one count. It uses a target directory
/// of its own, because dependencies are then compiled differently.
fn expanded_lines(place: &Path, name: &str) -> Outcome<usize> {
    let package = format!("bench-{name}");
    let args = ["rustc", "--quiet", "--offline", "--profile", "check", "--package", &package];
    let mut command = cargo_in(place, "target-expanded", &args);
    command.args(["--", "-Zunpretty=expanded"]).env("RUSTC_BOOTSTRAP", "1");
    let expanded = String::from_utf8(output(command)?.stdout)?;
    Ok(expanded.lines().filter(|line| !line.trim().is_empty()).count())
}

fn cargo_in(place: &Path, target: &str, args: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(args)
        .current_dir(place)
        .env("CARGO_TARGET_DIR", place.join(target))
        .env("CARGO_INCREMENTAL", "0")
        .env_remove("RUSTFLAGS");
    command
}

fn output(mut command: Command) -> Outcome<Output> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(output)
}
