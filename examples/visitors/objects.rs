//! What is kept: one object per client address, one per path.
//!
//! These are plain structs with plain methods. Nothing in them says what was changed, and
//! nobody stores them: a session notices.

use std::collections::BTreeMap;

use memdict::{DictDef, Tracked};
use serde::{Deserialize, Serialize};

use crate::line::Line;

/// One per client address.
pub(crate) static VISITORS: DictDef<Visitor> = DictDef::new("visitors");

/// One per path.
pub(crate) static PAGES: DictDef<Page> = DictDef::new("pages");

/// Who a client address was.
#[derive(Serialize, Deserialize, Tracked)]
pub(crate) struct Visitor {
    pub(crate) hits: u64,
    pub(crate) bytes: u64,
    /// Seconds since 1970, as all times.
    first: i64,
    last: i64,
    /// The path asked for at `last`.
    last_path: String,
    /// Hits per status code.
    statuses: BTreeMap<u16, u64>,
    /// Hits per user agent, where the log names it.
    agents: BTreeMap<String, u64>,
}

impl Visitor {
    /// One who comes at this time, not counted yet.
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

    /// Counts a line of this address. Several logs may come in any order.
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

    /// Whether its parts fit together: they were changed in different places, so this shows
    /// that they were stored together.
    pub(crate) fn is_whole(&self) -> bool {
        self.hits == self.statuses.values().sum::<u64>()
            && self.hits >= self.agents.values().sum::<u64>()
            && self.first <= self.last
    }
}

/// What a path was.
#[derive(Default, Serialize, Deserialize, Tracked)]
pub(crate) struct Page {
    /// The largest response so far, in bytes.
    pub(crate) largest: u64,
}
