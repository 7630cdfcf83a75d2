//! How a cache compresses values.

use super::builder::CacheBuilder;
use crate::pack::Compression;

impl CacheBuilder {
    /// Compresses the values of dictionaries that [say nothing else](crate::DictDef::compress). By
    /// default values are not compressed.
    ///
    /// ```
    /// use memdict::{Cache, Compression};
    ///
    /// let cache = Cache::builder().compress(Compression::Lz4).open("memory:")?;
    /// cache.transaction(|session| session.dict("pages").insert("/", "<p>".repeat(4_000)))?;
    /// # Ok::<_, memdict::Error>(())
    /// ```
    pub fn compress(mut self, how: Compression) -> Self {
        self.packing.how = Some(how);
        self
    }

    /// Sets how many bytes the encoding of a value has to have so that it is compressed, in
    /// dictionaries that [say nothing else](crate::DictDef::compress_from). The default is 1,024.
    pub fn compress_from(mut self, bytes: usize) -> Self {
        self.packing.from = Some(bytes);
        self
    }
}
