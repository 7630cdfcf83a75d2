//! Decides about one entry of a `fetch`: to return it, to wait for another caller, or to make it.

use std::sync::Arc;

use super::{
    ask::Fetch,
    early::jittered,
    fill::Holding,
    flight::{Flight, Holds, Landed, Place, Waited},
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
        entry::{decoded::Decoded, generation::Generation, slot::Slot, state::Value},
        load::unavailable,
    },
    store::operation::{Op, Token},
    track::Tracked,
};

/// What to do about an entry.
pub(super) enum Decision<T, D: Drive> {
    Return(Decoded<T>),
    Make(Task<T, D>),
}

/// What to do about an entry that cannot be returned.
pub(super) enum Todo {
    /// Make it, with the right to store it, or without.
    Make(Option<Right>),
    /// Claim the right, which is nobody's so far.
    Claim(Right),
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
        let answer = self.ask(&[slot]).await.pop();
        self.found(answer.as_slice());
        if let Some(Answer { decoded, next: Next::Serve }) = answer {
            return Ok(decoded);
        }
        // In a box, so that a hit does not move all of this.
        let rest = Box::pin(async move {
            match self.decide(slot, None, answer).await? {
                Decision::Return(decoded) => Ok(decoded),
                Decision::Make(task) => self.make(slot, task, loader).await,
            }
        });
        rest.await
    }

    /// Returns what a call has at first: nothing.
    pub(super) fn empty_handed<T: Tracked>(&self, slot: &Arc<Slot<T>>) -> Holding<D> {
        let (entry, settings) = (Arc::clone(slot) as _, Arc::clone(&self.core.settings));
        Holding::nothing(entry, self.driver.clone(), settings, Arc::clone(self.counting))
    }

    /// Notes what the store had when it was first asked.
    pub(super) fn found<T>(&self, answers: &[Answer<T>]) {
        let is_hit = |answer: &&Answer<T>| matches!(answer.decoded, Decoded::Value(..));
        let hits = answers.iter().filter(is_hit).count();
        self.traced.found(hits as u64, (answers.len() - hits) as u64);
    }

    /// Counts a value that is returned, if it is stale.
    pub(super) fn serves(&self, next: &Next) {
        if let Next::ServeStale = next {
            self.counting.count(|counted| counted.served_stale += 1);
        }
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
        let (settings, lease) = (&self.core.settings, self.options.fetching.lease);
        let mut patience = None;
        let mut has_claimed = false;
        loop {
            let answered = match answer.take() {
                None => self.ask(&[slot]).await.pop(),
                answered => answered,
            };
            // Each load is answered.
            let Some(Answer { decoded, next }) = answered else { continue };
            let todo = match next {
                Next::Serve | Next::ServeStale | Next::Renew(_) => {
                    // Those that wait need not wait for a renewal.
                    if let (Some(holding), Some(landed)) = (holding.take(), landed(&decoded)) {
                        holding.land(landed).await;
                    }
                    return Ok(match next {
                        Next::Renew(right) => {
                            let holding = self.empty_handed(slot).with_right(right);
                            Decision::Make(Task { holding, fallback: Some(decoded) })
                        }
                        next => {
                            self.serves(&next);
                            Decision::Return(decoded)
                        }
                    });
                }
                Next::Alone => match decoded {
                    Decoded::Unreachable(error) if self.options.is_strict(settings.strict) => {
                        return Err(unavailable(self.core, slot, error));
                    }
                    _ => Todo::Make(None),
                },
                Next::Make(right) => Todo::Make(Some(right)),
                Next::Claim(right) if has_claimed || !self.driver.caps().stale() => {
                    Todo::Make(Some(right))
                }
                Next::Claim(right) => Todo::Claim(right),
                Next::Wait(right) => Todo::Wait(right),
                Next::Lock => Todo::Lock,
            };
            let now = self.driver.now();
            let (token, place) = (todo.token(), todo.place(slot));
            let mut held = match holding.take() {
                Some(held) => {
                    if let Some(lead) = &held.lead {
                        if !lead.lives(now) && !matches!(todo, Todo::Make(Some(_))) {
                            let flight = lead.flight();
                            match self.follow(slot, flight, &mut holding, &mut patience).await {
                                Some(decision) => return Ok(decision),
                                None => continue,
                            }
                        }
                        if let Todo::Make(Some(_)) = todo {
                            lead.moves_to(place);
                        }
                    }
                    held
                }
                None => match settings.flights.board(place, todo.holds(), now) {
                    Ok(lead) => self.empty_handed(slot).with_lead(lead),
                    Err(flight) => {
                        match self.follow(slot, flight, &mut holding, &mut patience).await {
                            Some(decision) => return Ok(decision),
                            None => continue,
                        }
                    }
                },
            };
            let others = match todo {
                Todo::Make(right) => {
                    held.right = right.or(held.right.take());
                    return Ok(Decision::Make(Task { holding: held, fallback: None }));
                }
                Todo::Claim(right) => {
                    // Made stale, the bytes can be renewed by one caller of all.
                    has_claimed = true;
                    if !self.claim(slot, right).await {
                        return Ok(Decision::Make(Task { holding: held, fallback: None }));
                    }
                    holding = Some(held);
                    continue;
                }
                // It has the lock, and the value has not come meanwhile.
                Todo::Lock if held.right.is_some() => {
                    return Ok(Decision::Make(Task { holding: held, fallback: None }));
                }
                Todo::Lock => match Lock::take(self.driver, &slot.name, lease).await {
                    Ok(Some(lock)) => {
                        let release = Release::Unlock(lock);
                        held.right = Some(Right { basis: Basis::Nothing, release });
                        holding = Some(held);
                        continue;
                    }
                    Ok(None) => None,
                    Err(_) => return Ok(Decision::Make(Task { holding: held, fallback: None })),
                },
                Todo::Wait(right) => Some(right),
            };
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

    /// Makes bytes stale that are not usable, so that one caller of all can renew them. Returns
    /// whether the store can be asked again.
    pub(super) async fn claim<T: Tracked>(&self, slot: &Arc<Slot<T>>, right: Right) -> bool {
        let (secrets, begun) = (&self.core.settings.secrets, D::Begun::default());
        let stale = Op::Invalidate { grace: None };
        right.basis.apply(self.driver, &**slot, stale, secrets, &begun).await.is_ok()
    }

    /// Waits for the flight that makes the value. If this call leads it then, and has no right,
    /// nothing is decided yet.
    async fn follow<T: Tracked>(
        &self,
        slot: &Arc<Slot<T>>,
        flight: Arc<Flight>,
        holding: &mut Option<Holding<D>>,
        patience: &mut Option<Patience>,
    ) -> Option<Decision<T, D>> {
        let settings = &self.core.settings;
        let alone = self.empty_handed(slot);
        let lease = self.options.fetching.lease;
        let unused = alone.giving_back();
        let decoded = match flight.wait(&settings.flights, lease, self.driver, unused).await {
            Waited::Landed(Landed::Value(base)) => {
                // A dictionary of another type may have made it.
                let value = base.decode(&slot.schema, slot.limits).ok();
                value.map(|value| Decoded::Value(Value::new(value, self.what_for), base))
            }
            Waited::Landed(Landed::Absence(version, generation)) => {
                Some(Decoded::Absence(version, generation))
            }
            Waited::Landed(Landed::Nowhere) | Waited::Cannot => None,
            Waited::Leads(lead, Some(right)) => {
                let holding = alone.with_lead(lead).with_right(right);
                return Some(Decision::Make(Task { holding, fallback: None }));
            }
            Waited::Leads(lead, None) => {
                *holding = Some(alone.with_lead(lead));
                return None;
            }
            Waited::LeadsAfterSilence(lead, held) => {
                *patience = Some(Patience::used_up(held, self.driver.now()));
                *holding = Some(alone.with_lead(lead));
                return None;
            }
        };
        Some(match decoded {
            Some(decoded) => {
                self.counting.count(|counted| counted.shared += 1);
                Decision::Return(decoded)
            }
            None => Decision::Make(Task { holding: alone, fallback: None }),
        })
    }
}

impl Todo {
    /// Returns what a flight makes that does this.
    pub(super) fn place<T: Tracked>(&self, slot: &Slot<T>) -> Place {
        let generation = slot.generation.as_deref().and_then(Generation::present);
        Place::new(slot.name.wire(), self.token(), generation)
    }

    /// Returns the version of what the store holds, if it has one.
    fn token(&self) -> Option<Token> {
        let right = match self {
            Self::Make(right) => right.as_ref(),
            Self::Claim(right) | Self::Wait(right) => Some(right),
            Self::Lock => None,
        };
        right.and_then(|right| right.basis.token())
    }

    /// Returns whether who does this holds the right to.
    fn holds(&self) -> Holds {
        match self {
            Self::Make(Some(right)) if right.excludes() => Holds::TheRight,
            _ => Holds::Nothing,
        }
    }
}

/// Returns what to tell those that wait for a value that was found.
pub(super) fn landed<T>(decoded: &Decoded<T>) -> Option<Landed> {
    match decoded {
        Decoded::Value(_, base) => Some(Landed::Value(base.clone())),
        Decoded::Absence(version, generation) => Some(Landed::Absence(*version, *generation)),
        _ => None,
    }
}
