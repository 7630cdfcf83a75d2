//! Runs loaders, and encodes what they return.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use super::{
    ask::Fetch,
    fill::{Filling, Holding, fill},
    flight::Landed,
    fresh::Fresh,
};
use crate::{
    error::{Error, Result},
    log::warning,
    random,
    session::{
        drive::Drive,
        entry::{
            any_slot::Stamp,
            decoded::Decoded,
            generation::{Generation, Standing},
            seen::{Base, Version},
            slot::Slot,
            state::Value,
        },
        settings::Settings,
    },
    store::expiry::Expiry,
    track::Tracked,
};

/// A value to make.
pub(crate) struct Task<T, D: Drive> {
    pub(super) holding: Holding<D>,
    /// What to return if that fails.
    pub(super) fallback: Option<Decoded<T>>,
}

/// What a loader made, encoded.
pub(super) struct Made<T> {
    pub(super) decoded: Decoded<T>,
    bytes: Vec<u8>,
    expiry: Option<Expiry>,
    landed: Landed,
}

/// Why a loader made nothing.
pub(super) enum Failure<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

impl<E> Failure<E> {
    /// Returns the error, or goes on with the panic.
    pub(super) fn raise(self) -> E {
        match self {
            Self::Error(error) => error,
            Self::Panic(panic) => resume_unwind(panic),
        }
    }
}

impl<T: Tracked> Made<T> {
    /// Returns the value for the session, and what to store.
    pub(super) fn apart<D: Drive>(self, holding: Holding<D>) -> (Decoded<T>, Filling<D>) {
        let Self { decoded, bytes, expiry, landed } = self;
        (decoded, Filling { holding, bytes, expiry, landed })
    }
}

impl<D: Drive> Fetch<'_, D> {
    /// Makes a value, stores it, and returns it.
    ///
    /// # Errors
    ///
    /// That of the loader, if there is no value to fall back on.
    pub(super) async fn make<T, V, E, F>(
        &self,
        slot: &Arc<Slot<T>>,
        task: Task<T, D>,
        loader: impl FnOnce() -> F,
    ) -> Result<Decoded<T>, E>
    where
        T: Tracked,
        V: Into<Fresh<T>>,
        E: From<Error>,
        F: Future<Output = Result<V, E>>,
    {
        let Task { holding, fallback } = task;
        holding.lives();
        let made = self.time(&slot.name.id.dict, async || {
            let fresh = loader().await?;
            self.seal(slot, fresh.into()).map_err(E::from)
        });
        match (made.await, fallback) {
            (Ok(made), _) => {
                let (decoded, filling) = made.apart(holding);
                self.fill(vec![filling]).await;
                Ok(decoded)
            }
            (Err(_), Some(have)) => Ok(self.fall_back(slot, holding, have).await),
            (Err(failure), None) => {
                holding.fail().await;
                Err(failure.raise())
            }
        }
    }

    /// Runs a loader, and takes its time. Its panics are caught.
    pub(super) async fn time<R, E>(
        &self,
        dict: &str,
        run: impl AsyncFnOnce() -> Result<R, E>,
    ) -> Result<R, Failure<E>> {
        let settings = &self.core.settings;
        let begun = self.driver.now();
        self.counting.count(|counted| counted.loaders += 1);
        let made = caught(run()).await;
        match &made {
            Ok(_) => {
                let took: Duration = self.driver.now().saturating_duration_since(begun);
                settings.load_times.record(dict, took);
            }
            Err(_) => self.counting.count(|counted| counted.loader_failures += 1),
        }
        made
    }

    /// Returns a value although loading it anew failed. Its source rests for a moment.
    pub(super) async fn fall_back<T: Tracked>(
        &self,
        slot: &Slot<T>,
        holding: Holding<D>,
        have: Decoded<T>,
    ) -> Decoded<T> {
        let settings = &self.core.settings;
        warning!("`{}` could not be loaded anew: the stored value is returned", slot.name.id);
        settings.resting.begin(slot.name.wire(), self.driver.now());
        self.counting.count(|counted| counted.served_stale += 1);
        holding.fail().await;
        // Giving the right back has changed its token.
        have.with_version(|version| Version::of_nonce(version.nonce))
    }

    /// Stores values.
    pub(super) async fn fill(&self, fillings: Vec<Filling<D>>) {
        let call = self.core.one_batch(self.driver);
        fill(fillings, call.unwrap_or_else(|| self.driver.clone())).await;
    }

    /// Encodes what a loader returned.
    ///
    /// # Errors
    ///
    /// `Encode`: the value cannot be encoded.
    pub(super) fn seal<T: Tracked>(&self, slot: &Slot<T>, fresh: Fresh<T>) -> Result<Made<T>> {
        let options = &self.options;
        let Settings { secrets, packing, .. } = &*self.core.settings;
        let stamp = Stamp { nonce: random::bits(), secrets, packing: *packing };
        let (version, mut bytes) = (Version::of_nonce(Some(stamp.nonce)), Vec::new());
        let generation = slot.generation.as_deref().map(Generation::standing_of_ours);
        // What is stored in a past generation, or in none, is of no use.
        let is_stored =
            fresh.is_stored && !matches!(generation, Some((Standing::Past, _) | (_, None)));
        let generation = generation.and_then(|(_, ours)| ours).unwrap_or(0);
        let Some(value) = fresh.value else {
            slot.seal_absence(stamp, &mut bytes).map_err(|error| slot.not_encoded(error))?;
            let expiry = match fresh.ttl {
                Some(ttl) => Some(ttl.of_new()),
                None => options.fetching.absent_for.map(Expiry::After),
            };
            let expiry = expiry.filter(|_| is_stored);
            let decoded = Decoded::Absence(version, generation);
            let landed = Landed::Absence(version, generation);
            return Ok(Made { decoded, bytes, expiry, landed });
        };
        let sealed = slot.seal(&value, options.codec, stamp, &mut bytes);
        let payload = sealed.map_err(|error| slot.not_encoded(error))?;
        let tells_life = self.driver.caps().life();
        let expiry =
            options.kept_for(fresh.ttl.unwrap_or(options.lifetime.ttl).of_new(), tells_life);
        let base = Base {
            version,
            life: tells_life.then(|| expiry.life()),
            codec: options.codec,
            fingerprint: slot.schema.fingerprint,
            generation,
            payload: bytes[payload..].into(),
        };
        slot.pack(&options.packing, [0, payload], stamp, &mut bytes);
        let expiry = is_stored.then_some(expiry);
        let landed = Landed::Value(base.clone());
        let decoded = Decoded::Value(Value::new(value, self.what_for), base);
        Ok(Made { decoded, bytes, expiry, landed })
    }
}

/// Runs a future and catches its panics. Nothing that it may have left half done is used.
async fn caught<R, E>(future: impl Future<Output = Result<R, E>>) -> Result<R, Failure<E>> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map_err(Failure::Error),
        Err(panic) => Poll::Ready(Err(Failure::Panic(panic))),
    })
    .await
}
