//! The continuum of ketama, with weights, as libmemcached and twemproxy make it.

use md5::{Digest, Md5};

use super::weighted::Weighted;

/// How many points a server of average weight has.
const POINTS: f32 = 160.0;
/// How many points each digest gives.
const POINTS_OF_DIGEST: usize = 4;

/// Points of servers on a circle. A key belongs to the server of the next point.
#[derive(Debug, Clone)]
pub(in crate::store) struct Ketama(Vec<(u32, usize)>);

impl Ketama {
    pub(super) fn of(servers: &[Weighted]) -> Self {
        let total: u32 = servers.iter().map(|server| server.weight).sum();
        let mut points = Vec::new();
        for (index, Weighted { name, weight }) in servers.iter().enumerate() {
            // The default port is left out of the name.
            let name = name.strip_suffix(":11211").unwrap_or(name);
            for number in 0..digests(*weight, total, servers.len()) {
                let digest = Md5::digest(format!("{name}-{number}"));
                points.extend((0..POINTS_OF_DIGEST).map(|part| (number_in(&digest, part), index)));
            }
        }
        points.sort_by_key(|(point, _)| *point);
        Self(points)
    }

    pub(super) fn choose(&self, key: &[u8]) -> usize {
        let place = number_in(&Md5::digest(key), 0);
        let next = self.0.partition_point(|(point, _)| *point < place);
        // After the last point comes the first one.
        self.0.get(next).or(self.0.first()).map_or(0, |(_, index)| *index)
    }
}

/// Returns how many digests give a server's points, rounded as the original does.
fn digests(weight: u32, total: u32, servers: usize) -> u32 {
    let share = weight as f32 / total as f32;
    let digests = share * POINTS / POINTS_OF_DIGEST as f32 * servers as f32;
    (f64::from(digests) + 1e-10) as f32 as u32
}

/// Returns the number in one quarter of a digest.
fn number_in(digest: &[u8], part: usize) -> u32 {
    let bytes = digest.iter().skip(part * 4).take(4).rev();
    bytes.fold(0, |number, byte| number << 8 | u32::from(*byte))
}
