//! The name of an entry in errors, reports, hooks and the log.

use std::{fmt, sync::Arc};

use crate::{key::Key, quote::Quoted};

/// The dictionary and key of an entry, as named in errors, reports and hooks.
///
/// `Display` shows `dict[key]` on one line. Control characters, and those that are invisible or
/// change the direction of text, are escaped; a long name or key is shortened.
///
/// ```
/// use memdict::{Cache, ToKey};
///
/// let cache = Cache::open("memory:")?;
/// let session = cache.session();
/// session.dict("hits").insert(("page", 7), 1_u64)?;
/// let report = session.commit()?;
/// let id = report.written_keys().next().expect("one value was written");
/// assert_eq!((&*id.dict, &id.key), ("hits", &("page", 7).to_key()));
/// assert_eq!(id.to_string(), "hits[(page,#7)]");
/// # Ok::<_, memdict::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct EntryId {
    /// The dictionary's name.
    pub dict: Arc<str>,
    /// The key.
    pub key: Key,
}

impl EntryId {
    pub(crate) fn new(dict: &Arc<str>, key: Key) -> Self {
        Self { dict: Arc::clone(dict), key }
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", Quoted(&self.dict), self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToKey;

    #[test]
    fn control_characters_never_reach_the_log() {
        let id = EntryId::new(&"a\n\u{1b}[31m".into(), "b\r\n".to_key());
        assert_eq!(id.to_string(), "a\\n\\u{1b}[31m[b\\r\\n]");
    }
}
