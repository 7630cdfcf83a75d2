//! Loads: what is asked, and what the answers mean.

use super::{
    proto::{
        Mark,
        answer::{Answer, Flags},
        window::Window,
    },
    work::{Peer, Sent, Work},
};
use crate::store::operation::{Load, LoadOut, Loaded, Reason, StoreError, Token};

/// A batch of loads.
pub(super) struct Loads<'w, 'a> {
    pub(super) loads: &'a [Load<'a>],
    pub(super) out: &'w mut LoadOut<'w>,
}

impl<'a> Work<'a> for Loads<'_, 'a> {
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
            _ => return Err("the answer to a change where a value was asked for"),
        };
        (self.out)(index, loaded);
        Ok(())
    }

    fn fail(&mut self, name: &str, index: usize, _: Sent, why: &str) {
        (self.out)(index, Err(StoreError::Down(at(name, why))));
    }
}

/// A placeholder of another client's lease and a value that it marked stale are there, and can
/// be replaced, but are no value: a hit of no bytes.
fn hit<'v>(peer: &Peer<'_>, bytes: &'v [u8], flags: &Flags) -> Result<Loaded<'v>, &'static str> {
    let cas = flags.version.ok_or("a value without its version")?;
    let bytes = if flags.not_fresh { &[] } else { bytes };
    Ok(Loaded::hit(bytes, Token::new(peer.index, peer.facts.life, cas)))
}

/// What a server says that does not do it, cut where it becomes long.
pub(super) fn refused(name: &str, line: &[u8]) -> Reason {
    const SHOWN: usize = 120;
    let said: String = line.escape_ascii().take(SHOWN).map(char::from).collect();
    at(name, &format!("says `{said}`"))
}

/// What happened at the server of this name.
pub(super) fn at(name: &str, why: &str) -> Reason {
    Reason::new(format!("memcached {name} {why}")).at(name)
}
