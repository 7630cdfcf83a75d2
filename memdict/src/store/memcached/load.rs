//! Loads: their requests, and the meaning of the answers.

use super::{
    proto::{
        Mark,
        answer::{Answer, Flags},
        window::Window,
    },
    work::{Peer, Sent, Work},
};
use crate::{
    quote,
    store::operation::{Load, LoadOut, Loaded, Reason, StoreError, Token},
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

    fn ask(&self, _: &Peer<'_>, index: usize, mark: Mark, window: &mut Window<'a>) {
        window.get(self.loads[index].key, mark);
    }

    fn answer(
        &mut self,
        peer: &Peer<'_>,
        index: usize,
        answer: &Answer<'_>,
    ) -> Result<(), &'static str> {
        let loaded = match answer {
            Answer::Value(bytes, flags) => Ok(hit(peer, bytes, flags)?),
            Answer::Miss(_) => Ok(Loaded::Miss),
            Answer::Refused(line) => Err(StoreError::Refused(refused(peer.name, line))),
            _ => return Err("the answer to a change instead of a value"),
        };
        (self.out)(index, loaded);
        Ok(())
    }

    // No load is silent, so nothing of this is asked.
    fn ask_whether(&self, index: usize, mark: Mark, window: &mut Window<'a>) {
        window.get(self.loads[index].key, mark);
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

/// Makes a hit. The placeholder of another client's lease, and a value that it marked as stale, can
/// be replaced but not read, so they are hits of no bytes.
fn hit<'v>(peer: &Peer<'_>, bytes: &'v [u8], flags: &Flags) -> Result<Loaded<'v>, &'static str> {
    let cas = flags.version.ok_or("a value without its version")?;
    let bytes = if flags.not_fresh { &[] } else { bytes };
    let token = Token::new(peer.index, peer.facts.life, cas).over(peer.facts.connection);
    Ok(Loaded::hit(bytes, token))
}

/// Makes the reason for a refusal, which quotes an error line of a server.
pub(super) fn refused(name: &str, line: &[u8]) -> Reason {
    at(name, &says(line))
}

/// Quotes an error line of a server, as a text that follows its name.
pub(super) fn says(line: &[u8]) -> String {
    format!("says `{}`", quote::said(line))
}

/// Makes the reason for a failure at the server of this name.
pub(super) fn at(name: &str, why: &str) -> Reason {
    Reason::new(format!("memcached {name} {why}")).at(name)
}
