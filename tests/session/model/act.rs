//! The calls of a session for one key, and how they are made.

use memdict::{Entry as There, Result, Ttl};
use memdict_tests::Session;

use super::{
    counts::{Asked, Number},
    program::Form,
    record::{Place, Record, Touching, WEEK},
};

/// A call for one key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Get,
    /// Changes the value.
    Add(Touching),
    /// Changes the value, or creates it.
    OrAdd(Touching),
    /// Borrows the value for writing, and does not change it.
    Borrow,
    /// Begins the life of the value anew.
    Touch,
    /// Says how long the value lives.
    SetTtl,
    Revert,
    Insert,
    Remove,
    /// Removes the value if there is one.
    RemoveEntry,
    /// Says that the stored value is outdated.
    Invalidate,
    ReadCurrent,
    /// Adds to the number of the key, or subtracts from it.
    Count(i8),
}

impl Act {
    /// Returns whether it needs what the store holds.
    pub(crate) fn reads(self) -> bool {
        use Act::{Count, Insert, Invalidate, Remove, Touch};
        !matches!(self, Count(_) | Insert | Invalidate | Remove | Touch)
    }
}

/// Makes the call. Returns the previous value, if the call tells.
pub(crate) fn call<T: Form>(
    session: &Session,
    place: Place,
    act: Act,
    update: u32,
) -> Result<Option<Record>> {
    let (dict, key) = (session.dict(T::dict(place)), place.key());
    let created = || T::from(Record::of(update));
    let copy = |value: &T| -> Option<Record> { Some(value.clone().into()) };
    Ok(match act {
        Act::Get => dict.get(key)?.and_then(|value| copy(&value)),
        Act::Add(touching) => match dict.get_mut(key)? {
            Some(mut value) => {
                let before = copy(&value);
                value.add(update, touching);
                before
            }
            None => None,
        },
        Act::OrAdd(touching) => match dict.entry(key)? {
            There::Occupied(there) => {
                let before = copy(there.get());
                there.into_mut().add(update, touching);
                before
            }
            vacant @ There::Vacant(_) => {
                vacant.or_insert(created());
                None
            }
        },
        Act::Borrow => match dict.get_mut(key)? {
            Some(mut value) => {
                let same = value.clone();
                *value = same.clone();
                copy(&same)
            }
            None => None,
        },
        Act::Revert => match dict.get_mut(key)? {
            Some(value) => {
                let before = copy(&value);
                value.revert()?;
                before
            }
            None => None,
        },
        Act::SetTtl => match dict.get_mut(key)? {
            Some(mut value) => {
                value.set_ttl(Ttl::For(WEEK));
                copy(&value)
            }
            None => None,
        },
        Act::Touch => {
            dict.touch(key)?;
            None
        }
        Act::Insert => {
            dict.insert(key, created())?;
            None
        }
        Act::Remove => {
            dict.remove(key)?;
            None
        }
        Act::Invalidate => {
            dict.invalidate(key)?;
            None
        }
        Act::RemoveEntry => match dict.entry(key)? {
            There::Occupied(there) => {
                let before = copy(there.get());
                there.remove();
                before
            }
            There::Vacant(_) => None,
        },
        Act::Count(by) => {
            Asked { number: Number::of_key(key), by: by.into() }.of(session)?;
            None
        }
        Act::ReadCurrent => {
            dict.read_current(key)?;
            None
        }
    })
}
