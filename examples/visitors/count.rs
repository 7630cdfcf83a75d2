//! The job: lines to sessions, one for each batch.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io::BufRead,
    num::NonZeroUsize,
    sync::mpsc,
};

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use memdict::{Cache, CommitReport, Error, Key, Retry, Session, ToKey};

use crate::{
    line::Line,
    objects::{PAGES, VISITORS, Visitor},
    output::note,
};

/// How often a batch is tried while other processes change what it changes. Of those who meet,
/// one always gets something into the store, so this is never reached by a few of them.
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
            totals.commit(cache, &lines)?;
            lines.clear();
        }
        bar.inc(raw.len() as u64);
    }
    totals.commit(cache, &lines)?;
    Ok(totals)
}

/// Names of objects: dictionary and key.
type Names = HashSet<(String, Key)>;

/// What of a batch is still to be counted.
enum Todo {
    All,
    These(Names),
}

impl Todo {
    fn has(&self, dict: &str, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(names) => names.contains(&(dict.to_owned(), key.to_key())),
        }
    }
}

/// The hits that one attempt gave to each address.
type Given<'a> = BTreeMap<&'a str, u64>;

impl Totals {
    /// Counts one batch: two loads and one commit, unless another process changes the same.
    ///
    /// A transaction of several changes looks first whether all that it loaded is still there as
    /// it was. So it is nearly always in conflict as a whole: nothing is sent, and it runs again
    /// by itself. But another process may store between that look and a change. Then some of the
    /// batch is in the store, and a transaction that ran again would count that twice. The error
    /// names the keys in conflict; all others came to their end. Only these keys' share in the
    /// lines is counted again here: nothing twice, and nothing left out.
    fn commit(&mut self, cache: &Cache, lines: &[Line]) -> Result<()> {
        let keys = |of: fn(&Line) -> &str| lines.iter().map(of).collect::<BTreeSet<_>>();
        let objects = keys(|line| &line.address).len() + keys(|line| &line.path).len();
        self.explicit_writes += objects as u64;
        self.pages.extend(lines.iter().map(|line| line.path.clone()));

        let cache = cache.with_retry(Retry { attempts: TRIES, ..Retry::default() });
        let mut todo = Todo::All;
        for _ in 0..TRIES {
            let (send, reports) = mpsc::channel();
            let mut given = Given::new();
            let outcome = cache.transaction(|session| {
                // An attempt whose commit fails leaves no report here: only what counts, counts.
                let send = send.clone();
                session.after_commit(move |report| Ok(send.send(report.clone())?));
                given = count_batch(session, lines, &todo)?;
                Ok(())
            });
            reports.try_iter().for_each(|report| self.add(&report));
            // Of a conflict that is transient nothing was sent, so it names not all that is left.
            let in_part = outcome.as_ref().is_err_and(|error| !error.is_transient());
            let conflicts = match outcome {
                Ok(()) => Vec::new(),
                Err(Error::Conflict { conflicts, report, .. }) if in_part => {
                    self.add(&report);
                    conflicts
                }
                Err(error) => return Err(error).context("a batch was not committed"),
            };
            let again: Names =
                conflicts.into_iter().map(|conflict| (conflict.dict, conflict.key)).collect();
            let done = again.is_empty();
            todo = Todo::These(again);
            for (address, hits) in given {
                if !todo.has(VISITORS.name(), address) {
                    *self.visitors.entry(address.to_owned()).or_default() += hits;
                }
            }
            if done {
                return Ok(());
            }
        }
        bail!("other processes changed the same objects {TRIES} times in a row");
    }

    fn add(&mut self, report: &CommitReport) {
        self.writes += report.written as u64;
        self.unchanged += report.unchanged as u64;
        self.lost += report.lost.len() as u64;
        self.refused += report.refused.len() as u64;
        let unwritten = report.lost.iter().chain(&report.refused).next();
        if let (None, Some(unwritten)) = (&self.first_unwritten, unwritten) {
            self.first_unwritten = Some(unwritten.to_string());
        }
    }
}

/// The body of a transaction: may run twice, so all that it says is in what it returns.
fn count_batch<'a>(
    session: &Session,
    lines: &'a [Line],
    todo: &Todo,
) -> memdict::Result<Given<'a>> {
    let (visitors, pages) = (session.dict(&VISITORS), session.dict(&PAGES));
    let met = |line: &&Line| todo.has(VISITORS.name(), &line.address);
    let asked = |line: &&Line| todo.has(PAGES.name(), &line.path);
    visitors.prefetch(lines.iter().filter(met).map(|line| &line.address))?;
    pages.prefetch(lines.iter().filter(asked).map(|line| &line.path))?;

    let mut given = Given::new();
    for line in lines.iter().filter(met) {
        let entry = visitors.entry(&line.address)?;
        let mut visitor = entry.or_insert_with(|| Visitor::arriving(line.time));
        let before = visitor.hits;
        visitor.count(line);
        *given.entry(&line.address).or_default() += visitor.hits - before;
    }
    for line in lines.iter().filter(asked) {
        let mut page = pages.entry(&line.path)?.or_default();
        // Reading through the guard touches nothing; only the assignment does.
        if line.bytes > page.largest {
            page.largest = line.bytes;
        }
    }
    Ok(given)
}
