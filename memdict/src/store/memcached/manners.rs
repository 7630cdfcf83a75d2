//! How a server is asked what it is. What has been learned about it holds for all of its connections.

use std::sync::Mutex;

use super::proto::manner::{Assumed, Care, Manner};
use crate::store::queue::lock;

/// A server that closes every connection is asked with all care only at each of so many attempts.
const SELDOM: u32 = 4;

/// How one server is asked.
#[derive(Debug)]
pub(super) struct Manners {
    assumed: Assumed,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// How the server answered, if it has since it was last away.
    learned: Option<Care>,
    /// How many attempts began since it answered, of which it closed the first connection.
    attempts: u32,
    /// Whether its versions of values begin anew, if it was found out since then.
    versions_begin_anew: Option<bool>,
}

impl Manners {
    pub(super) fn of(assumed: Assumed) -> Self {
        Self { assumed, known: Mutex::default() }
    }

    /// Returns how a new connection begins.
    pub(super) fn get(&self) -> Manner {
        let Known { learned, versions_begin_anew, .. } = *lock(&self.known);
        let care = learned.unwrap_or_default();
        Manner { care, assumed: self.assumed, versions_begin_anew }
    }

    /// Notes that the server answered.
    pub(super) fn learn(&self, manner: Manner) {
        let care = if manner.care == Care::Again { Care::Little } else { manner.care };
        let Manner { versions_begin_anew, .. } = manner;
        *lock(&self.known) = Known { learned: Some(care), attempts: 0, versions_begin_anew };
    }

    /// Returns how to ask a server that closed the connection when it was asked like this, or `None`
    /// if there is no other way for now, or if it has answered: then it has another reason.
    pub(super) fn after(&self, manner: Manner) -> Option<Manner> {
        let mut known = lock(&self.known);
        if known.learned == Some(manner.care) {
            return None;
        }
        if manner.care == Care::Little {
            known.attempts = known.attempts.wrapping_add(1);
            if known.attempts % SELDOM != 1 {
                return None;
            }
        }
        Some(Manner { care: manner.care.next()?, ..manner })
    }

    /// Notes that the server was away, and may be another one when it is back.
    pub(super) fn forget(&self) {
        let mut known = lock(&self.known);
        (known.learned, known.versions_begin_anew) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_closes_is_asked_with_more_care_until_it_answers() {
        let manners = Manners::of(Assumed::DEFAULT);
        let first = manners.get();
        let again = manners.after(first).expect("it may be chance");
        let second = manners.after(again).expect("it may be a proxy");
        let third = manners.after(second).expect("it may know no version");
        let cares = [first, again, second, third].map(|manner| manner.care);
        assert_eq!(cares, [Care::Little, Care::Again, Care::More, Care::Most]);
        assert_eq!(manners.after(third), None);
        manners.learn(second);
        assert_eq!(manners.get(), second);
        assert_eq!(manners.after(second), None, "it has answered like this");
        manners.forget();
        assert_eq!(manners.get(), first);
        manners.learn(again);
        assert_eq!((manners.get(), manners.after(first)), (first, None));
    }

    #[test]
    fn a_server_that_closes_every_connection_is_seldom_asked_with_all_care() {
        let manners = Manners::of(Assumed::DEFAULT);
        let first = manners.get();
        let all = (0..40).filter(|_| manners.after(first).is_some()).count();
        assert_eq!((all, manners.get()), (10, first));
    }
}
