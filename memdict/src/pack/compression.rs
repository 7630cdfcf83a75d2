//! What a program says about compression.

/// A way to compress values, for [`DictDef::compress`](crate::DictDef::compress).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(
    not(any(feature = "lz4", feature = "zstd")),
    allow(unreachable_pub, reason = "without a method there is nothing to say")
)]
pub enum Compression {
    /// An LZ4 block: fast in both directions. Needs the cargo feature `lz4`.
    #[cfg(feature = "lz4")]
    Lz4,
    /// A Zstandard frame: smaller, and slower to write. Needs the cargo feature `zstd`, which compiles
    /// the C library.
    #[cfg(feature = "zstd")]
    Zstd {
        /// From 1, the fastest, to 22, the smallest; 3 is a good value. Negative ones are faster still.
        level: i32,
    },
}

/// How values are compressed, as a dictionary or a cache sets it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Packing {
    pub(crate) how: Option<Compression>,
    /// A shorter payload is not compressed.
    pub(crate) from: Option<usize>,
    /// The dictionary that Zstandard was trained to.
    pub(crate) trained: Option<&'static [u8]>,
}

impl Packing {
    pub(crate) const UNSET: Self = Self { how: None, from: None, trained: None };

    /// Returns these settings of a dictionary, and where it has none, those of its cache.
    pub(crate) fn over(self, cache: Self) -> Self {
        let (how, from) = (self.how.or(cache.how), self.from.or(cache.from));
        Self { how, from, ..self }
    }
}
