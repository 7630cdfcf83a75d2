//! The stored objects: one for each client address, and one for each path.
//!
//! These are plain structs with plain methods. They contain no flags for changes, and no code
//! stores them: a session notices the changes.

use std::collections::BTreeMap;

use memdict::{DictDef, Tracked};
use serde::{Deserialize, Serialize};

use crate::line::Line;

/// The visitors, by client address.
pub(crate) static VISITORS: DictDef<Visitor> = DictDef::new("visitors");

/// The pages, by path.
pub(crate) static PAGES: DictDef<Page> = DictDef::new("pages");

/// What is known of a client address.
#[derive(Serialize, Deserialize, Tracked)]
pub(crate) struct Visitor {
    pub(crate) hits: u64,
    pub(crate) bytes: u64,
    /// Seconds since 1970, like all times here.
    first: i64,
    last: i64,
    /// The path that was requested at `last`.
    last_path: String,
    /// Hits by status code.
    statuses: BTreeMap<u16, u64>,
    /// Hits by user agent, if the log names it.
    agents: BTreeMap<String, u64>,
}

impl Visitor {
    /// Returns a visitor who comes at this time and has no hits yet.
    pub(crate) fn arriving(time: i64) -> Self {
        Self {
            hits: 0,
            bytes: 0,
            first: time,
            last: time,
            last_path: String::new(),
            statuses: BTreeMap::new(),
            agents: BTreeMap::new(),
        }
    }

    /// Counts a line with this address. Several logs may be counted in any order.
    pub(crate) fn count(&mut self, line: &Line) {
        self.hits += 1;
        self.bytes = self.bytes.saturating_add(line.bytes);
        self.first = self.first.min(line.time);
        if line.time >= self.last {
            self.last = line.time;
            self.last_path.clone_from(&line.path);
        }
        *self.statuses.entry(line.status).or_default() += 1;
        if let Some(agent) = &line.agent {
            *self.agents.entry(agent.clone()).or_default() += 1;
        }
    }

    /// Returns whether the parts are consistent. They were changed in different places, so this
    /// shows that they were stored together.
    pub(crate) fn is_whole(&self) -> bool {
        self.hits == self.statuses.values().sum::<u64>()
            && self.hits >= self.agents.values().sum::<u64>()
            && self.first <= self.last
    }
}

/// What is known of a path.
#[derive(Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Page {
    /// The largest response so far, in bytes.
    pub(crate) largest: u64,
}
