//! Decodes the answer to a load.

use std::time::Duration;

use super::{
    decoded::{Decoded, is_past},
    seen::{Base, Version, decode},
    slot::Slot,
    state::{For, Value},
};
use crate::{
    envelope::{self, Found, Sealed, Secrets},
    store::{
        expiry::Life,
        operation::{Loaded, StoreError, Token},
    },
    track::Tracked,
    unusable::Unusable,
};

impl<T: Tracked> Slot<T> {
    /// Decodes the answer to a load.
    pub(crate) fn decode(
        &self,
        loaded: Result<Loaded<'_>, StoreError>,
        what_for: For,
        grace: Duration,
        secrets: &Secrets,
    ) -> Decoded<T> {
        match loaded {
            Ok(Loaded::Hit { bytes, token, life, stale: false, .. }) => {
                match self.open(bytes, token, life, what_for, secrets) {
                    Decoded::Value(_, base) if is_past(life, grace) => {
                        Decoded::Unusable(Unusable::Stale, base.version)
                    }
                    decoded => decoded,
                }
            }
            Ok(Loaded::Hit { bytes, token, .. }) => {
                let nonce = envelope::nonce(bytes, &self.name, secrets);
                let version = Version { token, nonce }.made_stale();
                Decoded::Unusable(Unusable::Stale, version)
            }
            Ok(Loaded::Leased { token, .. }) => {
                Decoded::Unusable(Unusable::Leased, Version::of_placeholder(token))
            }
            Ok(Loaded::Miss) => Decoded::Nothing,
            Err(error) => Decoded::Unreachable(error),
        }
    }

    /// Decodes stored bytes.
    pub(crate) fn open(
        &self,
        bytes: &[u8],
        token: Token,
        life: Option<Life>,
        what_for: For,
        secrets: &Secrets,
    ) -> Decoded<T> {
        let opened = match envelope::open(bytes, &self.name, secrets) {
            Ok(opened) => opened,
            Err(why) => {
                let nonce = envelope::nonce(bytes, &self.name, secrets);
                return Decoded::Unusable(why, Version { token, nonce });
            }
        };
        let version = Version { token, nonce: Some(opened.nonce) };
        let generation = opened.generation;
        let is_cleared_elsewhere = generation != 0 && self.generation.is_none();
        let sealed = match opened.found {
            Found::Tombstone => return Decoded::Tombstone(version),
            _ if is_cleared_elsewhere => return Decoded::Unusable(Unusable::Newer, version),
            Found::Value(sealed) => sealed,
            Found::Absence => return Decoded::Absence(version, generation),
        };
        let decoded = sealed.unpacked(self.trained).and_then(|payload| {
            decode(&self.schema, self.limits, &sealed, &payload).map(|value| (value, payload))
        });
        match decoded {
            Ok((value, payload)) => {
                let Sealed { codec, fingerprint, .. } = sealed;
                let payload = payload.into();
                let base = Base { version, codec, fingerprint, generation, payload, life };
                Decoded::Value(Value::new(value, what_for), base)
            }
            Err(why) if self.generation.is_some() => Decoded::Undecoded(why, version, generation),
            Err(why) => Decoded::Unusable(why, version),
        }
    }
}
