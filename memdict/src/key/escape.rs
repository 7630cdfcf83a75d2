//! The escaping of bytes that would otherwise have another meaning.

pub(super) fn push_escaped(byte: u8, out: &mut Vec<u8>) {
    out.push(b'%');
    push_hex(byte, out);
}

pub(super) fn push_hex(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(DIGITS[usize::from(byte >> 4)]);
    out.push(DIGITS[usize::from(byte & 15)]);
}
