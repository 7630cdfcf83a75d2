//! From keys to entries: one batch of loads.

use std::{collections::HashSet, sync::Arc};

use super::{
    core::Core,
    drive::Drive,
    slot::{Decoded, Slot},
};
use crate::{
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
    let unknown = unknown(slots);
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
    let mut unreachable = 0;
    for (slot, answer) in unknown.iter().zip(answers) {
        let answer = answer.unwrap_or_else(|| {
            Decoded::Unreachable(StoreError::Down("the store gave no answer".to_owned()))
        });
        note(core, slot, &answer);
        if let Decoded::Unreachable(error) = &answer {
            unreachable += 1;
            failed.get_or_insert((slot, error.clone()));
            if core.settings.strict {
                continue;
            }
        }
        slot.install(answer);
    }
    let Some((slot, error)) = failed else {
        return Ok(());
    };
    let key = slot.name.to_string();
    if core.settings.strict {
        return Err(Error::Unavailable { key, report: None, source: Box::new(error) });
    }
    warning!("{unreachable} keys are misses, {key} the first of them: {error}");
    Ok(())
}

/// The entries that nothing is known of, each once.
fn unknown<T: Tracked>(slots: &[Arc<Slot<T>>]) -> Vec<&Arc<Slot<T>>> {
    let mut met = HashSet::new();
    slots.iter().filter(|slot| slot.needs_load() && met.insert(Arc::as_ptr(slot))).collect()
}

/// Counts and logs what a load gave.
fn note<T: Tracked>(core: &Core, slot: &Slot<T>, answer: &Decoded<T>) {
    let counting = &core.settings.counting;
    counting.loads.add(1);
    match answer {
        Decoded::Value(..) => counting.hits.add(1),
        Decoded::Nothing => counting.absent.add(1),
        Decoded::Unreachable(_) => counting.unreachable.add(1),
        Decoded::Unusable(why, _) => {
            match why {
                Unusable::OtherSchema => counting.other_schema.add(1),
                _ => counting.unusable.add(1),
            }
            warning!("{} is a miss: what is stored is {why}", slot.name);
        }
    }
}
