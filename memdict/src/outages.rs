//! The log lines about servers that are down: one for each server and second, with counts. Single
//! keys are logged only at the level `debug`.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::log::warning;

/// The time after a line in which a server has no other line.
const PAUSE: Duration = Duration::from_secs(1);

/// The outages of a cache's servers that are to be logged.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    /// Whether counts are waiting to be logged, so that the lock is taken only if they are.
    waiting: AtomicBool,
    servers: Mutex<HashMap<String, Outage>>,
}

/// The counts of one server that are not logged yet.
#[derive(Debug, Default)]
struct Outage {
    misses: u64,
    lost: u64,
    /// The reason of the last failure.
    reason: String,
    said: Option<Instant>,
}

impl Outages {
    /// Counts a key that could not be read.
    pub(crate) fn missed(&self, server: Option<&str>, reason: &str) {
        self.count(server, reason, |outage| outage.misses += 1);
    }

    /// Counts a change that did not reach its server.
    pub(crate) fn lost(&self, server: Option<&str>, reason: &str) {
        self.count(server, reason, |outage| outage.lost += 1);
    }

    fn count(&self, server: Option<&str>, reason: &str, count: impl FnOnce(&mut Outage)) {
        let mut servers = self.servers.lock();
        let outage = servers.entry(server.unwrap_or("the store").to_owned()).or_default();
        count(outage);
        outage.reason.clear();
        outage.reason.push_str(reason);
        self.waiting.store(true, Ordering::Relaxed);
    }

    /// Logs the lines that are due. The others wait for the next use of the cache, or its end.
    pub(crate) fn tell(&self) {
        if self.waiting.load(Ordering::Relaxed) {
            self.due(Some(Instant::now())).iter().for_each(|line| warning!("{line}"));
        }
    }

    /// Takes the lines that are due at `now`, or all lines if it is `None`.
    fn due(&self, now: Option<Instant>) -> Vec<String> {
        let mut servers = self.servers.lock();
        let (mut lines, mut waiting) = (Vec::new(), false);
        for (server, outage) in &mut *servers {
            if outage.misses == 0 && outage.lost == 0 {
                continue;
            }
            let soon = |now: Instant| {
                outage.said.is_some_and(|said| now.saturating_duration_since(said) < PAUSE)
            };
            if now.is_some_and(soon) {
                waiting = true;
                continue;
            }
            let Outage { misses, lost, reason, .. } = outage;
            lines.push(format!("{server} is down: {misses} misses, {lost} lost writes ({reason})"));
            (outage.misses, outage.lost, outage.said) = (0, 0, now);
        }
        self.waiting.store(waiting, Ordering::Relaxed);
        lines
    }
}

impl Drop for Outages {
    fn drop(&mut self) {
        self.due(None).iter().for_each(|line| warning!("{line}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_one_line_for_each_server_and_second_with_counts() {
        let outages = Outages::default();
        let start = Instant::now();
        assert!(outages.due(Some(start)).is_empty());
        outages.missed(Some("cache-1"), "cannot be reached");
        assert_eq!(
            outages.due(Some(start)),
            ["cache-1 is down: 1 misses, 0 lost writes (cannot be reached)"]
        );
        for _ in 0..812 {
            outages.missed(Some("cache-1"), "cannot be reached");
        }
        (0..790).for_each(|_| outages.lost(Some("cache-1"), "timed out"));
        outages.lost(None, "no answer");
        let soon = start + PAUSE / 2;
        assert_eq!(
            outages.due(Some(soon)),
            ["the store is down: 0 misses, 1 lost writes (no answer)"]
        );
        assert_eq!(
            outages.due(Some(start + PAUSE)),
            ["cache-1 is down: 812 misses, 790 lost writes (timed out)"]
        );
        assert!(outages.due(Some(start + 5 * PAUSE)).is_empty());
    }

    #[test]
    fn counts_that_are_not_due_are_logged_at_the_end() {
        let outages = Outages::default();
        let start = Instant::now();
        outages.missed(Some("cache-1"), "cannot be reached");
        assert_eq!(outages.due(Some(start)).len(), 1);
        outages.missed(Some("cache-1"), "cannot be reached");
        assert!(outages.due(Some(start)).is_empty() && outages.waiting.load(Ordering::Relaxed));
        assert_eq!(outages.due(None).len(), 1);
        assert!(!outages.waiting.load(Ordering::Relaxed));
    }
}
