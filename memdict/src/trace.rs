//! Spans, through `tracing` with the feature of that name; without it there are none. They have the
//! attributes of OpenTelemetry, and never a key or a value.

#[cfg(feature = "tracing")]
use std::pin::pin;

#[cfg(feature = "tracing")]
use tracing::{Instrument, Level, Span, field::Empty};

#[cfg(feature = "tracing")]
use crate::quote::Quoted;
use crate::{error::Result, report::CommitReport};

/// A span of an operation.
#[derive(Debug)]
pub(crate) struct Traced {
    #[cfg(feature = "tracing")]
    span: Span,
}

/// Begins a span of this name that reads from one dictionary. The name has to be a literal.
#[cfg(feature = "tracing")]
macro_rules! reads {
    ($name:literal, $operation:literal, $namespace:ident, $dict:ident, $many:ident) => {{
        let span = tracing::span!(
            target: "memdict", Level::INFO, $name,
            otel.name = %format_args!("{} {}", $operation, Quoted($dict)), otel.kind = "client",
            otel.status_code = Empty, error.type = Empty,
            db.system.name = "memcached", db.operation.name = $operation,
            db.namespace = %Quoted($namespace), db.collection.name = %Quoted($dict),
            db.operation.batch.size = Empty, db.memcached.key_count = $many,
            db.memcached.hit_count = Empty, db.memcached.miss_count = Empty,
        );
        Self { span }.of($many)
    }};
}

#[cfg(feature = "tracing")]
impl Traced {
    /// Begins a batch of loads from one dictionary.
    pub(crate) fn load(namespace: &str, dict: &str, many: usize) -> Self {
        reads!("load", "get", namespace, dict, many)
    }

    /// Begins a `fetch` from one dictionary, its loader included.
    pub(crate) fn fetch(namespace: &str, dict: &str, many: usize) -> Self {
        reads!("fetch", "fetch", namespace, dict, many)
    }

    /// Begins a commit.
    pub(crate) fn commit(namespace: &str) -> Self {
        let span = tracing::span!(
            target: "memdict", Level::INFO, "commit",
            otel.name = "commit", otel.kind = "client",
            otel.status_code = Empty, error.type = Empty,
            db.system.name = "memcached", db.operation.name = "commit",
            db.namespace = %Quoted(namespace),
            db.operation.batch.size = Empty, memdict.written = Empty, memdict.removed = Empty,
            memdict.unchanged = Empty, memdict.lost = Empty, memdict.refused = Empty,
        );
        Self { span }
    }

    /// Begins an exchange with one server.
    #[cfg_attr(not(unix), allow(dead_code))]
    pub(crate) fn exchange(server: &str, many: usize) -> Self {
        let span = tracing::span!(
            target: "memdict", Level::DEBUG, "exchange",
            otel.name = %format_args!("exchange {server}"), otel.kind = "client",
            otel.status_code = Empty, error.type = Empty,
            db.system.name = "memcached", db.operation.batch.size = Empty,
            server.address = Empty, server.port = Empty,
        );
        if !span.is_disabled() {
            let port = server.rsplit_once(':').and_then(|(host, port)| {
                Some((host.trim_matches(['[', ']']), port.parse::<u16>().ok()?))
            });
            span.record("server.address", port.map_or(server, |(host, _)| host));
            if let Some((_, port)) = port {
                span.record("server.port", port);
            }
        }
        Self { span }.of(many)
    }

    /// Notes the size of a batch, as the conventions say: only if it is one.
    fn of(self, many: usize) -> Self {
        if many > 1 {
            self.span.record("db.operation.batch.size", many);
        }
        self
    }

    /// Runs a future inside the span.
    pub(crate) async fn around<F: Future>(&self, future: F) -> F::Output {
        // Where it is, because it may be large.
        let future = pin!(future);
        match self.span.is_disabled() {
            true => future.await,
            false => future.instrument(self.span.clone()).await,
        }
    }

    /// Notes what loads found.
    pub(crate) fn found(&self, hits: u64, misses: u64) {
        self.span.record("db.memcached.hit_count", hits).record("db.memcached.miss_count", misses);
    }

    /// Notes what went wrong.
    pub(crate) fn failed(&self, error: &'static str) {
        self.span.record("otel.status_code", "ERROR").record("error.type", error);
    }

    /// Notes what became of a commit.
    pub(crate) fn ended(&self, outcome: &Result<CommitReport>) {
        if self.span.is_disabled() {
            return;
        }
        if let Err(error) = outcome {
            self.failed(error.kind());
        }
        let Some(report) = outcome.as_ref().map_or_else(|error| error.report(), Some) else {
            return;
        };
        let CommitReport { written, removed, invalidated, unchanged, lost, refused, .. } = report;
        let many = written + removed + invalidated + lost.len() + refused.len();
        if many > 1 {
            self.span.record("db.operation.batch.size", many);
        }
        self.span
            .record("memdict.written", *written)
            .record("memdict.removed", *removed)
            .record("memdict.unchanged", *unchanged)
            .record("memdict.lost", lost.len())
            .record("memdict.refused", refused.len());
    }
}

#[cfg(not(feature = "tracing"))]
impl Traced {
    pub(crate) fn load(_: &str, _: &str, _: usize) -> Self {
        Self {}
    }

    pub(crate) fn fetch(_: &str, _: &str, _: usize) -> Self {
        Self {}
    }

    pub(crate) fn commit(_: &str) -> Self {
        Self {}
    }

    #[cfg_attr(not(unix), allow(dead_code))]
    pub(crate) fn exchange(_: &str, _: usize) -> Self {
        Self {}
    }

    pub(crate) async fn around<F: Future>(&self, future: F) -> F::Output {
        future.await
    }

    pub(crate) fn found(&self, _: u64, _: u64) {}

    pub(crate) fn failed(&self, _: &'static str) {}

    pub(crate) fn ended(&self, _: &Result<CommitReport>) {}
}
