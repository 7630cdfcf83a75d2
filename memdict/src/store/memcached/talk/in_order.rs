//! The answers of a server that speaks the classic dialect. They carry no mark, and belong to the
//! requests by their order alone.

use super::{After, Talk};
#[cfg(feature = "tokio")]
use crate::store::memcached::proto::Dialect;
use crate::store::memcached::{
    proto::answer::{Answer, Flags},
    refusal::{UNREAD, is_unread},
    work::{Peer, Then, Work},
};

impl<'a> Talk<'a> {
    /// Takes the next answer of a server that speaks the classic dialect.
    pub(super) fn take_in_order(
        &mut self,
        peer: &Peer<'_>,
        work: &mut dyn Work<'a>,
        answer: &Answer<'_>,
    ) -> Result<(), &'static str> {
        let place = self.answered;
        if place == self.sent() {
            return Err("an answer without a request");
        }
        let Some(line) = self.gets.at(place) else {
            self.settle(peer, work, place, answer)?;
            self.answered += 1;
            return match answer {
                Answer::Refused(said) if is_unread(said) && self.carried_value(place, work) => {
                    Err(UNREAD)
                }
                _ => Ok(()),
            };
        };
        let missing = Answer::Miss(Flags::default());
        let rest = match answer {
            Answer::Hit(key, bytes, flags) => {
                let place = line.take(key, &self.share, work);
                let place = place.ok_or("a value that was not asked for")?;
                return self.settle(peer, work, place, &Answer::Value(bytes, *flags));
            }
            Answer::Barrier => &missing,
            Answer::Refused(_) => answer,
            _ => return Err("the answer to a change instead of a value"),
        };
        if let Some((left, end)) = self.gets.end() {
            self.answered = end;
            for place in left {
                self.settle(peer, work, place, rest)?;
            }
        }
        Ok(())
    }

    /// Returns which requests in the window carry a value that the server may leave unread, as bits.
    #[cfg(feature = "tokio")]
    pub(in crate::store::memcached) fn values(&self, peer: &Peer<'_>, work: &dyn Work<'a>) -> u64 {
        if peer.facts.dialect == Dialect::Meta {
            return 0;
        }
        let places = self.asked - self.window.requests()..self.asked;
        let bits = places.zip(0..u64::BITS).filter(|(place, _)| self.carried_value(*place, work));
        bits.fold(0, |values, (_, bit)| values | 1 << bit)
    }

    /// Returns whether the request at this place carried a value.
    fn carried_value(&self, place: usize, work: &dyn Work<'a>) -> bool {
        match self.share.get(place) {
            Some(&index) => work.carries_value(index, None),
            None => match self.after[place - self.share.len()] {
                After::Then(index, Then::Step(step)) => work.carries_value(index, Some(step)),
                After::Then(..) | After::Whether(_) => false,
            },
        }
    }
}

#[cfg(test)]
mod tests;
