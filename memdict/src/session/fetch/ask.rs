//! Asks the store for the entries of a `fetch`: all loads of `fetch` are made here.

use std::{sync::Arc, time::Instant};

use super::judge::{Answer, Heard, Next, Terms};
use crate::{
    counters::{Counters, Counting},
    def::options::DictOptions,
    session::{
        core::Core,
        drive::Drive,
        entry::{
            generation::{Generation, Now},
            slot::Slot,
            state::For,
        },
        load::{begin, ended, note},
    },
    store::operation::{Load, Loaded, StoreError},
    trace::Traced,
    track::Tracked,
};

/// A `fetch` in a session.
pub(crate) struct Fetch<'a, D> {
    pub(crate) core: &'a Core,
    pub(crate) driver: &'a D,
    pub(crate) counting: &'a Arc<Counting>,
    pub(crate) traced: &'a Traced,
    pub(crate) options: DictOptions,
    pub(crate) what_for: For,
}

impl<D: Drive> Fetch<'_, D> {
    /// Asks the store for these entries, in one batch.
    pub(super) async fn ask<T: Tracked>(&self, slots: &[&Arc<Slot<T>>]) -> Vec<Answer<T>> {
        let resting = &self.core.settings.resting;
        let rests = |slot: &Slot<T>| resting.has(slot.name.wire(), || self.driver.now());
        // Where a source rests, nobody asks for the right to make the value. If there is no value to
        // return, it does not rest.
        let these: Vec<usize> = (0..slots.len()).filter(|&index| rests(slots[index])).collect();
        let mut answers = self.ask_unless(slots, &these).await;
        let is_served =
            |index: &usize| matches!(answers[*index].next, Next::Serve | Next::ServeStale);
        let again: Vec<_> = these.into_iter().filter(|index| !is_served(index)).collect();
        if !again.is_empty() {
            let these: Vec<_> = again.iter().map(|&index| slots[index]).collect();
            let anew = Box::pin(self.ask_unless(&these, &[])).await;
            again.into_iter().zip(anew).for_each(|(index, answer)| answers[index] = answer);
        }
        answers
    }

    /// Asks the store for these entries, and for no right to those of them that rest.
    async fn ask_unless<T: Tracked>(
        &self,
        slots: &[&Arc<Slot<T>>],
        resting: &[usize],
    ) -> Vec<Answer<T>> {
        let Core { settings, .. } = self.core;
        let generation = slots.iter().find_map(|slot| slot.generation.as_deref());
        let mut loads = Vec::with_capacity(slots.len() + 1);
        let all = slots.iter().enumerate();
        loads.extend(
            all.map(|(index, slot)| self.load(slot, resting.binary_search(&index).is_ok())),
        );
        loads.extend(generation.map(Generation::load));
        let terms = Terms::of(&self.options, self.what_for);
        let mut heard: Vec<Option<Heard<T>>> = Vec::new();
        heard.resize_with(slots.len(), || None);
        let mut now = None;
        let mut counted = Counters::default();
        let mut take = |index: usize, loaded: Result<Loaded<'_>, StoreError>| match slots.get(index)
        {
            Some(slot) => {
                if let Ok(Loaded::Hit { bytes, .. }) = &loaded {
                    counted.bytes_in += bytes.len() as u64;
                }
                heard[index].get_or_insert_with(|| terms.hear(slot, loaded, &settings.secrets));
            }
            None => now = generation.map(|generation| generation.loaded(loaded)),
        };
        let call = self.core.one_batch(self.driver);
        let driver = call.as_ref().unwrap_or(self.driver);
        let began = driver.caps().waits().then(Instant::now);
        driver.load_many(&loads, &mut take).await;
        let no_answer = || Err(StoreError::Down("the store gave no answer".into()));
        if let Some(generation) = generation {
            let known = now.get_or_insert_with(|| generation.loaded(no_answer()));
            if matches!(known, Now::None) {
                begin(driver, generation).await;
            }
        }
        let mut answers = Vec::with_capacity(slots.len());
        for (heard, slot) in heard.into_iter().zip(slots) {
            let heard = heard.unwrap_or_else(|| terms.hear(slot, no_answer(), &settings.secrets));
            let answer = terms.judge(heard, now.as_ref());
            note(self.core, &mut counted, &slot.name.id, &answer.decoded);
            answers.push(answer);
        }
        ended(self.core, self.counting, &counted, began, counted.unreachable > 0);
        answers
    }

    /// Makes the load of an entry. While its source rests, it asks for no right.
    fn load<'s, T: Tracked>(&self, slot: &'s Slot<T>, rests: bool) -> Load<'s> {
        let (options, fetching) = (&self.options, &self.options.fetching);
        let (touch, life) = (options.on_load(), options.asks_life());
        let mut load = Load { touch, life, ..Load::new(slot.name.wire()) };
        if rests {
            return load;
        }
        load = load.lease(fetching.lease);
        if touch.is_some() {
            // Its life has just begun anew.
            return load;
        }
        let dict = &slot.name.id.dict;
        let early = self.core.settings.load_times.early(dict, fetching.beta());
        match options.grace().saturating_add(early) {
            within if within.is_zero() => load,
            // The rest of its life is stored again if the source fails.
            within => load.with_life().renew_within(within),
        }
    }
}
