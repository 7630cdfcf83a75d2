//! A share that is left to the classic client, on the runtime's threads for blocking work.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::super::{
    fallback::{Fallback, Spoken},
    server::Server,
    timeouts::Timeouts,
    watch::{Kind, count_classic},
};
use crate::{
    health::Exchanged,
    store::{
        AsyncStore, Store, adapted,
        deadline::Deadline,
        operation::{ApplyOut, Change, Load, LoadOut, Loaded, StoreError},
    },
};

/// The classic client of one server, as a store of its own.
#[derive(Debug)]
struct Alone {
    fallback: Arc<Fallback>,
    timeouts: Timeouts,
    call: Deadline,
    /// Whether the server could not be used.
    failed: Arc<AtomicBool>,
}

impl Alone {
    fn note(&self, spoken: Spoken) {
        if spoken == Spoken::No {
            self.failed.store(true, Ordering::Relaxed);
        }
    }
}

impl Store for Alone {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        let all: Vec<_> = (0..loads.len()).collect();
        self.note(self.fallback.load_many(self.timeouts, self.call, loads, &all, out));
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        let all: Vec<_> = (0..changes.len()).collect();
        self.note(self.fallback.apply_many(self.timeouts, self.call, changes, &all, out));
    }
}

impl Server {
    /// Loads the operations of `loads` that `share` names.
    pub(in crate::store::memcached) async fn load_classic_in_task(
        &self,
        timeouts: Timeouts,
        call: Deadline,
        loads: &[Load<'_>],
        share: &[usize],
        out: &mut LoadOut<'_>,
    ) {
        let failed = Arc::<AtomicBool>::default();
        let loads: Vec<_> = share.iter().map(|&place| loads[place]).collect();
        let mut counts = Exchanged::default();
        let mut place = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
            let is_hit = |loaded: &Loaded<'_>| matches!(loaded, Loaded::Hit { .. });
            count_classic(&mut counts, Kind::Loads, &loaded, is_hit);
            out(share[index], loaded);
        };
        self.alone(timeouts, call, &failed).load_many(&loads, &mut place).await;
        self.watched.add(&counts);
        self.note_classic(&failed);
    }

    /// Makes the changes of `changes` that `share` names.
    pub(in crate::store::memcached) async fn apply_classic_in_task(
        &self,
        timeouts: Timeouts,
        call: Deadline,
        changes: &[Change<'_>],
        share: &[usize],
        out: &mut ApplyOut<'_>,
    ) {
        let failed = Arc::<AtomicBool>::default();
        let changes: Vec<_> = share.iter().map(|&place| changes[place]).collect();
        let mut counts = Exchanged::default();
        let mut place = |index: usize, applied| {
            count_classic(&mut counts, Kind::Changes, &applied, |_| false);
            out(share[index], applied);
        };
        self.alone(timeouts, call, &failed).apply_many(&changes, &mut place).await;
        self.watched.add(&counts);
        self.note_classic(&failed);
    }

    fn alone(
        &self,
        timeouts: Timeouts,
        call: Deadline,
        failed: &Arc<AtomicBool>,
    ) -> Arc<dyn AsyncStore> {
        let (fallback, failed) = (Arc::clone(&self.fallback), Arc::clone(failed));
        adapted::of_blocking(Arc::new(Alone { fallback, timeouts, call, failed }))
    }

    fn note_classic(&self, failed: &AtomicBool) {
        if failed.load(Ordering::Relaxed) {
            self.tasks.classic_failed();
        }
    }
}
