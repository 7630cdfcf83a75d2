//! The options of compression.

use super::DictDef;
use crate::{pack::Compression, track::Tracked};

impl<T: Tracked> DictDef<T> {
    /// Compresses values before they are stored. By default the setting of the
    /// [cache](crate::CacheBuilder::compress) applies.
    ///
    /// A value is compressed if its encoding has at least [as many bytes](Self::compress_from) as set,
    /// and stays compressed only if that saves an eighth of them. Whether it has changed is found out
    /// before, so an unchanged value is never compressed. Values of any setting can be read, so it can
    /// be changed at any time: what is stored stays usable, and is compressed anew when it changes. A
    /// program without the cargo feature of the method reads such a value as a miss
    /// ([`Unusable::Newer`](crate::Unusable::Newer)).
    ///
    /// A value of more than 64 MiB is not compressed.
    ///
    /// ```
    /// use memdict::{Cache, Compression, DictDef};
    ///
    /// static PAGES: DictDef<String> = DictDef::new("pages").compress(Compression::Lz4);
    ///
    /// let cache = Cache::open("memory:")?;
    /// cache.transaction(|session| session.dict(&PAGES).insert("/", "<p>Hello</p>".repeat(1_000)))?;
    /// let session = cache.session();
    /// match session.dict(&PAGES).get("/")? {
    ///     Some(page) => assert_eq!(page.len(), 12_000),
    ///     None => println!("the page was evicted"),
    /// }
    /// # Ok::<_, memdict::Error>(())
    /// ```
    #[must_use]
    pub const fn compress(mut self, how: Compression) -> Self {
        self.options.packing.how = Some(how);
        self
    }

    /// Sets how many bytes the encoding of a value has to have so that it is compressed. The default
    /// is 1,024. Short values become hardly shorter.
    #[must_use]
    pub const fn compress_from(mut self, bytes: usize) -> Self {
        self.options.packing.from = Some(bytes);
        self
    }

    /// Compresses with a dictionary that Zstandard was trained to (`zstd --train`), by
    /// [`Compression::Zstd`]. It makes many small values of one kind much smaller;
    /// [`compress_from`](Self::compress_from) has to be lower for them.
    ///
    /// Each program that reads the values needs the same dictionary, in the definition by which a session
    /// first uses the dictionary. Under another one, or without, they are misses
    /// ([`Unusable::Newer`](crate::Unusable::Newer)), which a new trained dictionary therefore costs
    /// once.
    #[cfg(feature = "zstd")]
    #[must_use]
    pub const fn trained_by(mut self, dictionary: &'static [u8]) -> Self {
        self.options.packing.trained = Some(dictionary);
        self
    }
}
