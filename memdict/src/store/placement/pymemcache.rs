//! The choice of pymemcache's `HashClient`: rendezvous hashing by MurmurHash3.

use super::weighted::Weighted;

/// The names of the servers.
#[derive(Debug, Clone)]
pub(in crate::store) struct Pymemcache(Vec<String>);

impl Pymemcache {
    /// # Errors
    ///
    /// The weights differ, which that client does not know.
    pub(super) fn of(servers: &[Weighted]) -> Result<Self, &'static str> {
        if servers.iter().any(|server| server.weight != servers[0].weight) {
            return Err("this choice knows no weights, so the servers must not have any");
        }
        Ok(Self(servers.iter().map(|server| server.name.clone()).collect()))
    }

    pub(super) fn choose(&self, key: &[u8]) -> usize {
        let mut text = Vec::new();
        let mut score = |name: &String| {
            text.clear();
            text.extend_from_slice(name.as_bytes());
            text.push(b'-');
            text.extend_from_slice(key);
            murmur3::murmur3_32(&mut &*text, 0).unwrap_or_default()
        };
        let scores = self.0.iter().enumerate().map(|(index, name)| (score(name), name, index));
        scores.max().map_or(0, |(_, _, index)| index)
    }
}
