//! Keys, which are typed in the program, and readable on the wire where that is possible.
//!
//! A key's *canonical form* is text. Keys that differ have different forms, whatever their types:
//!
//! | key | canonical form |
//! |---|---|
//! | text `alice`, and the character `a` | `alice`, `a` |
//! | text that begins with one of `# = ( " ~` | the same after a `"` |
//! | integer 42, of any width | `#42` |
//! | `true`, an address, a UUID | `#true`, `#127.0.0.1`, `#::1`, `#67e55044-10b1-426f-9247-bb680e5fe0c8` |
//! | bytes | `=` and hexadecimal digits |
//! | tuple | `(alice,#7)`, with `%`, `,`, `(` and `)` inside a part as `%25` and so on |
//! | `Some` of a key, `None` | a tuple of one, `(alice)`, and `#none` |
//!
//! The form on the wire is `<namespace>:<dictionary>:<canonical form>`. In the namespace and the
//! dictionary, `%`, `:`, `~` and every unsafe character are percent-encoded. If the form is longer
//! than memcached allows, or the key has a byte that is unsafe on the wire, `~` and a hash take its
//! place; no other key begins with `~`. The full form is then kept in the value's envelope and
//! checked when the value is read, so that even two keys with equal hashes never share a value.
//!
//! `forms` has the types that are keys, and `name` the names of entries on the wire.

mod escape;
mod forms;
pub(crate) mod name;

use std::{
    borrow::Borrow,
    cell::Cell,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

use crate::quote::Quoted;

/// The longest key that memcached takes, in bytes.
pub(crate) const MAX_WIRE: usize = 250;

/// The longest full key: the envelope keeps its length in 16 bits.
pub(crate) const MAX_KEY: usize = u16::MAX as usize;

/// A key in its canonical form. Clones share it.
#[derive(Clone)]
pub struct Key {
    /// The form, after the prefix that it has on the wire, if that is known.
    full: Arc<[u8]>,
    /// Where the form begins.
    start: usize,
}

impl Key {
    /// Makes a key of this canonical form.
    pub(crate) fn of(form: &[u8]) -> Self {
        Self { full: form.into(), start: 0 }
    }

    /// Makes a key that shares a buffer with its prefix on the wire. Uses up the contents of
    /// `form`.
    fn behind(prefix: &[u8], form: &mut Vec<u8>) -> Self {
        let length = form.len();
        form.extend_from_slice(prefix);
        form.extend_from_within(..length);
        Self { full: form[length..].into(), start: prefix.len() }
    }

    /// Returns the canonical form.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.full[self.start..]
    }
}

/// Borrows the canonical form, by which keys are compared, ordered and hashed.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// Shows text as it is and integers after a `#`. Control characters are escaped, and so are those
/// that are invisible or change the direction of text. Only the first 100 characters are shown.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(&String::from_utf8_lossy(self.as_bytes())).fmt(f)
    }
}

/// A type that can be used as a key: text, characters, integers, `bool`, bytes, IP addresses, UUIDs
/// (with the feature `uuid`), and `Option`s and tuples of these.
///
/// Keys of different kinds differ: `"7"` is not `7`, and `b"a"` is not `"a"`. Integers are equal by
/// value, whatever their width. A character equals the text of that character.
///
/// ```
/// use memdict::ToKey;
///
/// assert_eq!(7_u8.to_key(), 7_i64.to_key());
/// assert_ne!("7".to_key(), 7.to_key());
/// assert_ne!(("a", "b,c").to_key(), ("a,b", "c").to_key());
/// assert_ne!(Some("a").to_key(), "a".to_key());
/// ```
///
/// An application's type becomes a key by writing its parts:
///
/// ```
/// # use memdict::ToKey;
/// struct UserId(u64);
///
/// impl ToKey for UserId {
///     fn write_key(&self, out: &mut Vec<u8>) {
///         self.0.write_key(out);
///     }
/// }
/// assert_eq!(UserId(7).to_key(), 7.to_key());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a key",
    note = "keys are text, integers, `bool`, bytes, addresses, and tuples of these; to use another type, implement `ToKey` for it"
)]
pub trait ToKey {
    /// Appends the canonical form to `out`.
    fn write_key(&self, out: &mut Vec<u8>);

    /// Returns the key in its canonical form.
    fn to_key(&self) -> Key {
        with_form(self, |form| Key::of(form))
    }
}

