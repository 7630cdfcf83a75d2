//! When a value expires, and how much life it has left, as stores are told and tell it.

use std::time::{Duration, Instant, SystemTime};

/// When a stored value expires.
///
/// Stores count whole seconds. No value expires earlier than asked. A value that was asked to expire
/// after a time, or at a time that has not come, expires at most about a second later than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiry {
    /// It does not expire. It may be evicted.
    Never,
    /// It expires after this time, which is at least a second: zero means the shortest lifetime, and
    /// not for ever.
    After(Duration),
    /// It expires at this time, by this machine's clock. A value whose time has passed expires at
    /// once.
    At(SystemTime),
    /// It expires when the loaded value expires that had this [`Life`] left, even if that is over by
    /// now: it then expires at once.
    With(Life),
}

impl Expiry {
    /// Returns the end that is later by this long. That of a loaded value stays where it is.
    pub(crate) fn later_by(self, grace: Duration) -> Self {
        match self {
            Self::After(ttl) => Self::After(ttl.saturating_add(grace)),
            // What a `SystemTime` cannot hold is as good as never.
            Self::At(end) => end.checked_add(grace).map_or(Self::Never, Self::At),
            Self::Never | Self::With(_) => self,
        }
    }

    /// Returns how much life a value has that is stored now.
    pub(crate) fn life(self) -> Life {
        match self {
            Self::Never => Life::FOREVER,
            Self::After(ttl) => Life::of(ttl),
            Self::At(end) => Life::of(end.duration_since(SystemTime::now()).unwrap_or_default()),
            Self::With(life) => life,
        }
    }
}

/// Makes the end of a lifetime; `None` lasts for ever.
impl From<Option<Duration>> for Expiry {
    fn from(ttl: Option<Duration>) -> Self {
        ttl.map_or(Self::Never, Self::After)
    }
}

/// Makes the end of a lifetime.
impl From<Duration> for Expiry {
    fn from(ttl: Duration) -> Self {
        Self::After(ttl)
    }
}

/// How much life a loaded value has left.
///
/// ```
/// use std::time::Duration;
/// use memdict::Life;
///
/// assert_eq!(Life::of(Duration::from_secs(7)).left(), Some(Duration::from_secs(7)));
/// assert_eq!(Life::FOREVER.left(), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    left: Option<Duration>,
    end: End,
}

/// When the life ends, as the store knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum End {
    /// It does not.
    Never,
    /// When the server has begun this many more of its seconds. It told so at this moment. If the end
    /// was kept before, the value has it as a point in time.
    Ticks { left: u64, told: Instant, mark: Option<u32> },
    /// At this time of the store's own clock.
    ByClock(Duration),
}

impl Life {
    /// The life of a value that does not expire.
    pub const FOREVER: Self = Self { left: None, end: End::Never };

    /// Makes a life of which this much is left now.
    #[must_use]
    pub fn of(left: Duration) -> Self {
        // A second that has begun lasts until the next one begins.
        Self::of_ticks(super::limits::whole_seconds(left), None)
    }

    /// Returns how much life was left when the value was loaded, at least, in whole seconds, or
    /// `None` if it does not expire.
    #[must_use]
    pub const fn left(&self) -> Option<Duration> {
        self.left
    }

    pub(in crate::store) const fn end(&self) -> End {
        self.end
    }

    fn of_ticks(ticks: u64, mark: Option<u32>) -> Self {
        let end = End::Ticks { left: ticks, told: Instant::now(), mark };
        Self { left: Some(Duration::from_secs(ticks)), end }
    }

    /// Makes the life that ends when a server has begun this many more of its seconds, at the time
    /// `mark` if it is marked with it. The first second may begin at once, so it does not count as
    /// left.
    #[cfg_attr(not(unix), allow(dead_code))] // The engine is told so.
    pub(in crate::store) fn told(ticks: u64, mark: Option<u32>) -> Self {
        let left = Duration::from_secs(ticks.saturating_sub(1));
        Self { left: Some(left), ..Self::of_ticks(ticks, mark) }
    }

    /// Makes the life that ends at this time of a store's own clock, which shows `now`.
    pub(in crate::store) fn until(end: Duration, now: Duration) -> Self {
        let left = Duration::from_secs(end.saturating_sub(now).as_secs());
        Self { left: Some(left), end: End::ByClock(end) }
    }
}
