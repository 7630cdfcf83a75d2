//! Keys: typed in the program, readable on the wire where they can be.
//!
//! A key's *canonical form* is text, injective over all keys of all types:
//!
//! | key | canonical form |
//! |---|---|
//! | text `alice` | `alice` |
//! | text that begins with one of `# = ( " ~` | the same behind a `"` |
//! | integer 42, of any width | `#42` |
//! | bytes | `=` and hexadecimal digits |
//! | tuple | `(alice,#7)`, with `%`, `,`, `(` and `)` inside a part as `%25` and so on |
//!
//! On the wire stands `<namespace>:<dictionary>:<canonical form>`, with `%`, `:`, `~` and
//! whatever is unsafe as `%` and hexadecimal digits in the first two. Where that is longer than
//! memcached allows, or the key itself has a byte that is unsafe there, stand `~` and a hash of
//! it instead: no other key begins with `~`. The full form is then kept inside the value's
//! envelope and checked when it is read, so that even equal hashes would be a miss.

pub(crate) mod name;

use std::{
    borrow::{Borrow, Cow},
    cell::Cell,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    io::Write,
    sync::Arc,
};

/// The longest key that memcached takes, in bytes.
pub(crate) const MAX_WIRE: usize = 250;

/// The longest full key: the envelope keeps its length in 16 bits.
pub(crate) const MAX_KEY: usize = u16::MAX as usize;

/// A key in its canonical form. A clone shares it.
#[derive(Clone)]
pub struct Key {
    /// The form, behind what goes before it on the wire, if that is known.
    full: Arc<[u8]>,
    /// Where the form begins.
    start: usize,
}

impl Key {
    /// The key of this form.
    pub(crate) fn of(form: &[u8]) -> Self {
        Self { full: form.into(), start: 0 }
    }

    /// A key in one buffer with what goes before it on the wire. Of `form` the buffer is used.
    fn behind(prefix: &[u8], form: &mut Vec<u8>) -> Self {
        let length = form.len();
        form.extend_from_slice(prefix);
        form.extend_from_within(..length);
        Self { full: form[length..].into(), start: prefix.len() }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.full[self.start..]
    }
}

/// The canonical form, by which keys are equal, ordered and hashed.
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

/// Text as it is, integers with a `#` before them; control characters escaped.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 100;
        let text = String::from_utf8_lossy(self.as_bytes());
        for c in text.chars().take(SHOWN) {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { write!(f, "{c}")? }
        }
        if text.chars().nth(SHOWN).is_some() { f.write_str("…") } else { Ok(()) }
    }
}

/// What a dictionary takes for a key: text, bytes, integers, and tuples of them.
///
/// Keys of different kinds differ: `"7"` is not `7`, and `b"a"` is not `"a"`. Integers are
/// equal by value, whatever their width.
///
/// ```
/// use memdict::ToKey;
///
/// assert_eq!(7_u8.to_key(), 7_i64.to_key());
/// assert_ne!("7".to_key(), 7.to_key());
/// assert_ne!(("a", "b,c").to_key(), ("a,b", "c").to_key());
/// ```
///
/// A type of an application is a key by what it is made of:
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
    note = "keys are text, bytes, integers, and tuples of them; implement `ToKey` by one of these"
)]
pub trait ToKey {
    /// Appends the canonical form.
    fn write_key(&self, out: &mut Vec<u8>);

    /// The canonical form by itself.
    fn to_key(&self) -> Key {
        with_form(self, |form| Key::of(form))
    }
}

thread_local! {
    /// Where a thread writes the forms of keys.
    static FORM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends a key's canonical form, in a buffer that is used again. What writes it is code of an
/// application, which may come by here itself: the buffer is its own while it is taken.
#[inline]
pub(crate) fn with_form<R>(key: &(impl ToKey + ?Sized), lend: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // Where the thread is at its end, there is nothing to use again.
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

impl ToKey for str {
    #[inline]
    fn write_key(&self, out: &mut Vec<u8>) {
        if let Some(b'#' | b'=' | b'(' | b'"' | b'~') = self.as_bytes().first() {
            out.push(b'"');
        }
        out.extend_from_slice(self.as_bytes());
    }
}

impl ToKey for [u8] {
    fn write_key(&self, out: &mut Vec<u8>) {
        out.push(b'=');
        for byte in self {
            push_hex(*byte, out);
        }
    }
}

macro_rules! keys {
    ($($type:ty => $as:ty),* $(,)?) => {$(
        impl ToKey for $type {
            fn write_key(&self, out: &mut Vec<u8>) {
                <$as>::write_key(self, out);
            }
        }
    )*};
}

keys! { String => str, Box<str> => str, Cow<'_, str> => str, Vec<u8> => [u8] }

impl<const N: usize> ToKey for [u8; N] {
    fn write_key(&self, out: &mut Vec<u8>) {
        self.as_slice().write_key(out);
    }
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl ToKey for $type {
            fn write_key(&self, out: &mut Vec<u8>) {
                // A `Vec` takes all that is written to it.
                let _ = write!(out, "#{self}");
            }
        }
    )*};
}

integers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize }

macro_rules! tuples {
    ($(($($part:ident $index:tt)+))*) => {$(
        impl<$($part: ToKey),+> ToKey for ($($part,)+) {
            fn write_key(&self, out: &mut Vec<u8>) {
                out.push(b'(');
                $(
                    if $index > 0 {
                        out.push(b',');
                    }
                    push_part(&self.$index, out);
                )+
                out.push(b')');
            }
        }
    )*};
}

tuples! { (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) }

fn push_part(part: &impl ToKey, out: &mut Vec<u8>) {
    const fn is_ours(byte: &u8) -> bool {
        matches!(byte, b'%' | b',' | b'(' | b')')
    }

    let start = out.len();
    part.write_key(out);
    let Some(first) = out.iter().skip(start).position(is_ours) else {
        return;
    };
    for byte in out.split_off(start + first) {
        if is_ours(&byte) { push_escaped(byte, out) } else { out.push(byte) }
    }
}

fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    out.push(b'%');
    push_hex(byte, out);
}

fn push_hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}

#[cfg(test)]
mod tests {
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
    }

    #[test]
    fn keys_of_different_kinds_and_borders_never_meet() {
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
    fn a_key_may_be_written_while_another_is() {
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
    fn a_shown_key_has_no_control_characters_and_is_short() {
        assert_eq!("a\r\nb".to_key().to_string(), "a\\r\\nb");
        assert_eq!("x".repeat(1000).to_key().to_string().chars().count(), 101);
    }
}