thread_local! {
    /// A buffer in which the thread writes the forms of keys.
    static FORM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends a key's canonical form, in a reused buffer. The application's code that writes the form
/// may call this function again, because the buffer is taken meanwhile.
#[inline]
pub(crate) fn with_form<R>(key: &(impl ToKey + ?Sized), lend: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // A thread that is ending has no buffer to reuse.
    let mut form = FORM.try_with(Cell::take).unwrap_or_default();
    form.clear();
    key.write_key(&mut form);
    let lent = lend(&mut form);
    if form.capacity() <= 2 * MAX_KEY {
        let _ = FORM.try_with(|kept| kept.set(form));
    }
    lent
}

impl<K: ToKey + ?Sized> ToKey for &K {
    fn write_key(&self, out: &mut Vec<u8>) {
        (**self).write_key(out);
    }
}

impl ToKey for Key {
    fn write_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    use super::*;

    fn form(key: impl ToKey) -> String {
        String::from_utf8(key.to_key().as_bytes().to_vec())
            .expect("canonical forms of these are text")
    }

    #[test]
    fn canonical_forms_are_as_documented() {
        assert_eq!(form("alice"), "alice");
        assert_eq!(form("#7"), "\"#7");
        assert_eq!(form("\"#7"), "\"\"#7");
        assert_eq!(form(42), "#42");
        assert_eq!(form(-42_i64), "#-42");
        assert_eq!(form(b"\x00\xff"), "=00ff");
        assert_eq!(form(("alice", 7)), "(alice,#7)");
        assert_eq!(form((("a", 1), "b")), "(%28a%2c#1%29,b)");
        assert_eq!((form('a'), form('#')), ("a".to_owned(), "\"#".to_owned()));
        assert_eq!((form(true), form(false)), ("#true".to_owned(), "#false".to_owned()));
        let home: IpAddr = [127, 0, 0, 1].into();
        assert_eq!((form(home), form(Ipv4Addr::LOCALHOST)), ("#127.0.0.1".into(), form(home)));
        assert_eq!(form(Ipv6Addr::LOCALHOST), "#::1");
        assert_eq!((form(Some("alice")), form(None::<u8>)), ("(alice)".into(), "#none".into()));
        assert_ne!(form(Some("")), form(None::<&str>), "the empty text is a key");
        assert_eq!(form(Some(None::<u8>)), "(#none)");
        assert_eq!(form((1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)).matches('#').count(), 12);
    }

    #[cfg(feature = "uuid")]
    #[test]
    fn a_uuid_is_its_hyphenated_form() {
        let uuid = uuid::Uuid::from_u128(0x67e5_5044_10b1_426f_9247_bb68_0e5f_e0c8);
        assert_eq!(form(uuid), "#67e55044-10b1-426f-9247-bb680e5fe0c8");
    }

    #[test]
    fn keys_of_different_kinds_or_parts_never_share_a_form() {
        let forms = [
            form("7"),
            form(7),
            form(b"7"),
            form("#7"),
            form("=37"),
            form(("7", "")),
            form(("", "7")),
            form("(7,)"),
            form((7, "")),
            form(("a", "b", "c")),
            form(("a", ("b", "c"))),
            form((("a", "b"), "c")),
            form(Some("7")),
            form(Some(7)),
            form(None::<u8>),
            form(Some(None::<u8>)),
            form(Some(Some("7"))),
            form(true),
            form("true"),
            form("#true"),
            form("127.0.0.1"),
            form(Ipv4Addr::LOCALHOST),
            form(("a,b", "c")),
            form(("a", "b,c")),
            form(""),
        ];
        for (i, a) in forms.iter().enumerate() {
            for b in &forms[i + 1..] {
                assert_ne!(a, b);
            }
        }
    }

    #[test]
    fn writing_a_key_may_write_another_key() {
        struct Nested;
        impl ToKey for Nested {
            fn write_key(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(("a", 1).to_key().as_bytes());
                out.push(b'.');
                "b".to_key().write_key(out);
            }
        }
        for _ in 0..2 {
            assert_eq!(form(Nested), "(a,#1).b");
            assert_eq!(form((Nested, Nested)), "(%28a%2c#1%29.b,%28a%2c#1%29.b)");
        }
    }

    #[test]
    fn keys_are_found_by_their_form() {
        let keys = std::collections::HashSet::from(["alice".to_key(), 7.to_key()]);
        assert!(keys.contains(&b"alice"[..]) && keys.contains(&b"#7"[..]));
        assert!(!keys.contains(&b"7"[..]));
    }

    #[test]
    fn a_displayed_key_has_no_control_characters_and_is_short() {
        assert_eq!("a\r\nb".to_key().to_string(), "a\\r\\nb");
        assert_eq!("x".repeat(1000).to_key().to_string().chars().count(), 101);
    }
}
