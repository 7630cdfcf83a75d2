//! Which server of a list holds a key.

#[cfg(feature = "placement")]
mod ketama;
#[cfg(feature = "placement")]
mod modula;
#[cfg(feature = "placement")]
mod pymemcache;
mod rendezvous;
pub(super) mod weighted;

use rendezvous::Rendezvous;
use weighted::Weighted;
#[cfg(feature = "placement")]
use {ketama::Ketama, modula::Modula, pymemcache::Pymemcache};

/// How the server is chosen that holds a key: as memdict does, or as another client of the same servers
/// does, so that this one can look at the keys, or delete them.
///
/// Whoever shares values has to choose in the same way. Another choice finds other servers, and so loses
/// nearly all stored values. All but the default need the cargo feature `placement`. In a URL it is
/// the option `hash`, with the name in parentheses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Placement {
    /// The default (`rendezvous`): the server with the highest of `xxh3(key, seed = xxh3(name))`. A
    /// server that comes or goes moves only its own keys, and the order of the list does not matter.
    #[default]
    Rendezvous,
    /// The continuum of libmemcached's weighted ketama and of twemproxy's `ketama` with `hash: md5`
    /// (`ketama`). In pylibmc, the behavior `ketama_weighted`. A server that comes or goes moves
    /// about its own keys. The order of the list does not matter.
    Ketama,
    /// The remainder of a one-at-a-time hash (`modula`): the default of libmemcached and pylibmc, and
    /// twemproxy's `modula` with `hash: one_at_a_time`. With weights, it is as in twemproxy. The order of
    /// the list matters, and a server that comes or goes moves nearly all keys.
    Modula,
    /// The remainder of a CRC-32 (`crc32`), as in python-memcached. The order of the list matters, and a
    /// server that comes or goes moves nearly all keys.
    Crc32,
    /// The highest of `murmur3("host:port-key")` (`pymemcache`), as in pymemcache's `HashClient`. It knows
    /// no weights. The order of the list does not matter.
    Pymemcache,
}

/// The names by which URLs choose.
const NAMES: [(&str, Placement); 5] = [
    ("rendezvous", Placement::Rendezvous),
    ("ketama", Placement::Ketama),
    ("modula", Placement::Modula),
    ("crc32", Placement::Crc32),
    ("pymemcache", Placement::Pymemcache),
];

impl std::str::FromStr for Placement {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        NAMES.iter().find(|(it, _)| *it == name).map(|(_, placement)| *placement).ok_or(())
    }
}

/// A choice among the servers of a list.
#[derive(Debug, Clone)]
pub(super) enum Choice {
    Rendezvous(Rendezvous),
    #[cfg(feature = "placement")]
    Ketama(Ketama),
    #[cfg(feature = "placement")]
    Modula(Modula),
    #[cfg(feature = "placement")]
    Pymemcache(Pymemcache),
}

impl Choice {
    /// Prepares the choice among these servers.
    ///
    /// # Errors
    ///
    /// It is not possible, for this reason.
    pub(super) fn among(servers: &[Weighted], how: Placement) -> Result<Self, &'static str> {
        match how {
            Placement::Rendezvous => Ok(Self::Rendezvous(Rendezvous::of(servers))),
            #[cfg(feature = "placement")]
            Placement::Ketama => Ok(Self::Ketama(Ketama::of(servers))),
            #[cfg(feature = "placement")]
            Placement::Modula => Ok(Self::Modula(Modula::one_at_a_time(servers))),
            #[cfg(feature = "placement")]
            Placement::Crc32 => Ok(Self::Modula(Modula::crc32(servers))),
            #[cfg(feature = "placement")]
            Placement::Pymemcache => Pymemcache::of(servers).map(Self::Pymemcache),
            #[cfg(not(feature = "placement"))]
            _ => Err("this choice needs memdict's cargo feature `placement`"),
        }
    }

    /// Returns the index of the server that holds `key`.
    pub(super) fn of(&self, key: &[u8]) -> usize {
        match self {
            Self::Rendezvous(choice) => choice.choose(key),
            #[cfg(feature = "placement")]
            Self::Ketama(choice) => choice.choose(key),
            #[cfg(feature = "placement")]
            Self::Modula(choice) => choice.choose(key),
            #[cfg(feature = "placement")]
            Self::Pymemcache(choice) => choice.choose(key),
        }
    }
}

#[cfg(all(test, feature = "placement"))]
mod tests;
