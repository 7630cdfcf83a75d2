//! Loads many entries: one batch asks for them, one loader makes those that this call is to make, and
//! one batch stores them.

use std::{collections::HashMap, mem, sync::Arc};

use super::{
    ask::Fetch,
    fill::Holding,
    flight::Holds,
    fresh::Fresh,
    judge::{Answer, Next},
    load::Task,
    lock::Lock,
    one::{Decision, Todo, landed},
    right::{Basis, Release, Right},
};
use crate::{
    error::{Error, Result},
    key::{Key, ToKey},
    session::{
        drive::Drive,
        entry::{decoded::Decoded, slot::Slot},
        load::unavailable,
    },
    track::Tracked,
};

/// An entry, and the key by which the caller names it.
#[derive(Clone)]
pub(crate) struct Wanted<K, T: Tracked> {
    pub(crate) key: K,
    pub(crate) slot: Arc<Slot<T>>,
}

/// What has become of the entries so far.
struct Batch<K, T: Tracked, D: Drive> {
    done: Vec<(Arc<Slot<T>>, Decoded<T>)>,
    /// To be made by this call.
    tasks: Vec<(Wanted<K, T>, Task<T, D>)>,
    /// To be asked for again, by this call, which leads their flights.
    again: Vec<(Wanted<K, T>, Holding<D>)>,
    /// To be decided about one by one, because others make them.
    later: Vec<Later<K, T, D>>,
}

/// An entry that another call makes, what this call has, and the store's answer if that still holds.
type Later<K, T, D> = (Wanted<K, T>, Option<Holding<D>>, Option<Answer<T>>);

