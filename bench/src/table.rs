//! The table, printed row by row.

use std::io::{self, Write};

use crate::{Outcome, race::Measured, samples::Samples};

const HEAD: &str = "\
Times are medians. A ratio is memdict's median divided by the peer's, both from the same
interleaved runs, with the quartiles of the ratio, run by run, in brackets. Allocations and their
bytes are per object, memdict's first. The peak is the most memory held at a time during the
operation beyond that held before, in KiB; where values are loaded, beyond the same values decoded
into a `Vec`.

| | memdict | against | its time | ratio | bar | allocations | bytes | peak |
|---|---|---|---|---|---|---|---|---|";

pub(crate) struct Table {
    rows: Option<String>,
    begun: bool,
    failed: usize,
}

/// The subject of a row.
#[derive(Clone, Copy)]
pub(crate) struct Row<'a> {
    /// What is measured.
    pub(crate) what: &'a str,
    /// The number of objects.
    pub(crate) objects: usize,
    /// The bytes of the values that exist afterwards and did not exist before.
    pub(crate) values: i64,
    /// The required ratio to each peer, by the peer's name.
    pub(crate) bars: &'a [(&'a str, &'a str)],
}

impl Table {
    pub(crate) fn of_rows_with(text: Option<String>) -> Self {
        Self { rows: text, begun: false, failed: 0 }
    }

    /// Returns whether rows with this text in their first column are wanted.
    pub(crate) fn wants(&self, what: &str) -> bool {
        self.rows.as_ref().is_none_or(|text| what.contains(text.as_str()))
    }

    /// Prints a row for each measured peer; memdict comes first and has none. A failure is printed
    /// and counted, and the next rows are still measured.
    pub(crate) fn print(&mut self, row: Row<'_>, measured: Outcome<Vec<Measured>>) {
        match measured {
            Ok(measured) => {
                let Some((memdict, peers)) = measured.split_first() else { return };
                for peer in peers {
                    self.line(&compared(row, memdict, peer));
                }
            }
            Err(error) => {
                self.failed += 1;
                self.line(&format!("| {} | failed: {error} | | | | | | | |", row.what));
            }
        }
    }

    /// Prints a row that cannot be measured on this machine.
    pub(crate) fn not_available(&mut self, what: &str, why: &str) {
        self.line(&format!("| {what} | n/a: {why} | | | | | | | |"));
    }

    /// Returns an error if a row failed, or if there was none.
    pub(crate) fn end(self) -> Outcome<()> {
        match self {
            Self { begun: false, .. } => Err("no row has this text".into()),
            Self { failed: 0, .. } => Ok(()),
            Self { failed, .. } => Err(format!("{failed} rows failed").into()),
        }
    }

    fn line(&mut self, line: &str) {
        if !std::mem::replace(&mut self.begun, true) {
            println!("{HEAD}");
        }
        println!("{line}");
        // Rows take long, so each one is shown as soon as it is complete.
        let _ = io::stdout().flush();
    }
}

fn compared(row: Row<'_>, memdict: &Measured, peer: &Measured) -> String {
    let median = |of: &Measured| Samples::of_seconds(&of.seconds).median();
    let ratio = median(memdict) / median(peer);
    let (low, high) = Samples::ratio(&memdict.seconds, &peer.seconds).quartiles();
    let bar = row.bars.iter().find(|(name, _)| *name == peer.name).map_or("", |(_, bar)| bar);
    let both = |show: &dyn Fn(&Measured) -> String| format!("{} / {}", show(memdict), show(peer));
    let each = |number: u64| per(number, row.objects);
    format!(
        "| {} | {} | {} | {} | {ratio:.2} ({low:.2} to {high:.2}) | {bar} | {} | {} | {} |",
        row.what,
        time(median(memdict)),
        peer.name,
        time(median(peer)),
        both(&|of| each(of.allocated.count)),
        both(&|of| each(of.allocated.bytes)),
        both(&|of| kibibytes(of.allocated.peak - row.values)),
    )
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.1} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s => format!("{:.2} ms", s * 1e3),
    }
}

/// Shows a ratio with two digits where they matter.
fn per(number: u64, objects: usize) -> String {
    let each = number as f64 / objects as f64;
    match each {
        0.0 => "0".to_owned(),
        each if each < 10.0 => format!("{each:.2}"),
        each => format!("{each:.0}"),
    }
}

fn kibibytes(bytes: i64) -> String {
    format!("{:.0}", (bytes as f64 / 1024.0).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_unit_that_suits_them() {
        assert_eq!(time(0.000_000_001_25), "1.2 ns");
        assert_eq!(time(0.000_02), "20.0 µs");
        assert_eq!(time(0.25), "250.00 ms");
        assert_eq!(per(0, 7), "0");
        assert_eq!(per(3, 2), "1.50");
        assert_eq!(kibibytes(-1), "0");
    }
}
