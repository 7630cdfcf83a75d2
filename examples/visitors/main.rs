//! Counts the visitors of an access log in objects that no code stores explicitly.
//!
//! There is one session for each batch of lines. It loads an object for each client address and one
//! for each path, changes them as plain Rust values, and commits. The table shows how many writes
//! this made, and how many there would have been if the program had stored every object after every
//! change.
//!
//! A second run on the same memcached continues counting: the objects outlive their sessions.
#![forbid(unsafe_code)]

mod args;
mod count;
mod line;
mod objects;
mod output;
mod stored;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Write},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, Result};
use args::{Args, Input, Wanted};
use memdict::Cache;

fn main() -> ExitCode {
    let args = match args::read(std::env::args_os().skip(1)) {
        Ok(Wanted::Count(args)) => args,
        Ok(Wanted::Help) => {
            let _ = io::stdout().write_all(args::USAGE.as_bytes());
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            output::note(&format!("{error:#}; --help lists the options"));
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader closed the pipe, because it has seen enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let cache = match &args.store {
        Some(url) => Cache::open(url),
        None => Cache::from_env(),
    }?;
    let (input, bytes) = open(&args.input)?;
    let bar = output::progress(bytes)?;

    let start = Instant::now();
    let totals = count::count(&cache, input, args.batch, &bar);
    let took = start.elapsed();
    // This comes before an error is shown, so that it does not appear after the bar.
    bar.finish_and_clear();

    let totals = totals?;
    stored::check(&totals)?;
    // The number is taken before reading back adds to it.
    let loads = cache.counters().loads;
    let stored = stored::read_back(&cache, &totals)?;
    output::show(args, &totals, loads, took, &stored)
}

/// Opens the log. Returns its length as well, if that is known.
fn open(input: &Input) -> Result<(Box<dyn BufRead>, Option<u64>)> {
    Ok(match input {
        Input::Stdin => (Box::new(io::stdin().lock()), None),
        Input::File(path) => {
            let named = || format!("cannot open `{}`", path.display());
            let file = File::open(path).with_context(named)?;
            let about = file.metadata().with_context(named)?;
            let bytes = about.is_file().then_some(about.len());
            (Box::new(BufReader::new(file)), bytes)
        }
    })
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
