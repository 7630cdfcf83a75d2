//! The servers as they are known, and when their source is asked again.

use std::{
    fmt, process,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::{answer::Listed, ask::Patience, source::Source};
use crate::{
    error::Error,
    log::{notice, warning},
    store::{
        memcached::{remember::Inherited, store::MemcachedStore},
        operation::Reason,
    },
};

/// How long an endpoint is left alone after it was asked, whatever happens.
const REST: Duration = Duration::from_secs(1);

/// Makes the store of a list of servers.
pub(super) type Make = Arc<dyn Fn(MemcachedStore) -> Result<MemcachedStore, Error> + Send + Sync>;

/// Servers that come and go.
pub(super) struct Cluster {
    pub(super) source: Source,
    pub(super) make: Make,
    pub(super) patience: Patience,
    /// How often the source is asked.
    pub(super) refresh: Duration,
    /// Held while the first list is asked for.
    pub(super) first: Mutex<()>,
    pub(super) state: Mutex<State>,
}

/// What is known of a cluster.
#[derive(Default)]
pub(super) struct State {
    known: Option<Known>,
    /// An older list than the known one, which is taken only if it is told again.
    doubted: Option<Listed>,
    /// The removals that were lost for servers of any list.
    lost: Inherited,
    asked: Option<Instant>,
    /// Why nobody told the list when it was last asked for.
    failed: Option<Reason>,
    /// Whether a server has failed since.
    suspect: bool,
    /// The process whose thread is asking. A forked child has no such thread.
    asking: Option<u32>,
}

struct Known {
    listed: Listed,
    store: Arc<MemcachedStore>,
}

impl Cluster {
    /// Returns the store of the servers that are known now. If none are, it waits until an endpoint
    /// has told them. Asks again from time to time, without waiting.
    ///
    /// # Errors
    ///
    /// The servers are not known, for this reason.
    pub(super) fn now(self: &Arc<Self>) -> Result<Arc<MemcachedStore>, Reason> {
        if let Some(known) = self.known() {
            return known;
        }
        // One caller asks, and the others wait for it.
        let patience = self.patience.connect + self.patience.exchange;
        let Some(_first) = self.first.try_lock_for(patience) else {
            return Err(self
                .source
                .says_first("is being asked for its servers, and does not answer"));
        };
        self.known().unwrap_or_else(|| {
            self.ask();
            let unknown = || Err(self.source.says_first("has told no servers"));
            self.known().unwrap_or_else(unknown)
        })
    }

    /// Returns the store of the servers that are known, if any are.
    pub(super) fn servers(&self) -> Option<Arc<MemcachedStore>> {
        self.state.lock().known.as_ref().map(|known| Arc::clone(&known.store))
    }

    /// Returns the store of the known servers, or why there are none, if they were asked for.
    pub(super) fn known(self: &Arc<Self>) -> Option<Result<Arc<MemcachedStore>, Reason>> {
        let mut state = self.state.lock();
        let since = state.asked.map(|asked| asked.elapsed());
        let State { known, failed, .. } = &*state;
        let known = match (known, failed) {
            (Some(known), _) => Ok(Arc::clone(&known.store)),
            (None, Some(reason)) if since.is_some_and(|since| since < REST) => {
                return Some(Err(reason.clone()));
            }
            (None, _) => return None,
        };
        let pause = if state.suspect { REST } else { self.refresh };
        let is_due = since.is_none_or(|since| since >= pause);
        if is_due && state.asking != Some(process::id()) {
            let this = Arc::clone(self);
            let asks = thread::Builder::new().name("memdict-cluster".to_owned());
            if asks.spawn(move || this.ask()).is_ok() {
                state.asking = Some(process::id());
            }
        }
        Some(known)
    }

    /// Notes that a server of the list was not reached.
    pub(super) fn suspects(&self) {
        self.state.lock().suspect = true;
    }

    /// Asks the source.
    fn ask(&self) {
        let taken = self
            .source
            .ask(self.patience)
            .and_then(|listed| self.take(listed).map_err(|why| self.source.says_first(&why)));
        self.ended(taken.err());
    }

    fn ended(&self, failed: Option<Reason>) {
        let mut state = self.state.lock();
        (state.asked, state.asking, state.suspect) = (Some(Instant::now()), None, false);
        if let (Some(reason), None) = (&failed, &state.failed) {
            let reason = reason.as_str();
            match state.known {
                Some(_) => warning!("{reason}: the servers that are known stay in use"),
                None => warning!("{reason}: each key is a miss until it tells its servers"),
            }
        }
        state.failed = failed;
    }

    /// Takes a list, unless it is the known one, or an older one that was told once.
    fn take(&self, listed: Listed) -> Result<(), String> {
        let mut state = self.state.lock();
        if let Some(known) = &state.known {
            if known.listed.servers == listed.servers {
                return Ok(());
            }
            if listed.version < known.listed.version && state.doubted.as_ref() != Some(&listed) {
                state.doubted = Some(listed);
                return Ok(());
            }
        }
        let wrong = |error: Error| format!("tells servers that cannot be used: {error}");
        let store = MemcachedStore::new(&listed.servers).map_err(wrong)?;
        let store = (self.make)(store).map_err(wrong)?;
        let store = Arc::new(store.inherit(&mut state.lost));
        notice!("the servers are now {}", listed.servers.join(", "));
        (state.known, state.doubted) = (Some(Known { listed, store }), None);
        Ok(())
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("source", &self.source.names()).finish_non_exhaustive()
    }
}
