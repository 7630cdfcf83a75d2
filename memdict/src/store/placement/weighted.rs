//! A server with its weight.

/// A server, and how many keys it gets in proportion to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Weighted {
    /// `host:port` in its canonical spelling, or the path of a unix socket.
    pub(in crate::store) name: String,
    pub(in crate::store) weight: u32,
}

/// Returns an index for each unit of weight.
#[cfg(feature = "placement")]
pub(super) fn repeated(servers: &[Weighted]) -> Vec<u32> {
    let each = (0_u32..).zip(servers);
    each.flat_map(|(index, server)| std::iter::repeat_n(index, server.weight as usize)).collect()
}
