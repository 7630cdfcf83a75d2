//! The right to make the value of a key: on which condition it is stored, and how the right is given
//! back if it is not.

use crate::{
    envelope::Secrets,
    session::{
        drive::Drive,
        entry::{any_slot::AnySlot, seen::Version},
        fetch::lock::Lock,
    },
    store::{
        expiry::{Expiry, Life},
        operation::{Applied, Change, Condition, Load, Loaded, Op, StoreError, Token},
    },
};

/// The right to make the value of a key.
#[derive(Debug)]
pub(crate) struct Right {
    pub(super) basis: Basis,
    pub(super) release: Release,
}

/// What the store has to hold for the value to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Basis {
    /// No value.
    Nothing,
    /// This placeholder.
    Placeholder(Token),
    /// Bytes of this version.
    Bytes(Version),
}

/// How a right is given back.
#[derive(Debug)]
pub(super) enum Release {
    /// Not at all: it excludes nobody.
    Nothing,
    /// The placeholder is deleted, and the next caller gets a new one.
    Delete,
    /// The stale value is made stale once more, and the next caller gets the right to renew it.
    Invalidate,
    /// The value, which is not stale, is stored again for the rest of its life.
    PutBack { bytes: Vec<u8>, life: Option<Life> },
    /// The lock is removed.
    Unlock(Lock),
}

/// How often a token may have come over another connection than the one that a change is sent on.
const CONNECTIONS: u32 = 32;

impl Right {
    /// The right of who has the lease.
    pub(super) fn of_placeholder(token: Token) -> Self {
        Self { basis: Basis::Placeholder(token), release: Release::Delete }
    }

    /// The right of everyone who finds these bytes: the first that replaces them wins.
    pub(super) fn to_replace(version: Version) -> Self {
        Self { basis: Basis::Bytes(version), release: Release::Nothing }
    }

    /// Returns whether nobody else has it.
    pub(super) fn excludes(&self) -> bool {
        !matches!(self.release, Release::Nothing)
    }

    /// Gives the right back.
    pub(super) async fn release<D: Drive>(
        self,
        driver: &D,
        entry: &dyn AnySlot,
        secrets: &Secrets,
    ) {
        let begun = D::Begun::default();
        let op = match &self.release {
            Release::Nothing => return,
            Release::Unlock(lock) => return lock.remove(driver).await,
            Release::Delete => Op::Delete,
            Release::Invalidate => Op::Invalidate { grace: None },
            // The store did not tell how much life is left.
            Release::PutBack { life: None, .. } => return,
            Release::PutBack { bytes, life: Some(life) } => {
                Op::Store { bytes, expiry: Expiry::With(*life) }
            }
        };
        // If this fails, the right ends with the lease, or with the life of the value.
        let _ = self.basis.apply(driver, entry, op, secrets, &begun).await;
    }
}

impl Basis {
    pub(super) fn condition(&self) -> Condition {
        match self {
            Self::Nothing => Condition::Absent,
            Self::Placeholder(token) | Self::Bytes(Version { token, .. }) => {
                Condition::as_just_seen(*token)
            }
        }
    }

    /// Returns the token of what the store has to hold.
    pub(super) fn token(&self) -> Option<Token> {
        match self {
            Self::Nothing => None,
            Self::Placeholder(token) | Self::Bytes(Version { token, .. }) => Some(*token),
        }
    }

    /// Returns whether the token holds only after another look: the store does not tell the lives of
    /// its server apart.
    pub(super) fn is_doubtful(&self) -> bool {
        self.token().is_some_and(|token| token.life() == 0)
    }

    /// Makes a change on this condition.
    pub(super) async fn apply<D: Drive>(
        self,
        driver: &D,
        entry: &dyn AnySlot,
        op: Op<'_>,
        secrets: &Secrets,
        begun: &D::Begun,
    ) -> Result<Applied, StoreError> {
        let (mut condition, mut looks) = (self.condition(), self.is_doubtful());
        for _ in 0..CONNECTIONS {
            if looks {
                match self.look(driver, entry, secrets).await? {
                    Some(token) => condition = Condition::as_just_seen(token),
                    None => return Ok(Applied::Differs),
                }
            }
            let change = Change::new(entry.name().wire(), op, condition);
            let mut applied = Err(StoreError::Unknown("the store gave no answer".into()));
            driver.apply_many(&[change], &mut |_, answer| applied = answer, begun).await;
            match applied {
                Ok(Applied::Unproven) => looks = true,
                applied => return applied,
            }
        }
        Err(StoreError::Down("each request went out over another connection".into()))
    }

    /// Returns the token that the bytes or the placeholder have now, if they are still stored.
    async fn look<D: Drive>(
        &self,
        driver: &D,
        entry: &dyn AnySlot,
        secrets: &Secrets,
    ) -> Result<Option<Token>, StoreError> {
        let mut found = Err(StoreError::Down("the store gave no answer".into()));
        let mut take = |_, loaded: Result<Loaded<'_>, StoreError>| {
            found = loaded.map(|loaded| match (self, loaded) {
                // A placeholder has no nonce, so its number has to do.
                (Self::Placeholder(seen), Loaded::Leased { token, .. }) => {
                    seen.looks_like(token).then_some(token)
                }
                (Self::Bytes(seen), Loaded::Hit { bytes, token, .. }) => {
                    let now = entry.look(bytes, token, secrets, false).version();
                    // Bytes that were invalidated once more have the same nonce and another number.
                    let is_it = |now: Version| seen.is(&now) && seen.token.looks_like(token);
                    now.is_some_and(is_it).then_some(token)
                }
                _ => None,
            });
        };
        driver.load_many(&[Load::new(entry.name().wire()).to_replace()], &mut take).await;
        found
    }
}
