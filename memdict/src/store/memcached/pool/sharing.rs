//! The connections that tasks share.

use std::{mem, sync::Arc};

use tokio::runtime::Handle;

use super::{Callers, Pool, PoolState, lock};
use crate::store::memcached::{
    tasks::{driver, shared::Shared},
    watch::Watched,
};

/// One connection in this many may be shared; the others are for one batch at a time.
const SHARED: usize = 4;

/// Another connection is shared when so many tasks wait for answers on each of the others.
const CROWD: usize = 32;

/// Which connection a small share uses.
enum Choice {
    Shared(Arc<Shared>),
    /// One of its own.
    Alone,
}

impl Pool {
    /// Returns a shared connection for a small share, or `None` if it should have one for itself:
    /// the one that it wants, or any if no other batch is under way.
    pub(in crate::store::memcached) fn share(
        &self,
        process: u32,
        runtime: &Handle,
        wanted: Option<u64>,
        watched: &Arc<Watched>,
    ) -> Option<Arc<Shared>> {
        loop {
            let mut state = lock(&self.state);
            if state.process != process {
                return None;
            }
            let choice = state.choose(self.max_connections, runtime, wanted, watched);
            // The lock is released, because a look at the connection is a system call.
            drop(state);
            match choice {
                Choice::Alone => return None,
                Choice::Shared(shared) if shared.is_alive() => return Some(shared),
                Choice::Shared(shared) => self.stop_sharing(&shared),
            }
        }
    }

    /// Gives up a shared connection that has ended. The idle ones are closed too, because the
    /// server may be gone.
    pub(in crate::store::memcached) fn stop_sharing(&self, ended: &Arc<Shared>) {
        ended.end("closed the connection");
        let mut state = lock(&self.state);
        let before = state.shared.len();
        state.shared.retain(|shared| !Arc::ptr_eq(shared, ended));
        if state.shared.len() < before {
            let idle = mem::take(&mut state.idle);
            state.queue.wake();
            drop(state);
            drop(idle);
        }
    }
}

impl PoolState {
    /// Returns how many connections are shared.
    pub(super) fn shared_open(&self) -> usize {
        self.shared.iter().filter(|shared| shared.is_open()).count()
    }

    /// Returns how many of them no task waits on.
    pub(super) fn shared_idle(&self) -> usize {
        self.shared.iter().filter(|shared| shared.is_open() && shared.waiting() == 0).count()
    }

    fn choose(
        &mut self,
        max: usize,
        runtime: &Handle,
        wanted: Option<u64>,
        watched: &Arc<Watched>,
    ) -> Choice {
        let callers = Callers::Tasks(runtime.id());
        self.shared.retain(|shared| shared.is_for(callers) || shared.is_open());
        let mine = || self.shared.iter().filter(|shared| shared.is_for(callers));
        if let Some(wanted) = wanted {
            if let Some(shared) = mine().find(|shared| shared.facts.connection == wanted) {
                return Choice::Shared(Arc::clone(shared));
            }
            if self.idle.iter().any(|idle| idle.facts.connection == wanted) {
                return Choice::Alone;
            }
        }
        let least = mine().min_by_key(|shared| shared.waiting()).cloned();
        let waiting = least.as_ref().map_or(CROWD, |shared| shared.waiting());
        let fits = self.idle.iter().rposition(|idle| idle.socket.is_for(callers));
        let is_busy = self.in_use + self.dialing > 0 || mine().any(|shared| shared.waiting() > 0);
        if let Some(place) = fits {
            if !is_busy {
                return Choice::Alone;
            }
            let has_room = self.shared.len() < max / SHARED || self.shared.is_empty() && max > 1;
            if waiting >= CROWD
                && has_room
                && let Some(connection) = self.idle.remove(place)
            {
                let shared = driver::share(*connection, Arc::clone(watched), runtime);
                self.shared.push(Arc::clone(&shared));
                return Choice::Shared(shared);
            }
        }
        least.map_or(Choice::Alone, Choice::Shared)
    }
}
