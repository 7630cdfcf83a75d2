//! Passes counts and times on to the `metrics` crate, with the feature of that name; without it,
//! nothing is passed on. Series have the attributes of OpenTelemetry, and never a key or a value.

use std::time::Duration;

#[cfg(feature = "metrics")]
use crate::quote::Quoted;

/// What an operation of which the time is measured does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Load,
    Commit,
    /// An exchange with one server.
    // Only the engine for memcached has exchanges.
    #[cfg_attr(not(unix), allow(dead_code))]
    Exchange,
}

#[cfg(feature = "metrics")]
impl Operation {
    const ALL: [Self; 3] = [Self::Load, Self::Commit, Self::Exchange];

    /// Returns the series of its times, with these attributes besides its own.
    fn times(self, mut labels: Vec<metrics::Label>) -> metrics::Key {
        let (series, operation) = match self {
            Self::Load => ("db.client.operation.duration", Some("get")),
            Self::Commit => ("db.client.operation.duration", Some("commit")),
            Self::Exchange => ("memdict.server.exchange.duration", None),
        };
        labels.extend(operation.map(|name| metrics::Label::new("db.operation.name", name)));
        metrics::Key::from_parts(series, labels)
    }
}

/// What the series of one dictionary, one server or one cache have in common.
#[derive(Debug, Default)]
pub(crate) struct Series {
    #[cfg(feature = "metrics")]
    labels: Vec<metrics::Label>,
    /// One for each counter, in the order of their definition.
    #[cfg(feature = "metrics")]
    counters: Vec<metrics::Key>,
    /// The time of each kind of operation that succeeds, by [`Operation`].
    #[cfg(feature = "metrics")]
    times: Vec<metrics::Key>,
}

#[cfg(feature = "metrics")]
static METADATA: metrics::Metadata<'_> =
    metrics::Metadata::new("memdict", metrics::Level::INFO, Some("memdict"));

#[cfg(feature = "metrics")]
impl Series {
    /// Makes the series of these counters, with these attributes besides the system's name.
    pub(crate) fn of(counters: &[&'static str], attributes: &[(&'static str, &str)]) -> Self {
        let mut labels = vec![metrics::Label::new("db.system.name", "memcached")];
        let of = |&(name, value): &(&'static str, &str)| {
            metrics::Label::new(name, Quoted(value).to_string())
        };
        labels.extend(attributes.iter().map(of));
        let key = |&name: &&'static str| metrics::Key::from_parts(name, labels.clone());
        let counters = counters.iter().map(key).collect();
        let times = Operation::ALL.iter().map(|what| what.times(labels.clone())).collect();
        Self { labels, counters, times }
    }

    /// Adds to the counter of this number.
    pub(crate) fn add(&self, number: usize, many: u64) {
        if let Some(key) = self.counters.get(number) {
            metrics::with_recorder(|to| to.register_counter(key, &METADATA).increment(many));
        }
    }

    /// Records how long an operation took.
    pub(crate) fn took(&self, what: Operation, took: Duration, error: Option<&'static str>) {
        let record = |key: &metrics::Key| {
            metrics::with_recorder(|to| {
                to.register_histogram(key, &METADATA).record(took.as_secs_f64());
            });
        };
        match (error, self.times.get(what as usize)) {
            (None, Some(key)) => record(key),
            (None, None) => {}
            (Some(error), _) => {
                let mut labels = self.labels.clone();
                labels.push(metrics::Label::new("error.type", error));
                record(&what.times(labels));
            }
        }
    }
}

#[cfg(not(feature = "metrics"))]
impl Series {
    pub(crate) fn of(_: &[&'static str], _: &[(&'static str, &str)]) -> Self {
        Self {}
    }

    pub(crate) fn add(&self, _: usize, _: u64) {}

    pub(crate) fn took(&self, _: Operation, _: Duration, _: Option<&'static str>) {}
}
