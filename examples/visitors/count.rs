//! The job: lines to objects, a batch at a time.

use std::{
    collections::{BTreeMap, HashSet},
    io::BufRead,
    num::NonZeroUsize,
};

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use memdict::{Cache, Retry, UpdateReport};

use crate::{
    line::Line,
    objects::{PAGES, VISITORS, Visitor},
    output::note,
};

/// How often an object is tried while other processes change it, too. Of those who meet, one always
/// gets its change into the store, so a few of them never reach this.
const TRIES: u32 = 50;

/// What became of the lines.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    /// All lines, bad ones included.
    pub(crate) lines: u64,
    pub(crate) bad_lines: u64,
    /// Each address met, sorted bytewise, and the hits that its object was given.
    pub(crate) visitors: BTreeMap<String, u64>,
    pub(crate) pages: HashSet<String>,
    /// What storing explicitly would have cost: each object, once in each batch.
    pub(crate) explicit_writes: u64,
    /// The sums of all reports.
    pub(crate) writes: u64,
    pub(crate) unchanged: u64,
    pub(crate) lost: u64,
    pub(crate) refused: u64,
    /// The first change that is not in the store, and why.
    pub(crate) first_unwritten: Option<String>,
}

/// Counts all lines of `input`.
pub(crate) fn count(
    cache: &Cache,
    mut input: impl BufRead,
    batch: NonZeroUsize,
    bar: &ProgressBar,
) -> Result<Totals> {
    let cache = cache.with_retry(Retry { attempts: TRIES, ..Retry::default() });
    let mut totals = Totals::default();
    let mut lines = Vec::new();
    let mut raw = Vec::new();
    loop {
        raw.clear();
        let read = input.read_until(b'\n', &mut raw);
        if read.context("the log cannot be read")? == 0 {
            break;
        }
        totals.lines += 1;
        match Line::parse(&raw) {
            Ok(line) => lines.push(line),
            Err(reason) => {
                totals.bad_lines += 1;
                bar.suspend(|| note(&format!("line {}: {reason}; skipped", totals.lines)));
            }
        }
        if lines.len() == batch.get() {
            totals.count(&cache, &lines)?;
            lines.clear();
        }
        bar.inc(raw.len() as u64);
    }
    totals.count(&cache, &lines)?;
    Ok(totals)
}

impl Totals {
    /// Counts one batch: a load and a commit for each dictionary, and once more for the objects that
    /// another process changed at the same time. No line is counted twice, and none is left out.
    fn count(&mut self, cache: &Cache, lines: &[Line]) -> Result<()> {
        let mut by_address = BTreeMap::<&str, Vec<&Line>>::new();
        let mut largest = BTreeMap::<&str, u64>::new();
        for line in lines {
            by_address.entry(&line.address).or_default().push(line);
            let bytes = largest.entry(&line.path).or_default();
            *bytes = line.bytes.max(*bytes);
        }
        self.explicit_writes += (by_address.len() + largest.len()) as u64;
        self.pages.extend(largest.keys().map(|path| (*path).to_owned()));

        self.add(cache.update_each(&VISITORS, by_address.keys(), |address, entry| {
            let lines = &by_address[*address];
            let mut visitor = entry.or_insert_with(|| Visitor::arriving(lines[0].time));
            lines.iter().for_each(|line| visitor.count(line));
            Ok(())
        }))?;
        for (address, lines) in by_address {
            *self.visitors.entry(address.to_owned()).or_default() += lines.len() as u64;
        }

        self.add(cache.update_each(&PAGES, largest.keys(), |path, entry| {
            let mut page = entry.or_default();
            // Reading through the guard marks nothing; only the assignment does.
            if largest[*path] > page.largest {
                page.largest = largest[*path];
            }
            Ok(())
        }))
    }

    fn add(&mut self, UpdateReport { report, mut failed, .. }: UpdateReport) -> Result<()> {
        self.writes += report.written as u64;
        self.unchanged += report.unchanged as u64;
        self.lost += report.lost.len() as u64;
        self.refused += report.refused.len() as u64;
        let unwritten = report.lost.iter().chain(&report.refused).next();
        if let (None, Some(unwritten)) = (&self.first_unwritten, unwritten) {
            self.first_unwritten = Some(unwritten.to_string());
        }
        match failed.pop() {
            None => Ok(()),
            Some(failed) => Err(failed.error).context("a batch was not counted in full"),
        }
    }
}
