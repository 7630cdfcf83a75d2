//! Incidents between two operations of a store: another client changes a value, a server restarts,
//! or a change that was given up arrives late.

use std::{
    collections::VecDeque,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use memdict::{ApplyOut, Caps, Change, Condition, Expiry, Load, LoadOut, Op, Store, StoreError};
use memdict_tests::Fault;

use super::{
    record::{Place, is_generation},
    stage::Behind,
};

/// What happens to one operation of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Incident {
    /// The operation fails.
    Fault(Fault),
    /// The change gets no answer, and is made only after this many more operations.
    Late(u8),
    /// Another client acts first.
    Meddling(Meddling),
}

impl Incident {
    /// Returns whether it leaves unknown whether a change was made.
    pub(crate) fn is_unsure(self) -> bool {
        use Fault::{AckLost, SentAndLost};
        matches!(self, Self::Late(_) | Self::Fault(AckLost | SentAndLost))
    }
}

/// What another client does to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meddling {
    /// Adds an update to the stored value.
    Add,
    /// Adds an update in the old program, which has to keep a value of the new one.
    AddOld,
    /// Stores a new record.
    Put,
    /// Stores a new record, in the old program.
    PutOld,
    /// Removes the value; where removals leave tombstones, it leaves one.
    Remove,
    /// Begins the life of the stored value anew.
    Touch,
    /// Clears the dictionary that can be cleared.
    Clear,
    /// The server evicts its generation.
    LoseGeneration,
    /// Makes the stored value stale, whatever it is.
    Invalidate,
    /// Deletes the value or the tombstone, or the server evicts it, which looks the same.
    Delete,
    /// The server evicts all values.
    DeleteAll,
    /// The next connection to the server is another one.
    Reconnect,
    /// The server restarts.
    Restart,
    /// The server restarts, and another client stores values until one has the version number that
    /// the value in this place had.
    Return,
}

impl Meddling {
    /// Returns whether the server restarts.
    pub(crate) fn is_restart(self) -> bool {
        matches!(self, Self::Restart | Self::Return)
    }
}

/// The store that sessions see. It plans incidents and makes them happen.
#[derive(Debug)]
pub(crate) struct Between {
    behind: Arc<Behind>,
    plan: Mutex<Plan>,
}

#[derive(Debug, Default)]
struct Plan {
    /// Each with the number of operations before it.
    soon: Vec<(u8, Incident)>,
    /// Counted from the next change on.
    once_writing: Vec<(u8, Incident)>,
    /// Changes that were sent and have not arrived, each with the number of operations before it.
    held: VecDeque<(u8, Owned)>,
    /// The incidents that have happened, each with the place, unless the key was of a number.
    happened: Vec<(Option<Place>, Incident)>,
}

/// What was planned.
pub(crate) struct Paused(Vec<(u8, Incident)>, Vec<(u8, Incident)>);

#[derive(Debug)]
struct Owned {
    key: Vec<u8>,
    op: OwnedOp,
    when: Condition,
}

/// What a held change does.
#[derive(Debug)]
enum OwnedOp {
    Store(Vec<u8>, Expiry),
    /// It has no bytes.
    Other(Op<'static>),
}

impl OwnedOp {
    fn of(op: Op<'_>) -> Self {
        match op {
            Op::Store { bytes, expiry } => Self::Store(bytes.to_vec(), expiry),
            Op::Delete => Self::Other(Op::Delete),
            Op::Count(count) => Self::Other(Op::Count(count)),
            Op::Touch { expiry } => Self::Other(Op::Touch { expiry }),
            Op::Invalidate { grace } => Self::Other(Op::Invalidate { grace }),
            op => panic!("no session of the model sends {op:?}"),
        }
    }

    fn lend(&self) -> Op<'_> {
        match self {
            Self::Store(bytes, expiry) => Op::Store { bytes, expiry: *expiry },
            Self::Other(op) => *op,
        }
    }
}

impl Between {
    pub(crate) fn new(behind: Arc<Behind>) -> Self {
        Self { behind, plan: Mutex::default() }
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Plans an incident this many operations from now, or from the next change on if `writing`.
    pub(crate) fn plan_for(&self, operations: u8, writing: bool, incident: Incident) {
        let mut plan = self.plan();
        let list = if writing { &mut plan.once_writing } else { &mut plan.soon };
        list.push((operations, incident));
    }

    /// Takes out what is planned, after all held changes have arrived. Until it is put back, nothing
    /// happens.
    pub(crate) fn pause(&self) -> Paused {
        self.arrive();
        let mut plan = self.plan();
        Paused(mem::take(&mut plan.soon), mem::take(&mut plan.once_writing))
    }

    pub(crate) fn go_on(&self, Paused(soon, once_writing): Paused) {
        let mut plan = self.plan();
        (plan.soon, plan.once_writing) = (soon, once_writing);
    }

    /// Lets all held changes arrive.
    pub(crate) fn arrive(&self) {
        let held = mem::take(&mut self.plan().held);
        held.into_iter().for_each(|(_, change)| self.deliver(&change));
    }

    /// Returns what has happened since the last call.
    pub(crate) fn happened(&self) -> Vec<(Option<Place>, Incident)> {
        mem::take(&mut self.plan().happened)
    }

    /// Cancels all plans.
    pub(crate) fn clear(&self) {
        *self.plan() = Plan::default();
    }

    fn deliver(&self, change: &Owned) {
        let change = Change::new(&change.key, change.op.lend(), change.when);
        self.behind.faulty.apply_many(&[change], &mut |_, _| {});
    }

    /// Begins an operation. Returns the incident that happens to it and that the caller has to
    /// handle.
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
            if let Some(incident) = incident {
                let place = Place::of_wire(key);
                let is_fault = matches!(incident, Incident::Fault(_) | Incident::Late(_));
                // A load can have no other fault.
                let down = Incident::Fault(Fault::Down);
                plan.happened.push((place, if is_fault && !is_change { down } else { incident }));
            }
            (due, incident)
        };
        due.iter().for_each(|change| self.deliver(change));
        match incident? {
            Incident::Fault(fault) => self.behind.faulty.fail_in(0, fault),
            // A value that was loaded is not changed before its generation is.
            Incident::Meddling(meddling)
                if is_generation(key) && !(is_change && meddling.is_restart()) =>
            {
                self.behind.meddle(Meddling::Clear, Place::clearable());
            }
            Incident::Meddling(meddling) => {
                // Other clients act at any time, at any place.
                let place = Place::of_wire(key).unwrap_or_else(|| Place::nth(0));
                self.behind.meddle(meddling, place);
            }
            Incident::Late(after) if is_change => return Some(Incident::Late(after)),
            Incident::Late(_) => self.behind.faulty.fail_in(0, Fault::Down),
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
                let (key, op) = (change.key.to_vec(), OwnedOp::of(change.op));
                let held = Owned { key, op, when: change.when };
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
