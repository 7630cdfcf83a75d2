//! Output: progress, notes, and the three forms of the result.

use std::{
    fmt::Write as _,
    io::{self, BufWriter, IsTerminal, Write},
    time::Duration,
};

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::{args::Args, count::Totals, stored::Stored};

/// Returns a progress bar over this many bytes, or one without an end. The bar is shown only on a
/// terminal, because it would be noise in a pipe or in a file.
pub(crate) fn progress(bytes: Option<u64>) -> Result<ProgressBar> {
    if !io::stderr().is_terminal() {
        return Ok(ProgressBar::hidden());
    }
    Ok(match bytes {
        Some(bytes) => ProgressBar::new(bytes)
            .with_style(ProgressStyle::with_template("{bar:40} {bytes}/{total_bytes}, {eta}")?),
        None => ProgressBar::new_spinner()
            .with_style(ProgressStyle::with_template("{spinner} {bytes}")?),
    })
}

/// Writes a note to standard error, if that is open.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr(), "visitors: {text}");
}

/// The totals, with the names and in the order of the JSON output.
#[derive(Serialize)]
struct Summary {
    lines: u64,
    bad_lines: u64,
    visitors: usize,
    pages: usize,
    loads: u64,
    writes: u64,
    explicit_writes: u64,
    unchanged: u64,
    lost: u64,
}

/// Shows the result in the requested forms.
pub(crate) fn show(
    args: &Args,
    totals: &Totals,
    loads: u64,
    took: Duration,
    stored: &[Stored],
) -> Result<()> {
    if let Some(first) = &totals.first_unwritten {
        let (lost, refused) = (totals.lost, totals.refused);
        note(&format!("{lost} changes are lost and {refused} were refused, the first: {first}"));
    }
    let summary = Summary {
        lines: totals.lines,
        bad_lines: totals.bad_lines,
        visitors: totals.visitors.len(),
        pages: totals.pages.len(),
        loads,
        writes: totals.writes,
        explicit_writes: totals.explicit_writes,
        unchanged: totals.unchanged,
        lost: totals.lost,
    };
    let table = summary.table(took)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if args.dump {
        for Stored { address, hits, bytes } in stored {
            writeln!(out, "{address} {hits} {bytes}")?;
        }
    }
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&summary)?)?;
    }
    if args.json || args.dump {
        let _ = io::stderr().write_all(table.as_bytes());
    } else {
        out.write_all(table.as_bytes())?;
    }
    Ok(out.flush()?)
}

impl Summary {
    fn table(&self, took: Duration) -> Result<String> {
        let rows = [
            ("lines", self.lines),
            ("bad lines", self.bad_lines),
            ("visitors", self.visitors as u64),
            ("pages", self.pages as u64),
            ("loads", self.loads),
            ("writes", self.writes),
            ("explicit writes", self.explicit_writes),
            ("unchanged", self.unchanged),
            ("lost", self.lost),
        ];
        let mut table = String::new();
        for (name, number) in rows {
            writeln!(table, "{name:<16}{number:>10}")?;
        }
        writeln!(table, "{:<16}{:>10.3}", "seconds", took.as_secs_f64())?;
        Ok(table)
    }
}
