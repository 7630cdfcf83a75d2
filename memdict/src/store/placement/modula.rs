//! The remainder of a hash of the key, by the number of servers. A server of weight 3 counts as three.

use super::weighted::{Weighted, repeated};

/// A hash, and a server for each remainder.
#[derive(Debug, Clone)]
pub(in crate::store) struct Modula {
    hash: fn(&[u8]) -> u32,
    servers: Vec<u32>,
}

impl Modula {
    /// The default of libmemcached.
    pub(super) fn one_at_a_time(servers: &[Weighted]) -> Self {
        Self { hash: one_at_a_time, servers: repeated(servers) }
    }

    /// The choice of python-memcached.
    pub(super) fn crc32(servers: &[Weighted]) -> Self {
        let hash = |key: &[u8]| (crc32fast::hash(key) >> 16 & 0x7fff).max(1);
        Self { hash, servers: repeated(servers) }
    }

    pub(super) fn choose(&self, key: &[u8]) -> usize {
        let place = (self.hash)(key) as usize % self.servers.len().max(1);
        self.servers.get(place).map_or(0, |index| *index as usize)
    }
}

/// Jenkins's one-at-a-time hash.
fn one_at_a_time(key: &[u8]) -> u32 {
    let mixed = key.iter().fold(0_u32, |hash, byte| {
        let hash = hash.wrapping_add(u32::from(*byte));
        let hash = hash.wrapping_add(hash << 10);
        hash ^ hash >> 6
    });
    let mixed = mixed.wrapping_add(mixed << 3);
    let mixed = mixed ^ mixed >> 11;
    mixed.wrapping_add(mixed << 15)
}