impl<D: Drive> Fetch<'_, D> {
    /// Loads entries, each once, or makes them.
    ///
    /// # Errors
    ///
    /// That of the loader; `Unavailable` in a strict cache or dictionary.
    pub(crate) async fn many<T, K, I, Q, V, E, F>(
        &self,
        wanted: Vec<Wanted<K, T>>,
        loader: &mut impl FnMut(Vec<K>) -> F,
    ) -> Result<Vec<(Arc<Slot<T>>, Decoded<T>)>, E>
    where
        T: Tracked,
        K: Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<I, E>>,
    {
        let mut batch =
            Batch { done: Vec::new(), tasks: Vec::new(), again: Vec::new(), later: Vec::new() };
        let answers = self.ask(&wanted.iter().map(|it| &it.slot).collect::<Vec<_>>()).await;
        self.found(&answers);
        for (wanted, answer) in wanted.into_iter().zip(answers) {
            self.sort(&mut batch, wanted, answer).await?;
        }
        let again = mem::take(&mut batch.again);
        if !again.is_empty() {
            let slots: Vec<_> = again.iter().map(|(wanted, _)| &wanted.slot).collect();
            let answers = self.ask(&slots).await;
            for ((wanted, holding), answer) in again.into_iter().zip(answers) {
                self.sort_again(&mut batch, wanted, holding, answer).await;
            }
        }
        let Batch { mut done, tasks, later, .. } = batch;
        if !tasks.is_empty() {
            self.make_all(&mut done, tasks, loader).await?;
        }
        // Only now: who waits for another call holds up none that waits for this one.
        for (Wanted { key, slot }, holding, answer) in later {
            match self.decide(&slot, holding, answer).await? {
                Decision::Return(decoded) => done.push((slot, decoded)),
                Decision::Make(task) => {
                    let tasks = vec![(Wanted { key, slot }, task)];
                    self.make_all(&mut done, tasks, loader).await?;
                }
            }
        }
        Ok(done)
    }

    /// Sorts an entry by what the store answered.
    async fn sort<K, T: Tracked>(
        &self,
        batch: &mut Batch<K, T, D>,
        wanted: Wanted<K, T>,
        answer: Answer<T>,
    ) -> Result<()> {
        let slot = &wanted.slot;
        let settings = &self.core.settings;
        let Answer { decoded, next } = answer;
        let (todo, holds) = match next {
            Next::Serve | Next::ServeStale => {
                self.serves(&next);
                batch.done.push((wanted.slot, decoded));
                return Ok(());
            }
            Next::Renew(right) => {
                let holding = self.empty_handed(slot).with_right(right);
                batch.tasks.push((wanted, Task { holding, fallback: Some(decoded) }));
                return Ok(());
            }
            Next::Wait(_) => {
                batch.later.push((wanted, None, Some(Answer { decoded, next })));
                return Ok(());
            }
            Next::Alone => match decoded {
                Decoded::Unreachable(error) if self.options.is_strict(settings.strict) => {
                    return Err(unavailable(self.core, slot, error));
                }
                _ => (Todo::Make(None), Holds::Nothing),
            },
            Next::Make(right) => (Todo::Make(Some(right)), Holds::TheRight),
            Next::Claim(right) if self.driver.caps().stale() => {
                (Todo::Claim(right), Holds::Nothing)
            }
            Next::Claim(right) => (Todo::Make(Some(right)), Holds::Nothing),
            Next::Lock => (Todo::Lock, Holds::Nothing),
        };
        let boarded = settings.flights.board(todo.place(slot), holds, self.driver.now());
        let Ok(lead) = boarded else {
            // Another call of this process makes it.
            batch.later.push((wanted, None, None));
            return Ok(());
        };
        let mut holding = self.empty_handed(slot).with_lead(lead);
        match todo {
            Todo::Make(right) => {
                holding.right = right;
                batch.tasks.push((wanted, Task { holding, fallback: None }));
            }
            Todo::Claim(right) => match self.claim(slot, right).await {
                true => batch.again.push((wanted, holding)),
                false => batch.tasks.push((wanted, Task { holding, fallback: None })),
            },
            Todo::Lock | Todo::Wait(_) => {
                let lease = self.options.fetching.lease;
                match Lock::take(self.driver, &slot.name, lease).await {
                    Ok(Some(lock)) => {
                        let release = Release::Unlock(lock);
                        holding.right = Some(Right { basis: Basis::Nothing, release });
                        batch.again.push((wanted, holding));
                    }
                    Ok(None) => batch.later.push((wanted, Some(holding), None)),
                    Err(_) => batch.tasks.push((wanted, Task { holding, fallback: None })),
                }
            }
        }
        Ok(())
    }

    /// Sorts an entry that was asked for again, after it was claimed or locked.
    async fn sort_again<K, T: Tracked>(
        &self,
        batch: &mut Batch<K, T, D>,
        wanted: Wanted<K, T>,
        mut holding: Holding<D>,
        answer: Answer<T>,
    ) {
        match answer.next {
            Next::Serve | Next::ServeStale => {
                if let Some(landed) = landed(&answer.decoded) {
                    holding.land(landed).await;
                }
                batch.done.push((wanted.slot, answer.decoded));
            }
            Next::Make(right) | Next::Claim(right) => {
                let todo = Todo::Make(Some(right));
                if let Some(lead) = &holding.lead {
                    lead.moves_to(todo.place(&wanted.slot));
                }
                if let Todo::Make(right) = todo {
                    holding.right = right;
                }
                batch.tasks.push((wanted, Task { holding, fallback: None }));
            }
            Next::Lock | Next::Alone => {
                batch.tasks.push((wanted, Task { holding, fallback: None }));
            }
            Next::Wait(_) | Next::Renew(_) => {
                batch.later.push((wanted, Some(holding), Some(answer)));
            }
        }
    }

    /// Runs the loader for these entries, and stores what it made.
    async fn make_all<T, K, I, Q, V, E, F>(
        &self,
        done: &mut Vec<(Arc<Slot<T>>, Decoded<T>)>,
        tasks: Vec<(Wanted<K, T>, Task<T, D>)>,
        loader: &mut impl FnMut(Vec<K>) -> F,
    ) -> Result<(), E>
    where
        T: Tracked,
        K: Clone,
        I: IntoIterator<Item = (Q, V)>,
        Q: ToKey,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<I, E>>,
    {
        let keys: Vec<K> = tasks.iter().map(|(wanted, _)| wanted.key.clone()).collect();
        let Some((first, _)) = tasks.first() else { return Ok(()) };
        let dict = Arc::clone(&first.slot.name.id.dict);
        tasks.iter().for_each(|(_, task)| task.holding.lives());
        // Whatever is not returned does not exist.
        let made = self.time(&dict, async || {
            let mut made: HashMap<Key, Fresh<T>> = HashMap::with_capacity(keys.len());
            for (key, value) in loader(keys).await? {
                made.insert(key.to_key(), value.into());
            }
            let mut sealed = Vec::with_capacity(tasks.len());
            for (Wanted { slot, .. }, _) in &tasks {
                let fresh = made.remove(&slot.name.id.key).unwrap_or_else(Fresh::none);
                sealed.push(self.seal(slot, fresh)?);
            }
            Ok(sealed)
        });
        let failure = match made.await {
            Ok(made) => {
                let mut fillings = Vec::with_capacity(tasks.len());
                for ((Wanted { slot, .. }, task), made) in tasks.into_iter().zip(made) {
                    let (decoded, filling) = made.apart(task.holding);
                    done.push((slot, decoded));
                    fillings.push(filling);
                }
                self.fill(fillings).await;
                return Ok(());
            }
            Err(failure) => failure,
        };
        let mut is_complete = true;
        for (Wanted { slot, .. }, Task { holding, fallback }) in tasks {
            match fallback {
                Some(have) => {
                    let have = self.fall_back(&slot, holding, have).await;
                    done.push((slot, have));
                }
                None => {
                    is_complete = false;
                    holding.fail().await;
                }
            }
        }
        if is_complete { Ok(()) } else { Err(failure.raise()) }
    }
}
