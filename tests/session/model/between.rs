//! What happens between two operations of a store: others come and change what is there, servers
//! begin anew, and a change that was given up arrives late.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use memdict::{ApplyOut, Caps, Change, Condition, Load, LoadOut, Op, Store, StoreError};
use memdict_tests::Fault;

use super::{record::Place, stage::Behind};

/// What befalls one operation of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// It fails.
    Fault(Fault),
    /// It gets no answer, and is made only after this many operations more.
    Late(u8),
    /// Somebody else comes first.
    Meddling(Meddling),
}

/// What somebody else does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meddling {
    /// Adds an update to what is there.
    Add,
    /// Stores a new record.
    Put,
    /// Deletes what is there, or the server drives it out: they look alike.
    Delete,
    /// The server drives out all there is.
    DeleteAll,
    /// The server begins anew.
    Restart,
    /// It does, and somebody else stores until a value has the number that the one in this place
    /// had.
    Return,
}

impl Meddling {
    /// Whether the server begins anew.
    pub(crate) fn is_restart(self) -> bool {
        matches!(self, Self::Restart | Self::Return)
    }
}

/// The store that sessions see: plans incidents, and makes them happen.
#[derive(Debug)]
pub(crate) struct Between {
    behind: Arc<Behind>,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    /// Each with the number of operations that come before.
    soon: Vec<(u8, Incident)>,
    /// Counted from the next change on.
    once_writing: Vec<(u8, Incident)>,
    /// What was sent and has not arrived, each with the number of operations that come before.
    held: VecDeque<(u8, Owned)>,
    /// What has happened.
    happened: Vec<(Place, Incident)>,
}

#[derive(Debug)]
struct Owned {
    key: Vec<u8>,
    bytes: Option<(Vec<u8>, Option<Duration>)>,
    when: Condition,
}

impl Between {
    pub(crate) fn new(behind: Arc<Behind>) -> Self {
        Self { behind, plan: Mutex::default() }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many operations from now. Counted from the next change on, if it is for when writing.
    pub(crate) fn plan_for(&self, operations: u8, writing: bool, incident: Incident) {
        let mut plan = self.plan();
        let list = if writing { &mut plan.once_writing } else { &mut plan.soon };
        list.push((operations, incident));
    }

    /// What is still on its way arrives.
    pub(crate) fn arrive(&self) {
        let held = mem::take(&mut self.plan().held);
        held.into_iter().for_each(|(_, change)| self.deliver(&change));
    }

    /// What has happened since this was asked last.
    pub(crate) fn happened(&self) -> Vec<(Place, Incident)> {
        mem::take(&mut self.plan().happened)
    }

    /// Nothing happens any more.
    pub(crate) fn clear(&self) {
        *self.plan() = Plan::default();
    }

    fn deliver(&self, change: &Owned) {
        let what = match &change.bytes {
            Some((bytes, ttl)) => Op::Store { bytes, ttl: *ttl },
            None => Op::Delete,
        };
        let change = Change::new(&change.key, what, change.when);
        self.behind.faulty.apply_many(&[change], &mut |_, _| {});
    }

    /// An operation begins. What befalls it, if that is not done already.
    fn begin(&self, key: &[u8], is_change: bool) -> Option<Incident> {
        let (due, incident) = {
            let mut plan = self.plan();
            if is_change {
                let planned = mem::take(&mut plan.once_writing);
                plan.soon.extend(planned);
            }
            let mut due = Vec::new();
            plan.held = mem::take(&mut plan.held)
                .into_iter()
                .filter_map(|(left, change)| match left.checked_sub(1) {
                    Some(left) => Some((left, change)),
                    None => {
                        due.push(change);
                        None
                    }
                })
                .collect();
            let at = plan.soon.iter().position(|(left, _)| *left == 0);
            let incident = at.map(|at| plan.soon.remove(at).1);
            plan.soon.iter_mut().for_each(|(left, _)| *left = left.saturating_sub(1));
            if let (Some(incident), Some(place)) = (incident, Place::of_wire(key)) {
                let is_fault = matches!(incident, Incident::Fault(_) | Incident::Late(_));
                // A load has no other fault.
                let down = Incident::Fault(Fault::Down);
                plan.happened.push((place, if is_fault && !is_change { down } else { incident }));
            }
            (due, incident)
        };
        due.iter().for_each(|change| self.deliver(change));
        match incident? {
            Incident::Fault(fault) => self.behind.faulty.fail_in(0, fault),
            Incident::Meddling(meddling) => {
                if let Some(place) = Place::of_wire(key) {
                    self.behind.meddle(meddling, place);
                }
            }
            Incident::Late(after) => return Some(Incident::Late(after)),
        }
        None
    }
}

impl Store for Between {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        for (index, load) in loads.iter().enumerate() {
            self.begin(load.key, false);
            self.behind.faulty.load_many(&[*load], &mut |_, loaded| out(index, loaded));
        }
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        for (index, change) in changes.iter().enumerate() {
            if let Some(Incident::Late(after)) = self.begin(change.key, true) {
                let bytes = match change.op {
                    Op::Store { bytes, ttl } => Some((bytes.to_vec(), ttl)),
                    _ => None,
                };
                let held = Owned { key: change.key.to_vec(), bytes, when: change.when };
                self.plan().held.push_back((after, held));
                out(index, Err(StoreError::Unknown("no answer, it is late".into())));
                continue;
            }
            self.behind.faulty.apply_many(&[*change], &mut |_, outcome| out(index, outcome));
        }
    }

    fn caps(&self) -> Caps {
        self.behind.faulty.caps()
    }
}
