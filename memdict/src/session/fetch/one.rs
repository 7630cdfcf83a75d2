//! Decides about one entry of a `fetch`: to return it, to wait for another caller, or to make it.

use std::sync::Arc;

use super::{
    ask::Fetch,
    early::jittered,
    fill::Holding,
    flight::{Flight, Landed, Waited},
    fresh::Fresh,
    judge::{Answer, Next},
    load::Task,
    lock::Lock,
    patience::{Patience, Then},
    right::{Basis, Release, Right},
};
use crate::{
    error::{Error, Result},
    session::{
        drive::Drive,
        entry::{
            slot::{Decoded, Slot},
            state::Value,
        },
        load::unavailable,
    },
    track::Tracked,
};

/// What to do about an entry.
pub(super) enum Decision<T, D: Drive> {
    Return(Decoded<T>),
    Make(Task<T, D>),
}

/// What to do about an entry that cannot be returned.
enum Todo {
    /// Make it, with the right to store it, or without.
    Make(Option<Right>),
    /// Wait until another caller has made it, whose right this is.
    Wait(Right),
    Lock,
}

impl<D: Drive> Fetch<'_, D> {
    /// Loads an entry, or makes it.
    ///
    /// # Errors
    ///
    /// That of the loader; `Unavailable` in a strict cache or dictionary.
    pub(crate) async fn one<T, V, E, F>(
        &self,
        slot: &Arc<Slot<T>>,
        loader: impl FnOnce() -> F,
    ) -> Result<Decoded<T>, E>
    where
        T: Tracked,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<V, E>>,
    {
        match self.decide(slot, None, None).await.map_err(E::from)? {
            Decision::Return(decoded) => Ok(decoded),
            Decision::Make(task) => self.make(slot, task, loader).await,
        }
    }

    /// Returns what a call has at first: nothing.
    pub(super) fn empty_handed<T: Tracked>(&self, slot: &Arc<Slot<T>>) -> Holding<D> {
        let (entry, settings) = (Arc::clone(slot) as _, Arc::clone(&self.core.settings));
        Holding::nothing(entry, self.driver.clone(), settings)
    }

    /// Decides about an entry. The call may have the lead already, and the store's answer.
    ///
    /// # Errors
    ///
    /// `Unavailable` in a strict cache or dictionary.
    pub(super) async fn decide<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        mut holding: Option<Holding<D>>,
        mut answer: Option<Answer<T>>,
    ) -> Result<Decision<T, D>> {
        let settings = &self.core.settings;
        let (wire, lease) = (slot.name.wire(), self.options.fetching.lease);
        let mut patience = None;
        if let (None, None, Some(flight)) = (&holding, &answer, settings.flights.find(wire))
            && let Some(decision) = self.follow(slot, flight, &mut holding, &mut patience).await
        {
            return Ok(decision);
        }
        loop {
            if let Some(holding) = holding.take_if(|it| answer.is_none() && it.inherit()) {
                return Ok(Decision::Make(Task { holding, fallback: None }));
            }
            let answered = answer.take();
            let answered = match answered {
                None => self.ask(&[slot]).await.pop(),
                answered => answered,
            };
            // Each load is answered.
            let Some(Answer { decoded, next }) = answered else { continue };
            let mut todo = match next {
                Next::Serve | Next::ServeStale => {
                    if let Next::ServeStale = next {
                        settings.counting.stale.add(1);
                    }
                    if let (Some(holding), Some(landed)) = (holding.take(), landed(&decoded)) {
                        holding.land(landed).await;
                    }
                    return Ok(Decision::Return(decoded));
                }
                Next::Renew(right) => {
                    // Those that wait need not wait for the renewal.
                    if let (Some(holding), Some(landed)) = (holding.take(), landed(&decoded)) {
                        holding.land(landed).await;
                    }
                    let holding = self.empty_handed(slot).with_right(right);
                    return Ok(Decision::Make(Task { holding, fallback: Some(decoded) }));
                }
                Next::Make(right) => Todo::Make(Some(right)),
                Next::Alone => match decoded {
                    Decoded::Unreachable(error)
                        if self.options.is_strict(self.core.settings.strict) =>
                    {
                        return Err(unavailable(self.core, slot, error));
                    }
                    _ => Todo::Make(None),
                },
                Next::Wait(right) => Todo::Wait(right),
                Next::Lock => Todo::Lock,
            };
            let now = self.driver.now();
            let mut held = match holding.take() {
                Some(held) => held,
                None => {
                    let right = match &mut todo {
                        Todo::Make(right) => right,
                        _ => &mut None,
                    };
                    match settings.flights.board(wire, right, now) {
                        Ok(lead) => self.empty_handed(slot).with_lead(lead),
                        Err(flight) => {
                            let followed = self.follow(slot, flight, &mut holding, &mut patience);
                            match followed.await {
                                Some(decision) => return Ok(decision),
                                None => continue,
                            }
                        }
                    }
                }
            };
            held.lives();
            let others = match todo {
                Todo::Make(right) => {
                    held.right = right.or(held.right.take());
                    return Ok(Decision::Make(Task { holding: held, fallback: None }));
                }
                // It has the lock, and the value has not come meanwhile.
                Todo::Lock if held.right.is_some() => {
                    return Ok(Decision::Make(Task { holding: held, fallback: None }));
                }
                Todo::Lock => match Lock::take(self.driver, &slot.name, lease).await {
                    Ok(Some(lock)) => {
                        held.right =
                            Some(Right { basis: Basis::Nothing, release: Release::Unlock(lock) });
                        holding = Some(held);
                        continue;
                    }
                    Ok(None) => None,
                    Err(_) => return Ok(Decision::Make(Task { holding: held, fallback: None })),
                },
                Todo::Wait(right) => Some(right),
            };
            let token = others.as_ref().and_then(|right| right.basis.token());
            let patience = patience.get_or_insert_with(|| Patience::new(now));
            match (patience.next(token, now, lease), others) {
                (Then::Pause(pause), _) => self.driver.pause(jittered(pause)).await,
                (Then::TakeOver, Some(right)) => {
                    right.release(self.driver, &**slot, &settings.secrets).await;
                }
                (Then::TakeOver, None) | (Then::GiveUp, _) => {
                    return Ok(Decision::Make(Task { holding: held, fallback: None }));
                }
            }
            holding = Some(held);
        }
    }

    /// Waits for the flight that makes the value. If this call leads it then, nothing is decided yet.
    async fn follow<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        flight: Arc<Flight>,
        holding: &mut Option<Holding<D>>,
        patience: &mut Option<Patience>,
    ) -> Option<Decision<T, D>> {
        let settings = &self.core.settings;
        let (wire, lease) = (slot.name.wire(), self.options.fetching.lease);
        let alone = self.empty_handed(slot);
        let unused = alone.giving_back();
        let waited = flight.wait(&settings.flights, wire, lease, self.driver, unused).await;
        let decoded = match waited {
            Waited::Landed(Landed::Value(base)) => {
                // A dictionary of another type may have made it.
                base.decode(&slot.schema, slot.limits)
                    .ok()
                    .map(|value| Decoded::Value(Value::new(value, self.what_for), base))
            }
            Waited::Landed(Landed::Absence(version)) => Some(Decoded::Absence(version)),
            Waited::Landed(Landed::Nowhere) | Waited::Cannot => None,
            Waited::Leads(lead) => {
                *holding = Some(alone.with_lead(lead));
                return None;
            }
            Waited::LeadsAfterSilence(lead) => {
                *patience = Some(Patience::used_up(self.driver.now()));
                *holding = Some(alone.with_lead(lead));
                return None;
            }
        };
        Some(match decoded {
            Some(decoded) => {
                settings.counting.shared.add(1);
                Decision::Return(decoded)
            }
            None => Decision::Make(Task { holding: alone, fallback: None }),
        })
    }
}

/// Returns what to tell those that wait for a value that was found.
pub(super) fn landed<T>(decoded: &Decoded<T>) -> Option<Landed> {
    match decoded {
        Decoded::Value(_, base) => Some(Landed::Value(base.clone())),
        Decoded::Absence(version) => Some(Landed::Absence(*version)),
        _ => None,
    }
}
