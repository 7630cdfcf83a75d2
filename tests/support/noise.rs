//! Text that compression makes hardly shorter.

/// Returns a text of so many bytes. Each seed has another one.
#[must_use]
pub fn noise(seed: u64, bytes: usize) -> String {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(b'!' + (state >> 32) as u8 % 94)
    };
    (0..bytes).map(|_| next()).collect()
}
