//! Measures what memdict costs, and prints one table of its times beside those of other clients for
//! the same work: `cargo run --release -p bench`. With `-- compile`, it measures compile times.

#![deny(unsafe_code)]

mod allocations;
mod args;
mod compile;
mod peers;
mod race;
mod rows;
mod samples;
mod server;
mod table;

use std::{env, process::ExitCode};

use args::Command;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> ExitCode {
    let outcome = args::read(env::args().skip(1)).and_then(|command| match command {
        Command::Table(options) => rows::print(options),
        Command::Compile { runs } => compile::run(runs),
        Command::Help => {
            println!("{}", args::USAGE);
            Ok(())
        }
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
