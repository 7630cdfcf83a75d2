//! From keys to entries: one batch of loads.

use std::sync::Arc;

use super::{
    core::Core,
    drive::Drive,
    slot::{Decoded, Slot},
};
use crate::{
    counters::Counters,
    envelope::Unusable,
    error::{Error, Result},
    log::warning,
    store::{Load, Loaded, StoreError},
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
) -> Result<()> {
    let unknown = unknown(slots, core.next_batch());
    if unknown.is_empty() {
        return Ok(());
    }
    let loads: Vec<_> = unknown.iter().map(|slot| Load::new(slot.name.wire())).collect();
    let mut answers: Vec<Option<Decoded<T>>> = unknown.iter().map(|_| None).collect();
    let mut take = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
        if let (Some(answer), Some(slot)) = (answers.get_mut(index), unknown.get(index)) {
            *answer = Some(slot.decode(loaded));
        }
    };
    driver.load_many(&loads, &mut take).await;

    let mut failed = None;
    let mut counted = Counters::default();
    for (slot, answer) in unknown.iter().zip(answers) {
        let answer = answer.unwrap_or_else(|| {
            Decoded::Unreachable(StoreError::Down("the store gave no answer".to_owned()))
        });
        note(&mut counted, slot, &answer);
        if let Decoded::Unreachable(error) = &answer {
            failed.get_or_insert((slot, error.clone()));
            if core.settings.strict {
                continue;
            }
        }
        slot.install(answer);
    }
    core.settings.counting.add(&counted);
    let Some((slot, error)) = failed else {
        return Ok(());
    };
    let key = slot.name.to_string();
    if core.settings.strict {
        return Err(Error::Unavailable { key, report: None, source: Box::new(error) });
    }
    let unreachable = counted.unreachable;
    warning!("{unreachable} keys are misses, {key} the first of them: {error}");
    Ok(())
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
