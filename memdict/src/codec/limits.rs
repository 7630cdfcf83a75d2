//! What decoding a value may take, whatever its bytes say.

/// The limits of a dictionary's values. Encoding keeps them as well, so that a value that was
/// stored can be decoded with the same limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// How many levels of structs, enums, tuples, sequences, maps, newtypes and `Some`s may be
    /// inside each other.
    pub(crate) depth: usize,
    /// How many bytes of memory may be needed, if it is not the default.
    pub(crate) memory: Option<usize>,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self { depth: 128, memory: None };

    /// The same without a limit on memory, to decode what this process has just encoded.
    pub(crate) const fn of_own_value(mut self) -> Self {
        self.memory = Some(usize::MAX);
        self
    }

    /// Returns how many bytes of memory a payload of this length may need.
    pub(super) fn memory(self, payload: usize) -> usize {
        self.memory.unwrap_or_else(|| MEMORY.max(payload.saturating_mul(MEMORY_PER_BYTE)))
    }
}

/// The default limit on memory is the larger one of this and [`MEMORY_PER_BYTE`].
const MEMORY: usize = 64 << 20;

/// How much memory each byte of a payload may need by default.
const MEMORY_PER_BYTE: usize = 32;

/// Parts of at most this size are not counted: a payload has a byte for each of them, so together
/// they need at most this many times its length.
pub(super) const FREE: usize = MEMORY_PER_BYTE;

/// How many elements may be encoded to no bytes, as those of a `Vec<()>` are.
const HOLLOW: usize = 1 << 16;

/// Returns how many elements all sequences and maps of a payload of this length may have together.
/// Each element begins with a byte of its own, unless it is encoded to nothing.
pub(super) const fn elements(payload: usize) -> usize {
    payload.saturating_add(HOLLOW)
}
