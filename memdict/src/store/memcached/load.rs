//! Loads: their requests, and the meaning of the answers.

use super::{
    proto::{
        Dialect, Mark,
        answer::{Answer, Flags, Left},
        request::Ask,
        window::Window,
    },
    refusal::{Meaning, at, refused},
    work::{Peer, Sent, Then, Work},
};
use crate::store::{
    expiry::Life,
    operation::{Load, LoadOut, Loaded, Renewal, StoreError, Token},
    ttl,
};

/// A batch of loads.
pub(super) struct Loads<'w, 'a> {
    pub(super) loads: &'a [Load<'a>],
    pub(super) out: &'w mut LoadOut<'w>,
}

impl<'a> Work<'a> for Loads<'_, 'a> {
    #[cfg(feature = "tokio")]
    fn carried(&self, _: &[usize]) -> usize {
        0
    }

    fn admit(&mut self, _: &Peer<'_>, _: usize) -> bool {
        true
    }

    fn is_silent(&self, _: &Peer<'_>, _: usize) -> bool {
        false
    }

    fn succeed(&mut self, peer: &Peer<'_>, index: usize) {
        self.fail(peer.name, index, Sent::Yes, "did not answer");
    }

    fn loads(&self, index: usize) -> Option<&'a [u8]> {
        Some(self.loads[index].key)
    }

    fn ask(&self, peer: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>) {
        let load = &self.loads[index];
        let on_wire = |expiry| ttl::wire(expiry, peer.facts.clock);
        let ask = Ask {
            renew: load.renew.map(ttl::less_than),
            expiry: load.touch.map(on_wire),
            lease: load.lease.map(|lasts| on_wire(lasts.into())),
            life: load.life,
        };
        window.get(load.key, ask, mark);
    }

    fn answer(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        answer: &Answer<'_>,
    ) -> Result<Option<Then>, &'static str> {
        let mut then = None;
        let loaded = match answer {
            Answer::Value(bytes, flags) => {
                let found = found(peer, &self.loads[index], bytes, flags)?;
                then = found.1;
                Ok(found.0)
            }
            Answer::Miss(_) => Ok(Loaded::Miss),
            Answer::Refused(line) => {
                let meaning = Meaning::of(line);
                Err(meaning.of_load(refused(peer.name, line)))
            }
            _ => return Err("the answer to a change instead of a value"),
        };
        (self.out)(index, loaded);
        Ok(then)
    }

    fn ask_then(
        &self,
        peer: &Peer<'_>,
        index: usize,
        then: Then,
        mark: Mark,
        window: &mut Window<'a>,
    ) {
        let load = &self.loads[index];
        match (then, load.touch) {
            (Then::HandBack(version), _) => window.invalidate(load.key, Some(version), None, mark),
            (Then::Touch, Some(expiry)) => {
                window.touch(load.key, ttl::wire(expiry, peer.facts.clock), mark);
            }
            // Nothing else follows a load.
            (Then::Touch | Then::Step(_), _) => window.get(load.key, Ask::default(), mark),
        }
    }

    // No load is silent, so nothing of this is asked.
    fn ask_whether(&self, index: usize, mark: Mark, window: &mut Window<'a>) {
        window.get(self.loads[index].key, Ask::default(), mark);
    }

    fn was_made(&self, _: usize, _: &Answer<'_>) -> Result<Option<bool>, &'static str> {
        Ok(None)
    }

    fn refuse(&mut self, name: &str, index: usize, why: &str) {
        (self.out)(index, Err(StoreError::Refused(at(name, why))));
    }

    fn fail(&mut self, name: &str, index: usize, _: Sent, why: &str) {
        (self.out)(index, Err(StoreError::Down(at(name, why))));
    }
}

/// Returns what a value with these flags means for a load, and what has to follow it.
///
/// Handing a right back gives the value another version, which the server does not tell. So a token of
/// the old one is marked as one whose value has to be looked at again, by a load that is to replace
/// it and keeps the right.
fn found<'v>(
    peer: &Peer<'_>,
    load: &Load<'_>,
    bytes: &'v [u8],
    flags: &Flags,
) -> Result<(Loaded<'v>, Option<Then>), &'static str> {
    let cas = flags.version.ok_or("a value without its version")?;
    let (facts, won) = (peer.facts, flags.won && load.keeps_right());
    let unasked = (flags.won && !won).then_some(Then::HandBack(cas));
    let connection = match unasked {
        None => facts.connection,
        Some(_) => another_connection(facts.connection),
    };
    let token = Token::new(peer.index, facts.life, cas).over(connection);
    if is_placeholder(bytes, flags) {
        return Ok((Loaded::leased(token, won), unasked));
    }
    // The classic dialect tells no more, and sets an end of life by another request.
    if peer.facts.dialect == Dialect::Classic {
        return Ok((Loaded::hit(bytes, token), load.touch.map(|_| Then::Touch)));
    }
    let mut hit = Loaded::hit(bytes, token).renewed_by(match (won, flags.taken) {
        (true, _) => Renewal::Won,
        (false, true) => Renewal::Taken,
        (false, false) => Renewal::Open,
    });
    if flags.stale {
        hit = hit.made_stale();
    }
    if let Some(left) = flags.life.filter(|_| load.life) {
        hit = hit.with_life(match left {
            Left::Forever => Life::FOREVER,
            Left::Seconds(ticks) => {
                let mark = flags.client_flags.unwrap_or_default();
                Life::told(ticks, ttl::marked(mark, ticks, facts.clock))
            }
        });
    }
    Ok((hit, unasked))
}

/// Returns whether a value with these flags is the placeholder of a lease, which is no value.
pub(super) fn is_placeholder(bytes: &[u8], flags: &Flags) -> bool {
    bytes.is_empty() && (flags.won || flags.taken || flags.stale)
}

/// Returns a number that is not that of this connection, and that means one.
const fn another_connection(connection: u64) -> u64 {
    match connection.wrapping_add(1) {
        0 => 1,
        next => next,
    }
}
