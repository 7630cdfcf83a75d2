//! The canonical forms of the types that are keys.

use std::{
    borrow::Cow,
    io::Write,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use super::{
    ToKey,
    escape::{push_escaped, push_hex},
};

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

keys! {
    String => str, Box<str> => str, Arc<str> => str, Cow<'_, str> => str, Vec<u8> => [u8],
}

impl ToKey for char {
    fn write_key(&self, out: &mut Vec<u8>) {
        self.encode_utf8(&mut [0; 4]).write_key(out);
    }
}

impl<const N: usize> ToKey for [u8; N] {
    fn write_key(&self, out: &mut Vec<u8>) {
        self.as_slice().write_key(out);
    }
}

/// Types that are written as text, which is never the text of another of these types.
macro_rules! by_text {
    ($($type:ty)*) => {$(
        impl ToKey for $type {
            fn write_key(&self, out: &mut Vec<u8>) {
                // Writing to a `Vec` does not fail.
                let _ = write!(out, "#{self}");
            }
        }
    )*};
}

by_text! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize bool IpAddr Ipv4Addr Ipv6Addr }

#[cfg(feature = "uuid")]
by_text! { uuid::Uuid }

impl<K: ToKey> ToKey for Option<K> {
    fn write_key(&self, out: &mut Vec<u8>) {
        let Some(key) = self else { return out.extend_from_slice(b"#none") };
        out.push(b'(');
        push_part(key, out);
        out.push(b')');
    }
}

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

tuples! {
    (A 0 B 1)
    (A 0 B 1 C 2)
    (A 0 B 1 C 2 D 3)
    (A 0 B 1 C 2 D 3 E 4)
    (A 0 B 1 C 2 D 3 E 4 F 5)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10)
    (A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11)
}

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
