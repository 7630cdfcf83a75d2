//! Loads entries from the store, in one batch.

use std::{sync::Arc, time::Duration};

use super::{
    core::Core,
    drive::Drive,
    entry::{
        decoded::Decoded,
        generation::{Generation, Now},
        slot::Slot,
        state::For,
    },
};
use crate::{
    counters::Counters,
    entry_id::EntryId,
    error::{Error, Result},
    key::name::Name,
    log::{detail, warning},
    store::operation::{Load, Loaded, StoreError},
    track::Tracked,
    unusable::Unusable,
};

/// What a dictionary wants of a load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) what_for: For,
    /// Whether a store that cannot be reached is an error. Otherwise it is a miss.
    pub(crate) strict: bool,
    /// How long values are kept after their lifetime. One whose lifetime is over is a miss.
    pub(crate) grace: Duration,
}

impl Wanted {
    /// Returns the load of an entry.
    fn load<'n>(&self, name: &'n Name) -> Load<'n> {
        let load = Load::new(name.wire());
        if self.grace.is_zero() { load } else { load.with_life() }
    }
}

/// Loads the entries that were not loaded or written yet, in one batch.
///
/// # Errors
///
/// [`Error::Unavailable`] if `wanted` is strict and a store cannot be reached.
pub(crate) async fn load<T: Tracked, D: Drive>(
    core: &Core,
    driver: &D,
    slots: &[Arc<Slot<T>>],
    wanted: Wanted,
) -> Result<()> {
    let unknown = unknown(slots, core.next_batch());
    if unknown.is_empty() {
        return Ok(());
    }
    let generation = unknown.iter().find_map(|slot| slot.generation.as_deref());
    let mut loads = Vec::with_capacity(unknown.len() + 1);
    loads.extend(unknown.iter().map(|slot| wanted.load(&slot.name)));
    loads.extend(generation.map(Generation::load));
    let mut arrivals = Arrivals {
        answered: vec![false; unknown.len()],
        generation,
        now: None,
        held: Vec::new(),
        unknown: &unknown,
        core,
        wanted,
        counted: Counters::default(),
        failed: None,
    };
    let call = core.one_batch(driver);
    let driver = call.as_ref().unwrap_or(driver);
    driver.load_many(&loads, &mut |index, loaded| arrivals.take(index, loaded)).await;
    arrivals.end();

    let Arrivals { counted, failed, .. } = arrivals;
    core.settings.counting.add(&counted);
    core.settings.outages.tell();
    match failed {
        Some((index, error)) if wanted.strict => Err(unavailable(core, unknown[index], error)),
        _ => Ok(()),
    }
}

/// Returns the error of a strict read that found the store down.
pub(super) fn unavailable<T: Tracked>(core: &Core, slot: &Slot<T>, error: StoreError) -> Error {
    core.read_failed();
    let (id, source) = (slot.name.id.clone(), Box::new(error));
    Error::Unavailable { id, attempts: 1, report: None, source }
}

/// The answers to a batch. Each is installed in its entry when it arrives.
struct Arrivals<'u, T: Tracked> {
    unknown: &'u [&'u Slot<T>],
    core: &'u Core,
    wanted: Wanted,
    answered: Vec<bool>,
    /// The generation of the dictionary, if it can be cleared, and what the store says about it.
    generation: Option<&'u Generation>,
    now: Option<Now>,
    /// Answers that mean nothing before the generation is known.
    held: Vec<(usize, Decoded<T>)>,
    counted: Counters,
    /// The first entry, by index, that could not be reached.
    failed: Option<(usize, StoreError)>,
}

impl<T: Tracked> Arrivals<'_, T> {
    fn take(&mut self, index: usize, loaded: Result<Loaded<'_>, StoreError>) {
        let (Some(answered), Some(slot)) = (self.answered.get_mut(index), self.unknown.get(index))
        else {
            if let (None, Some(generation)) = (&self.now, self.generation) {
                self.now = Some(generation.loaded(loaded));
            }
            return;
        };
        if std::mem::replace(answered, true) {
            return;
        }
        let Wanted { what_for, grace, .. } = self.wanted;
        let answer = slot.decode(loaded, what_for, grace, &self.core.settings.secrets);
        match self.generation {
            Some(_) => self.held.push((index, answer)),
            None => self.settle(index, answer),
        }
    }

    /// Installs an answer in its entry.
    fn settle(&mut self, index: usize, answer: Decoded<T>) {
        let slot = self.unknown[index];
        note(self.core, &mut self.counted, &slot.name.id, &answer);
        if let Decoded::Unreachable(error) = &answer {
            if self.failed.as_ref().is_none_or(|(first, _)| index < *first) {
                self.failed = Some((index, error.clone()));
            }
            if self.wanted.strict {
                return;
            }
        }
        slot.install(answer);
    }

    /// Ends the batch: each entry without an answer is unreachable.
    fn end(&mut self) {
        for index in 0..self.answered.len() {
            if !self.answered[index] {
                self.take(index, Err(StoreError::Down("the store gave no answer".into())));
            }
        }
        let Some(generation) = self.generation else { return };
        let now = self.now.take().unwrap_or_else(|| {
            generation.loaded(Err(StoreError::Down("the store gave no answer".into())))
        });
        let mut held = std::mem::take(&mut self.held);
        held.sort_unstable_by_key(|(index, _)| *index);
        for (index, answer) in held {
            self.settle(index, answer.in_generation(&now));
        }
    }
}

/// Counts and logs the answer to a load.
pub(super) fn note<T>(core: &Core, counted: &mut Counters, id: &EntryId, answer: &Decoded<T>) {
    counted.loads += 1;
    match answer {
        Decoded::Value(..) => counted.hits += 1,
        Decoded::Nothing | Decoded::Tombstone(_) | Decoded::Absence(..) => counted.absent += 1,
        Decoded::Unreachable(error) => {
            counted.unreachable += 1;
            detail!("`{id}` is a miss: {error}");
            let reason = error.reason();
            core.settings.outages.missed(reason.server(), reason.as_str());
        }
        Decoded::Unusable(why, _) if why.is_ordinary() => {
            counted.absent += 1;
            detail!("`{id}` is a miss: {why}");
        }
        Decoded::Unusable(why, _) => {
            match why {
                Unusable::Unverified => counted.unverified += 1,
                Unusable::OtherSchema { fingerprint, found, asked }
                | Unusable::NewerSchema { fingerprint, found, asked } => {
                    match why {
                        Unusable::NewerSchema { .. } => counted.newer_schema += 1,
                        _ => counted.other_schema += 1,
                    }
                    let settings = &core.settings;
                    settings.found_other_schema(&id.dict, *fingerprint, *found, asked);
                }
                _ => counted.unusable += 1,
            }
            warning!("`{id}` is a miss: {why}");
        }
    }
}

/// Returns the entries that need a load, each once.
fn unknown<T: Tracked>(slots: &[Arc<Slot<T>>], batch: u64) -> Vec<&Slot<T>> {
    let mut unknown = Vec::with_capacity(slots.len());
    unknown.extend(slots.iter().map(Arc::as_ref).filter(|slot| slot.joins(batch)));
    unknown
}
