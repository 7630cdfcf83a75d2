//! What is known of one server: whether it is up, and what was exchanged with it.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use super::proto::{Dialect, greeting::Facts};
use crate::{
    export::{Operation, Series},
    health::{Exchanged, ServerCounters, ServerCounting, ServerHealth},
    latency::Timing,
    log::warning,
    store::queue::lock,
    trace::Traced,
};

/// What is known of one server.
#[derive(Debug)]
pub(super) struct Watched {
    name: String,
    counters: ServerCounting,
    latency: Timing,
    series: Series,
    known: Mutex<Known>,
    is_classic: AtomicBool,
    /// Whether the log says that it keeps no versions.
    said_no_versions: AtomicBool,
}

#[derive(Debug, Default)]
struct Known {
    up: Option<bool>,
    down_since: Option<SystemTime>,
    last_error: Option<String>,
    version: Option<String>,
    life: Option<u64>,
    latency: Option<Duration>,
    evicted_unread: Option<u64>,
}

impl Watched {
    pub(super) fn of(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            counters: Default::default(),
            latency: Timing::default(),
            series: Series::of(ServerCounters::SERIES, &[("server.address", name)]),
            known: Mutex::default(),
            is_classic: AtomicBool::new(false),
            said_no_versions: AtomicBool::new(false),
        }
    }

    /// Adds what was counted.
    pub(super) fn add(&self, counted: &Exchanged) {
        for (number, many) in counted.each().into_iter().enumerate().filter(|(_, many)| *many > 0) {
            self.counters[number].fetch_add(many, Ordering::Relaxed);
            self.series.add(number, many);
        }
    }

    /// Notes that a connection was made, and what the server told.
    pub(super) fn greeted(&self, facts: &Facts) {
        let mut known = lock(&self.known);
        known.version = Some(facts.version.clone());
        known.life = Some(facts.life).filter(|&life| life != 0);
        known.evicted_unread = facts.evicted_unread;
        (known.up, known.down_since) = (Some(true), None);
        drop(known);
        self.is_classic.store(facts.dialect == Dialect::Classic, Ordering::Relaxed);
        self.add(&Exchanged { connections: 1, ..Exchanged::default() });
        if !facts.cas_enabled && !self.said_no_versions.swap(true, Ordering::Relaxed) {
            warning!(
                "memcached {} keeps no versions (its option `-C`): only dictionaries with \
                 `OnConflict::LastWriteWins` can change values that they have loaded, and `fetch` \
                 may store a value that is changed meanwhile",
                self.name
            );
        }
    }

    /// Returns whether it spoke the classic dialect when it was last greeted.
    pub(super) fn is_classic(&self) -> bool {
        self.is_classic.load(Ordering::Relaxed)
    }

    /// Notes that the server could not be reached.
    pub(super) fn down(&self, why: &str) {
        let mut known = lock(&self.known);
        known.up = Some(false);
        known.down_since.get_or_insert_with(SystemTime::now);
        known.last_error = Some(why.to_owned());
    }

    /// Notes that an attempt to connect failed, or that a connection broke.
    pub(super) fn failed(&self, why: &str) {
        lock(&self.known).last_error = Some(why.to_owned());
        self.add(&Exchanged { failures: 1, ..Exchanged::default() });
    }

    /// Returns the life in which the server was last greeted, or 0 if it is not known.
    pub(super) fn life(&self) -> u64 {
        lock(&self.known).life.unwrap_or_default()
    }

    pub(super) fn health(&self) -> ServerHealth {
        let name = &self.name;
        let Known { up, down_since, last_error, version, life, latency, .. } = &*lock(&self.known);
        ServerHealth {
            up: *up,
            down_since: *down_since,
            last_error: last_error.as_ref().map(|why| format!("memcached {name} {why}")),
            version: version.clone(),
            life: *life,
            latency: *latency,
            ..ServerHealth::unknown(name)
        }
    }

    pub(super) fn counters(&self) -> ServerCounters {
        let mut counters = Exchanged::read(&self.counters, &self.name);
        counters.latency = self.latency.read();
        counters.evicted_unread = lock(&self.known).evicted_unread;
        counters
    }
}

/// Watches one share of a batch.
#[derive(Debug)]
pub(super) struct Watch<'s> {
    watched: &'s Watched,
    began: Option<Instant>,
    moved: Exchanged,
    traced: Traced,
}

impl<'s> Watch<'s> {
    pub(super) fn begin(watched: &'s Watched, server: &str, many: usize) -> Self {
        let traced = Traced::exchange(server, many);
        Self { watched, began: None, moved: Exchanged::default(), traced }
    }

    /// Notes that the conversation begins.
    pub(super) fn talks(&mut self) {
        self.began = Some(Instant::now());
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.moved.bytes_out += bytes as u64;
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.moved.bytes_in += bytes as u64;
    }

    pub(super) fn greeted(&self, facts: &Facts) {
        self.watched.greeted(facts);
    }

    /// Notes that everything was answered, if anything was asked.
    pub(super) fn done(&mut self) {
        let Some(began) = self.began.take() else { return };
        let took = began.elapsed();
        self.moved.exchanges += 1;
        self.watched.latency.record(took);
        self.watched.series.took(Operation::Exchange, took, None);
        let mut known = lock(&self.watched.known);
        (known.up, known.down_since, known.latency) = (Some(true), None, Some(took));
    }

    /// Notes that the server could not be reached, which says whether it is down.
    pub(super) fn not_reached(&mut self, why: &str, is_down: bool) {
        self.watched.failed(why);
        if is_down {
            self.watched.down(why);
        }
    }

    /// Notes that the connection broke.
    pub(super) fn broke(&mut self, why: &str) {
        self.watched.failed(why);
    }

    /// Notes that the share has no answer.
    pub(super) fn failed(&mut self) {
        self.traced.failed("unavailable");
        if let Some(began) = self.began.take() {
            let series = &self.watched.series;
            series.took(Operation::Exchange, began.elapsed(), Some("unavailable"));
        }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.watched.add(&self.moved);
    }
}

/// What operations a batch has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Loads,
    Changes,
}
