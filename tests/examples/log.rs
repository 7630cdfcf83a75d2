//! Logs, and their expected dumps, which are counted as awk would, without the example's parser.

use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

use crate::run::root;

/// The lines of the sample that are not in the format, each with a part of its reason.
pub(crate) const BAD: [(usize, &str); 6] =
    [(33, "empty"), (61, "time"), (88, "request"), (121, "user"), (150, "size"), (177, "status")];

/// A log in which no good line has an odd request that shifts awk's fields.
pub(crate) struct Log {
    pub(crate) path: PathBuf,
    bad: &'static [(usize, &'static str)],
}

impl Log {
    pub(crate) fn sample() -> Self {
        Self { path: root().join("examples/visitors/sample.log"), bad: &BAD }
    }

    /// Returns 7,000 lines of a public site, if they are beside the repository.
    pub(crate) fn real() -> Option<Self> {
        let path = root().join("../shared/data/access.log");
        path.exists().then_some(Self { path, bad: &[] })
    }

    /// Returns the logs that are available.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        [Some(Self::sample()), Self::real()].into_iter().flatten()
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.path).expect("the log is text")
    }

    pub(crate) fn lines(&self) -> u64 {
        self.text().lines().count() as u64
    }

    pub(crate) fn bad_lines(&self) -> u64 {
        self.bad.len() as u64
    }

    /// Returns what `--dump` has to show after the log was counted this often:
    /// `{h[$1]++; if ($10 ~ /^[0-9]+$/) b[$1]+=$10} END {for (a in h) print a, h[a], b[a]+0}`
    pub(crate) fn dump(&self, times: u64) -> String {
        let mut visitors: BTreeMap<String, (u64, u64)> = BTreeMap::new();
        for (number, line) in (1..).zip(self.text().lines()) {
            if self.bad.iter().any(|(bad, _)| *bad == number) {
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            let address = words.next().expect("a good line begins with an address");
            let (hits, bytes) = visitors.entry(address.to_owned()).or_default();
            *hits += times;
            *bytes += times * words.nth(8).and_then(|size| size.parse().ok()).unwrap_or(0);
        }
        let mut dump = String::new();
        for (address, (hits, bytes)) in visitors {
            writeln!(dump, "{address} {hits} {bytes}").expect("a string takes it");
        }
        dump
    }
}
