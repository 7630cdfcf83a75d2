//! Measures what memdict costs. `cargo run --release -p bench -- compile` has the time to compile.

#![forbid(unsafe_code)]

mod compile;
mod samples;

use std::{env, process::ExitCode};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["compile"] => compile::run(7),
        ["compile", runs] => match runs.parse() {
            Ok(runs) if runs > 0 => compile::run(runs),
            _ => Err(format!("`{runs}` is no number of runs").into()),
        },
        _ => Err("usage: bench compile [runs]".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
