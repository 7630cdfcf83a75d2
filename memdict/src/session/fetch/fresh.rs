//! What a loader returns.

use crate::def::ttl::Ttl;

/// What a loader returns to `fetch`: a value, or that there is none, and what to store of it.
///
/// A loader may return the value itself, or an `Option` of it; both convert into this. It makes a
/// `Fresh` to say more.
///
/// ```
/// use std::time::Duration;
/// use memdict::{Cache, DictDef, Error, Fresh};
///
/// static PAGES: DictDef<String> = DictDef::new("pages").ttl_secs(600);
///
/// let cache = Cache::open("memory:")?;
/// let page = cache.fetch(&PAGES, "/news", || {
///     let text = "today".to_owned(); // read from a file
///     Ok::<_, Error>(Fresh::new(text).ttl(Duration::from_secs(30)))
/// })?;
/// assert_eq!(page.as_deref(), Some("today"));
/// # Ok::<_, Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a loader returns it"]
pub struct Fresh<T> {
    pub(crate) value: Option<T>,
    /// A lifetime of its own.
    pub(crate) ttl: Option<Ttl>,
    pub(crate) is_stored: bool,
}

impl<T> Fresh<T> {
    /// Makes a value that is stored for the lifetime of its dictionary.
    pub const fn new(value: T) -> Self {
        Self { value: Some(value), ttl: None, is_stored: true }
    }

    /// Says that there is no value. The store keeps that for
    /// [`absent_for`](crate::DictDef::absent_for), or does not if the dictionary has no such time.
    pub const fn none() -> Self {
        Self { value: None, ttl: None, is_stored: true }
    }

    /// Sets how long this lives, instead of the time of the dictionary: a [`Ttl`], or a `Duration`
    /// from now on. [`Ttl::Keep`] leaves it to the dictionary, because `fetch` makes a new value.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = Some(ttl.into()).filter(|ttl| *ttl != Ttl::Keep);
        self
    }

    /// Says that this is not to be stored. `fetch` returns it, also to those calls of this process
    /// that wait for it.
    pub fn unstored(mut self) -> Self {
        self.is_stored = false;
        self
    }
}

/// Makes a value that is stored for the lifetime of its dictionary.
impl<T> From<T> for Fresh<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

/// Makes a value, or says that there is none.
impl<T> From<Option<T>> for Fresh<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or_else(Self::none, Self::new)
    }
}

/// Does not show the value.
impl<T> std::fmt::Debug for Fresh<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fresh")
            .field("is_none", &self.value.is_none())
            .field("ttl", &self.ttl)
            .field("is_stored", &self.is_stored)
            .finish_non_exhaustive()
    }
}
