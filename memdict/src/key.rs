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

use std::{borrow::Cow, fmt};

/// The longest key that memcached takes, in bytes.
pub(crate) const MAX_WIRE: usize = 250;

/// The longest full key: the envelope keeps its length in 16 bits.
pub(crate) const MAX_KEY: usize = u16::MAX as usize;

/// A key in its canonical form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Vec<u8>);

impl Key {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
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
        let text = String::from_utf8_lossy(&self.0);
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
        let mut form = Vec::new();
        self.write_key(&mut form);
        Key(form)
    }
}

impl<K: ToKey + ?Sized> ToKey for &K {
    fn write_key(&self, out: &mut Vec<u8>) {
        (**self).write_key(out);
    }
}

impl ToKey for Key {
    fn write_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl ToKey for str {
    fn write_key(&self, out: &mut Vec<u8>) {
        if self.starts_with(['#', '=', '(', '"', '~']) {
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
                out.push(b'#');
                out.extend_from_slice(self.to_string().as_bytes());
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
                    push_part(&self.$index.to_key(), out);
                )+
                out.push(b')');
            }
        }
    )*};
}

tuples! { (A 0 B 1) (A 0 B 1 C 2) (A 0 B 1 C 2 D 3) }

fn push_part(part: &Key, out: &mut Vec<u8>) {
    for byte in &part.0 {
        match byte {
            b'%' | b',' | b'(' | b')' => push_escaped(*byte, out),
            _ => out.push(*byte),
        }
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

/// Appends a namespace or a dictionary's name in the form that contains neither `:` nor `~`,
/// and the `:` behind it.
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

/// What stands on the wire for a full key.
pub(crate) enum Wire {
    /// The full key itself.
    Plain,
    /// A hash of it: the envelope has to carry the full key.
    Hashed(Vec<u8>),
}

impl Wire {
    pub(crate) fn of(full: &[u8]) -> Self {
        let safe = full.len() <= MAX_WIRE
            && std::str::from_utf8(full).is_ok_and(|text| text.chars().all(is_safe));
        if safe {
            return Self::Plain;
        }
        let mut wire = vec![b'~'];
        blake3::hash(full).as_bytes().iter().for_each(|byte| push_hex(*byte, &mut wire));
        Self::Hashed(wire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(key: impl ToKey) -> String {
        String::from_utf8(key.to_key().0).expect("canonical forms of these are text")
    }

    fn name(name: &str) -> String {
        let mut out = Vec::new();
        push_name(name, &mut out);
        String::from_utf8(out).expect("names are text")
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
        assert_eq!(name("a:b~c d%"), "a%3ab%7ec%20d%25:");
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
    fn long_and_unsafe_keys_are_hashed_and_others_stay_readable() {
        let longest = vec![b'x'; MAX_WIRE];
        assert!(matches!(Wire::of(&longest), Wire::Plain));
        assert!(matches!(Wire::of("schlüssel".as_bytes()), Wire::Plain));
        for hashed in [&b"a b"[..], b"a\r\nb", b"a\0b", b"\xff", &[b'x'; MAX_WIRE + 1]] {
            let Wire::Hashed(wire) = Wire::of(hashed) else { panic!("{hashed:?} stays plain") };
            assert!(wire.len() <= MAX_WIRE && wire[0] == b'~');
            assert!(matches!(Wire::of(&wire), Wire::Plain), "a hash is safe itself");
        }
    }

    #[test]
    fn a_shown_key_has_no_control_characters_and_is_short() {
        assert_eq!("a\r\nb".to_key().to_string(), "a\\r\\nb");
        assert_eq!("x".repeat(1000).to_key().to_string().chars().count(), 101);
    }
}
