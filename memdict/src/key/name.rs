//! The name of an entry, in the program, in the log and on the wire.

use std::{fmt, sync::Arc};

use percent_encoding::percent_decode;

use super::{
    Key, MAX_KEY, MAX_WIRE,
    escape::{push_escaped, push_hex},
};
use crate::entry_id::EntryId;

/// The name of an entry.
pub(crate) struct Name {
    pub(crate) id: EntryId,
    /// The hash that replaces the full key on the wire, if it needs one.
    hashed: Option<Box<[u8]>>,
}

impl Name {
    /// Makes the name of the key with this canonical form, whose contents are used up. `prefix` is
    /// the beginning of the full key.
    ///
    /// # Errors
    ///
    /// The reason why the key cannot be used.
    pub(crate) fn new(
        dict: &Arc<str>,
        prefix: &[u8],
        form: &mut Vec<u8>,
    ) -> Result<Self, &'static str> {
        if dict.is_empty() {
            return Err("its dictionary has no name");
        }
        if prefix.len() + form.len() > MAX_KEY {
            return Err("with its prefix it is longer than 65,535 bytes");
        }
        let key = Key::behind(prefix, form);
        let hashed = (!is_plain(&key.full)).then(|| hash(&key.full));
        Ok(Self { id: EntryId::new(dict, key), hashed })
    }

    /// Takes a full key apart: returns its namespace, and its name. `None` if it is not the full key of
    /// an entry.
    pub(crate) fn of_full(full: &[u8]) -> Option<(String, Self)> {
        let mut colons = memchr::memchr_iter(b':', full);
        let (first, second) = (colons.next()?, colons.next()?);
        let plain = |escaped| {
            let name = percent_decode(escaped).decode_utf8().ok()?;
            // A name has one escaped form.
            let mut again = Vec::new();
            push_name(&name, &mut again);
            (again.strip_suffix(b":") == Some(escaped)).then(|| name.into_owned())
        };
        let (namespace, dict) = (plain(&full[..first])?, plain(&full[first + 1..second])?);
        let (prefix, form) = full.split_at(second + 1);
        let name = Self::new(&dict.into(), prefix, &mut form.to_vec()).ok()?;
        Some((namespace, name))
    }

    /// Returns the key on the wire: the full key, or a hash of it.
    pub(crate) fn wire(&self) -> &[u8] {
        self.hashed.as_deref().unwrap_or(&self.id.key.full)
    }

    /// Returns the key on the wire of a lock on the entry, which no entry has.
    pub(crate) fn wire_of_lock(&self) -> Box<[u8]> {
        let mut wire = b"~lock:".to_vec();
        push_hash(self.full(), &mut wire);
        wire.into_boxed_slice()
    }

    /// Returns the full key: namespace, dictionary and key.
    pub(crate) fn full(&self) -> &[u8] {
        &self.id.key.full
    }

    /// Returns the key for the envelope: the full key, if the wire has only a hash of it.
    pub(crate) fn in_envelope(&self) -> Option<&[u8]> {
        self.hashed.is_some().then_some(&*self.id.key.full)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.id)
    }
}

/// Appends the name of a namespace or a dictionary, escaped so that it contains neither `:` nor
/// `~`, and a `:` after it.
pub(crate) fn push_name(name: &str, out: &mut Vec<u8>) {
    for c in name.chars() {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        if matches!(c, '%' | ':' | '~') || !is_safe(c) {
            bytes.iter().for_each(|byte| push_escaped(*byte, out));
        } else {
            out.extend_from_slice(bytes);
        }
    }
    out.push(b':');
}

fn is_safe(c: char) -> bool {
    !c.is_whitespace() && !c.is_control()
}

/// Returns whether a full key can be sent as it is.
fn is_plain(full: &[u8]) -> bool {
    // Most keys are ASCII, which is found without a branch for each byte.
    full.len() <= MAX_WIRE
        && (full.iter().fold(true, |safe, byte| safe & byte.is_ascii_graphic())
            || str::from_utf8(full).is_ok_and(|text| text.chars().all(is_safe)))
}

