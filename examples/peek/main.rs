//! Peek: what a server holds under a key of a dictionary, without the type of its values.
//!
//! ```text
//! cargo run --example peek -- [--store URL] [--namespace NAME] DICTIONARY KEY...
//! ```
//!
//! A key is text, or `#7` for the number 7. Without `--store`, the store is the one that `MEMDICT_URL`
//! names. Ends with 1 if a key has no value that memdict wrote, and with 2 if it cannot be asked.
#![forbid(unsafe_code)]

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use lexopt::prelude::*;
use memdict::{Cache, Load, Loaded, inspect};

struct Args {
    store: Option<String>,
    namespace: String,
    dict: String,
    keys: Vec<String>,
}

impl Args {
    fn parse() -> Result<Self> {
        let (mut store, mut namespace, mut words) = (None, "memdict".to_owned(), Vec::new());
        let mut parser = lexopt::Parser::from_env();
        while let Some(arg) = parser.next()? {
            match arg {
                Long("store") => store = Some(parser.value()?.string()?),
                Long("namespace") => namespace = parser.value()?.string()?,
                Value(word) => words.push(word.string()?),
                _ => return Err(arg.unexpected().into()),
            }
        }
        if words.len() < 2 {
            bail!("name a dictionary and a key: peek [--store URL] DICTIONARY KEY...");
        }
        let dict = words.remove(0);
        Ok(Self { store, namespace, dict, keys: words })
    }

    /// Returns the keys on the wire.
    fn wire_keys(&self) -> memdict::Result<Vec<Vec<u8>>> {
        let wire = |key: &String| match key.strip_prefix('#').map(str::parse::<i64>) {
            Some(Ok(number)) => inspect::wire_key(&self.namespace, &self.dict, number),
            _ => inspect::wire_key(&self.namespace, &self.dict, key),
        };
        self.keys.iter().map(wire).collect()
    }
}

/// Prints a line for each key. Returns whether each has a value that memdict wrote.
fn peek(args: &Args) -> Result<bool> {
    let cache = match &args.store {
        Some(url) => Cache::open(url)?,
        None => Cache::from_env()?,
    };
    let keys = args.wire_keys()?;
    let loads: Vec<_> = keys.iter().map(|key| Load::new(key)).collect();
    let (mut lines, mut all, mut failed) = (vec![String::new(); keys.len()], true, None);
    cache.store().load_many(&loads, &mut |index, loaded| {
        let line = match loaded {
            Ok(Loaded::Hit { bytes, .. }) => match inspect::Header::read(&keys[index], bytes) {
                Ok(header) => Ok(header.to_string()),
                Err(why) => Err(why.to_string()),
            },
            Ok(_) => Err("there is none, or it was evicted".to_owned()),
            Err(error) => {
                failed.get_or_insert(error.to_string());
                Err(error.to_string())
            }
        };
        all &= line.is_ok();
        lines[index] = line.unwrap_or_else(|why| format!("{}: {why}", args.keys[index]));
    });
    lines.iter().for_each(|line| println!("{line}"));
    match failed {
        None => Ok(all),
        Some(why) => Err(anyhow::Error::msg(why)).context("the store cannot be asked"),
    }
}

fn main() -> ExitCode {
    match Args::parse().and_then(|args| peek(&args)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("peek: {error:#}");
            ExitCode::from(2)
        }
    }
}
