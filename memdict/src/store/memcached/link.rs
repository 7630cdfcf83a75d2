//! One server: connected when it is first needed, and anew after a failure.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use memcache::exp::MetaClient;
use parking_lot::Mutex;

use super::probe::{self, Facts};
use crate::store::StoreError;

/// More idle connections than this are closed.
const MAX_IDLE: usize = 32;

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeouts {
    pub(super) connect: Duration,
    pub(super) exchange: Duration,
}

/// A server that answered: what it is, and the connections to it.
pub(super) struct Link {
    pub(super) client: MetaClient,
    pub(super) facts: Facts,
}

/// The way to one server.
#[derive(Default)]
pub(super) struct Way {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Arc<Link>>,
    /// The last time that nothing could be linked, and why.
    failed: Option<(Instant, StoreError)>,
}

impl Way {
    /// The link, made if there is none. One thread makes it while the others wait, and share
    /// what came of it also if it failed, so that a server that is down costs each of them one
    /// timeout and not a queue of them.
    pub(super) fn link(&self, name: &str, timeouts: Timeouts) -> Result<Arc<Link>, StoreError> {
        let arrived = Instant::now();
        let mut state = self.state.lock();
        if let Some(link) = &state.link {
            return Ok(Arc::clone(link));
        }
        if let Some((when, error)) = &state.failed
            && *when >= arrived
        {
            return Err(error.clone());
        }
        let made = make(name, timeouts);
        match &made {
            Ok(link) => state.link = Some(Arc::clone(link)),
            Err(error) => state.failed = Some((Instant::now(), error.clone())),
        }
        made
    }

    /// Forgets a link that failed: the server may be another one now, at another address.
    pub(super) fn forget(&self, failed: &Arc<Link>) {
        let mut state = self.state.lock();
        if state.link.as_ref().is_some_and(|link| Arc::ptr_eq(link, failed)) {
            state.link = None;
        }
    }
}

fn make(name: &str, timeouts: Timeouts) -> Result<Arc<Link>, StoreError> {
    let down = |why: String| StoreError::Down(format!("memcached {name} {why}"));
    let facts = probe::probe(name, timeouts.connect, timeouts.exchange).map_err(down)?;
    let client = MetaClient::builder()
        .max_idle(MAX_IDLE)
        .connect_timeout(Some(timeouts.connect))
        .io_timeout(Some(timeouts.exchange))
        .connect(facts.address)
        .map_err(|error| down(format!("cannot be used: {error}")))?;
    Ok(Arc::new(Link { client, facts }))
}
