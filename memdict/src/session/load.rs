//! From keys to entries: one batch of loads.

use std::sync::Arc;

use super::{
    core::Core,
    drive::Drive,
    entry::{
        slot::{Decoded, Slot},
        state::For,
    },
};
use crate::{
    counters::Counters,
    envelope::Unusable,
    error::{Error, Result},
    log::warning,
    store::operation::{Load, Loaded, StoreError},
    track::Tracked,
};

/// Loads those of the entries that nothing is known of, in one batch.
///
/// # Errors
///
/// In a strict cache, [`Error::Unavailable`] if a store cannot be reached; otherwise that is a
/// miss.
pub(crate) async fn load<T: Tracked, D: Drive>(
    core: &Core,
    driver: &D,
    slots: &[Arc<Slot<T>>],
    what_for: For,
) -> Result<()> {
    let unknown = unknown(slots, core.next_batch());
    if unknown.is_empty() {
        return Ok(());
    }
    let loads: Vec<_> = unknown.iter().map(|slot| Load::new(slot.name.wire())).collect();
    let mut arrivals = Arrivals {
        answered: vec![false; unknown.len()],
        unknown: &unknown,
        what_for,
        strict: core.settings.strict,
        counted: Counters::default(),
        failed: None,
    };
    driver.load_many(&loads, &mut |index, loaded| arrivals.take(index, loaded)).await;
    arrivals.end();

    let Arrivals { strict, counted, failed, .. } = arrivals;
    core.settings.counting.add(&counted);
    let Some((index, error)) = failed else {
        return Ok(());
    };
    let key = unknown[index].name.to_string();
    if strict {
        return Err(Error::Unavailable { key, attempts: 1, report: None, source: Box::new(error) });
    }
    let unreachable = counted.unreachable;
    warning!("{unreachable} keys are misses, {key} the first of them: {error}");
    Ok(())
}

/// The answers to a batch, each put into its entry as it comes.
struct Arrivals<'u, T: Tracked> {
    unknown: &'u [&'u Slot<T>],
    what_for: For,
    answered: Vec<bool>,
    strict: bool,
    counted: Counters,
    /// The first of the entries that could not be reached.
    failed: Option<(usize, StoreError)>,
}

impl<T: Tracked> Arrivals<'_, T> {
    fn take(&mut self, index: usize, loaded: Result<Loaded<'_>, StoreError>) {
        let (Some(answered), Some(slot)) = (self.answered.get_mut(index), self.unknown.get(index))
        else {
            return;
        };
        if std::mem::replace(answered, true) {
            return;
        }
        let answer = slot.decode(loaded, self.what_for);
        note(&mut self.counted, slot, &answer);
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

    /// What was not answered never will be.
    fn end(&mut self) {
        for index in 0..self.answered.len() {
            if !self.answered[index] {
                self.take(index, Err(StoreError::Down("the store gave no answer".to_owned())));
            }
        }
    }
}

/// The entries that nothing is known of, each once.
fn unknown<T: Tracked>(slots: &[Arc<Slot<T>>], batch: u64) -> Vec<&Slot<T>> {
    let mut unknown = Vec::with_capacity(slots.len());
    unknown.extend(slots.iter().map(Arc::as_ref).filter(|slot| slot.joins(batch)));
    unknown
}

/// Counts and logs what a load gave.
fn note<T: Tracked>(counted: &mut Counters, slot: &Slot<T>, answer: &Decoded<T>) {
    counted.loads += 1;
    match answer {
        Decoded::Value(..) => counted.hits += 1,
        Decoded::Nothing => counted.absent += 1,
        Decoded::Unreachable(_) => counted.unreachable += 1,
        Decoded::Unusable(why, _) => {
            match why {
                Unusable::OtherSchema => counted.other_schema += 1,
                _ => counted.unusable += 1,
            }
            warning!("{} is a miss: what is stored is {why}", slot.name);
        }
    }
}