fn hash(full: &[u8]) -> Box<[u8]> {
    let mut wire = vec![b'~'];
    push_hash(full, &mut wire);
    wire.into_boxed_slice()
}

fn push_hash(full: &[u8], out: &mut Vec<u8>) {
    blake3::hash(full).as_bytes().iter().for_each(|byte| push_hex(*byte, out));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(prefix: &[u8], form: &[u8]) -> Name {
        Name::new(&"d".into(), prefix, &mut form.to_vec()).expect("it is a name")
    }

    #[test]
    fn names_are_escaped() {
        let mut out = Vec::new();
        push_name("a:b~c d%", &mut out);
        assert_eq!(out, b"a%3ab%7ec%20d%25:");
    }

    #[test]
    fn long_and_unsafe_keys_are_hashed_and_others_stay_readable() {
        let longest = vec![b'x'; MAX_WIRE - 1];
        for plain in [&longest, "schlüssel".as_bytes(), b""] {
            let name = named(b":", plain);
            assert_eq!(name.wire(), [b":", plain].concat());
            assert_eq!(name.in_envelope(), None);
        }
        for unsafe_one in [&b"a b"[..], b"a\r\nb", b"a\0b", b"a\x7f", b"\xff", &[b'x'; MAX_WIRE]] {
            let name = named(b":", unsafe_one);
            assert!(name.wire().len() <= MAX_WIRE && name.wire()[0] == b'~');
            assert!(is_plain(name.wire()), "a hash is safe");
            assert_eq!(name.in_envelope(), Some(&*[b":", unsafe_one].concat()));
        }
    }

    #[test]
    fn a_full_key_is_taken_apart_into_what_it_was_made_of() {
        for (namespace, dict, form) in
            [("n", "d", "k"), ("", "d", ""), ("a:b~", "c d%", "x:y"), ("n\u{e9}", "d", "(a,b%2c)")]
        {
            let mut prefix = Vec::new();
            push_name(namespace, &mut prefix);
            push_name(dict, &mut prefix);
            let name = Name::new(&dict.into(), &prefix, &mut form.as_bytes().to_vec());
            let name = name.expect("it is a name");
            let (found, again) = Name::of_full(name.full()).expect("it is a full key");
            assert_eq!((&*found, &again.id, again.wire()), (namespace, &name.id, name.wire()));
        }
        for other in ["", "a", "a:b", "a::k", "%61:b:k", "a:b%3A:k", "%zz:b:k", "~lock:00"] {
            assert!(Name::of_full(other.as_bytes()).is_none(), "{other}");
        }
    }

    #[test]
    fn the_lock_of_an_entry_has_a_key_of_its_own() {
        let lock = named(b":", b"a").wire_of_lock();
        assert!(is_plain(&lock) && lock.len() <= MAX_WIRE);
        assert_ne!(lock, named(b":", b"b").wire_of_lock());
        // No name begins with `~`, and a hash has no colon.
        let user = named(b"n:", &lock);
        assert!(user.wire() != &*lock && !hash(b"a").contains(&b':'));
    }

    #[test]
    fn a_key_is_the_same_with_and_without_its_prefix() {
        let (bare, name) = (super::super::ToKey::to_key("alice"), named(b"n:d:", b"alice"));
        assert_eq!(name.id.key, bare);
        assert_eq!(name.id.key.to_string(), "alice");
        assert_eq!(name.id.key.cmp(&named(b"m:d:", b"bob").id.key), std::cmp::Ordering::Less);
    }

    #[test]
    fn a_key_that_is_too_long_or_has_no_dictionary_is_an_error() {
        let prefix = b"n:d:";
        assert!(Name::new(&"d".into(), prefix, &mut vec![b'x'; MAX_KEY - 4]).is_ok());
        assert!(Name::new(&"d".into(), prefix, &mut vec![b'x'; MAX_KEY - 3]).is_err());
        assert!(Name::new(&"".into(), prefix, &mut b"x".to_vec()).is_err());
    }
}
