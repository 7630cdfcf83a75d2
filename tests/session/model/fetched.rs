//! Fetches, while another client changes the entry or clears its dictionary: none returns a value
//! that was void before it began, and none stores a value over a change that came while its loader
//! ran.

use super::{
    between::Meddling,
    program::Program,
    record::{Place, Record},
    stage::Stage,
};
use memdict::Error;

/// Fetches a place. Meanwhile, while the loader runs, another client does something.
pub(crate) fn fetch(stage: &Stage, strict: bool, place: Place, meanwhile: Option<Meddling>) {
    let behind = &stage.behind;
    behind.settle();
    let paused = stage.between.pause();
    let now = || behind.ledger.now(place);
    let readable = || now().and_then(|now| now.read_by(Program::New).cloned());
    let (before, update) = (now(), behind.update());
    let hit = readable();
    let mut ran = false;
    let got = stage.cache(strict).fetch(place.dict(), place.key(), || {
        ran = true;
        if let Some(meddling) = meanwhile {
            behind.meddle(meddling, place);
        }
        Ok::<_, Error>(Record::of(update))
    });
    let got = got.expect("the store was up when it began").expect("there is one");
    assert_eq!(ran, hit.is_none(), "{place:?} was {before:?}");
    assert_eq!(got, hit.unwrap_or_else(|| Record::of(update)), "{place:?} was {before:?}");
    behind.settle();
    let is_stored = readable().is_some_and(|there| there == Record::of(update));
    let context = || format!("{place:?} was {before:?}, then {meanwhile:?}, is {:?}", now());
    match meanwhile.filter(|_| ran).map(|meddling| meddling.voids(place)) {
        Some(Some(true)) => assert!(!is_stored, "stored over another change: {}", context()),
        Some(None) => {}
        Some(Some(false)) | None => assert_eq!(is_stored, ran, "{}", context()),
    }
    if now().is_none() {
        // A placeholder may be left, which the ledger does not know. It is evicted.
        behind.meddle(Meddling::Delete, place);
    }
    stage.between.go_on(paused);
}

impl Meddling {
    /// Returns whether what was loaded for a place before it must not be stored after it, or `None`
    /// if either is right.
    fn voids(self, place: Place) -> Option<bool> {
        match self {
            Self::Add | Self::AddOld | Self::Put | Self::PutOld => Some(true),
            Self::Remove | Self::Invalidate | Self::Delete => Some(true),
            Self::Restart | Self::Return => Some(true),
            Self::Clear | Self::LoseGeneration => Some(place.is_clearable()),
            // A placeholder may stay, a stale value is another one for some stores, and a token may
            // be one of another connection.
            Self::DeleteAll | Self::Touch | Self::Reconnect => None,
        }
    }
}
