//! Loads entries from the store, in one batch.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

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
    counters::{Counters, Counting},
    def::options::DictOptions,
    entry_id::EntryId,
    error::{Error, Result},
    export::Operation,
    log::{detail, warning},
    store::operation::{Load, Loaded, StoreError},
    trace::Traced,
    track::Tracked,
    unusable::Unusable,
};

/// Loads the entries that were not loaded or written yet, in one batch.
///
/// # Errors
///
/// [`Error::Unavailable`] if the options are strict and a store cannot be reached; otherwise that is
/// a miss. [`Error::Unsupported`] if loads set an end of life, and the store cannot.
pub(crate) async fn load<T: Tracked, D: Drive>(
    core: &Core,
    driver: &D,
    counting: &Counting,
    slots: &[Arc<Slot<T>>],
    what_for: For,
    options: DictOptions,
) -> Result<()> {
    let unknown = unknown(slots, core.next_batch());
    let Some(first) = unknown.first() else { return Ok(()) };
    let (strict, touch) = (options.is_strict(core.settings.strict), options.on_load());
    let life = options.asks_life();
    can_load(driver, first, options)?;
    let generation = unknown.iter().find_map(|slot| slot.generation.as_deref());
    let mut loads = Vec::with_capacity(unknown.len() + 1);
    loads.extend(unknown.iter().map(|slot| Load { touch, life, ..Load::new(slot.name.wire()) }));
    loads.extend(generation.map(Generation::load));
    let mut arrivals = Arrivals {
        answered: vec![false; unknown.len()],
        generation,
        now: None,
        held: Vec::new(),
        unknown: &unknown,
        core,
        what_for,
        strict,
        grace: options.grace(),
        counted: Counters::default(),
        failed: None,
    };
    let call = core.one_batch(driver);
    let driver = call.as_ref().unwrap_or(driver);
    let began = driver.caps().waits().then(Instant::now);
    let traced = Traced::load(&core.settings.namespace, &unknown[0].name.id.dict, loads.len());
    let mut take = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
        arrivals.take(index, loaded);
    };
    traced.around(driver.load_many(&loads, &mut take)).await;
    if let (Some(generation), Some(Now::None)) = (generation, &arrivals.now) {
        begin(driver, generation).await;
    }
    arrivals.end();

    let Arrivals { counted, failed, .. } = arrivals;
    traced.found(counted.hits, counted.loads - counted.hits);
    if failed.is_some() {
        traced.failed("unavailable");
    }
    ended(core, counting, &counted, began, failed.is_some());
    match failed {
        Some((index, error)) if strict => Err(unavailable(core, unknown[index], error)),
        _ => Ok(()),
    }
}

/// Begins a generation that a load has not found. What the session makes of what it has read belongs to a
/// generation that is known before: a later one may begin with a clear.
pub(super) async fn begin<D: Drive>(driver: &D, generation: &Generation) {
    if driver.caps().counts() {
        let mut begins = |_, answer| generation.counted(answer);
        driver.apply_many(&[generation.begin()], &mut begins, &D::Begun::default()).await;
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
    what_for: For,
    strict: bool,
    /// How long values are kept after their lifetime. One whose lifetime is over is a miss.
    grace: Duration,
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
        if let Ok(Loaded::Hit { bytes, .. }) = &loaded {
            self.counted.bytes_in += bytes.len() as u64;
        }
        let answer = slot.decode(loaded, self.what_for, self.grace, &self.core.settings.secrets);
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
            if self.strict {
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

/// Checks that a load can do what the dictionary asks of it.
///
/// # Errors
///
/// `Unsupported`: loads set an end of life, and the store cannot.
pub(crate) fn can_load<T: Tracked, D: Drive>(
    driver: &D,
    first: &Slot<T>,
    options: DictOptions,
) -> Result<()> {
    if options.on_load().is_some() && !driver.caps().touch() {
        let (id, missing) = (first.name.id.clone(), "set an end of life when it loads a value");
        return Err(Error::Unsupported { id, missing });
    }
    Ok(())
}

/// Counts a batch of loads. It began at this time, if that is measured.
pub(super) fn ended(
    core: &Core,
    counting: &Counting,
    counted: &Counters,
    began: Option<Instant>,
    failed: bool,
) {
    counting.add(counted);
    if let Some(began) = began {
        let took = began.elapsed();
        counting.took(Operation::Load, took);
        counting.export(Operation::Load, took, failed.then_some("unavailable"));
    }
    core.settings.outages.tell();
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
        Decoded::Unusable(why, _) | Decoded::Undecoded(why, ..) if why.is_ordinary() => {
            match why {
                Unusable::Leased => counted.leased += 1,
                Unusable::Cleared => counted.cleared += 1,
                _ => counted.stale += 1,
            }
            detail!("`{id}` is a miss: {why}");
        }
        Decoded::Unusable(why, _) | Decoded::Undecoded(why, ..) => {
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
