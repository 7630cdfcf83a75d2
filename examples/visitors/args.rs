//! The command line.

use std::{ffi::OsString, num::NonZeroUsize, path::PathBuf};

use anyhow::{Context, Result};
use lexopt::{
    Arg::{Long, Short, Value},
    ValueExt,
};

pub(crate) const USAGE: &str = "\
Counts the visitors of an access log (Common or Combined Log Format) into a memdict store.

Usage: visitors [OPTIONS] [FILE]

  FILE          the log; `-` is standard input; the default is a sample of some 200 lines
  --store URL   `memory:` or `memcache://HOST:PORT[,HOST:PORT...]`, with options after a `?`;
                the default is the environment variable MEMDICT_URL, or else `memory:`
  --batch N     how many lines one session counts (default 100)
  --json        the totals as one line of JSON on standard output
  --dump        `ADDRESS HITS BYTES` for each visitor of the log, sorted by address, as it is
                stored after the last commit; with --json, this comes before its line
  -h, --help    this text

The totals are a table on standard output, or on standard error with --json or --dump. Lines that
are not in the format are reported on standard error and skipped. Exit status: 0 if the log was
counted, even if the store lost some of it (standard error says so), 1 if something failed, 2 for
an invalid command line.
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Wanted {
    Help,
    Count(Args),
}

#[derive(Debug)]
pub(crate) struct Args {
    /// The store's URL; `None` if the environment names the store.
    pub(crate) store: Option<String>,
    /// How many lines one session counts.
    pub(crate) batch: NonZeroUsize,
    pub(crate) json: bool,
    pub(crate) dump: bool,
    pub(crate) input: Input,
}

/// Where the log comes from.
#[derive(Debug)]
pub(crate) enum Input {
    Stdin,
    File(PathBuf),
}

impl Default for Args {
    fn default() -> Self {
        Self {
            store: None,
            batch: NonZeroUsize::new(100).unwrap_or(NonZeroUsize::MIN),
            json: false,
            dump: false,
            input: Input::File(
                [env!("CARGO_MANIFEST_DIR"), "visitors", "sample.log"].iter().collect(),
            ),
        }
    }
}

/// Reads a command line, without the program's own name.
///
/// # Errors
///
/// Fails for a word that is unknown, incomplete or not allowed; the message names it.
pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Wanted> {
    let mut args = Args::default();
    let mut file = None;
    let mut words = lexopt::Parser::from_args(words);
    while let Some(word) = words.next()? {
        match word {
            Short('h') | Long("help") => return Ok(Wanted::Help),
            Long("store") => args.store = Some(words.value()?.string()?),
            Long("batch") => {
                let number = words.value()?;
                args.batch = number.parse().ok().with_context(|| {
                    format!("--batch takes a number, 1 or more, not {number:?}")
                })?;
            }
            Long("json") => args.json = true,
            Long("dump") => args.dump = true,
            Value(word) if file.is_none() => file = Some(word),
            other => return Err(other.unexpected().into()),
        }
    }
    match file {
        Some(word) if word == "-" => args.input = Input::Stdin,
        Some(word) => args.input = Input::File(word.into()),
        None => {}
    }
    Ok(Wanted::Count(args))
}
