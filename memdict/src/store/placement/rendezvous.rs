//! The server with the highest weight for the key (rendezvous hashing, Thaler and Ravishankar 1996).

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::weighted::Weighted;

/// A key belongs to the server with the highest of `xxh3(key, seed)`, where the seed is
/// `xxh3("host:port")`. A server of weight 3 has two seeds more, of `host:port*2` and `host:port*3`, and so
/// three chances; weights are divided by what they have in common. Programs that share servers have to
/// agree on this for ever; golden tests pin it.
#[derive(Debug, Clone)]
pub(in crate::store) struct Rendezvous(Vec<(u64, usize)>);

impl Rendezvous {
    pub(super) fn of(servers: &[Weighted]) -> Self {
        let common = servers.iter().fold(0, |common, server| gcd(common, server.weight)).max(1);
        let mut seeds = Vec::with_capacity(servers.len());
        for (index, Weighted { name, weight }) in servers.iter().enumerate() {
            seeds.push((xxh3_64(name.as_bytes()), index));
            seeds.extend(
                (2..=weight / common)
                    .map(|chance| (xxh3_64(format!("{name}*{chance}").as_bytes()), index)),
            );
        }
        Self(seeds)
    }

    pub(super) fn choose(&self, key: &[u8]) -> usize {
        if let [_] = self.0[..] {
            return 0;
        }
        let weight = |&&(seed, _): &&(u64, usize)| (xxh3_64_with_seed(key, seed), seed);
        self.0.iter().max_by_key(weight).map_or(0, |(_, index)| *index)
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}
