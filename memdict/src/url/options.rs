//! The options of a cache and its store, from a URL or a builder.

use std::{borrow::Cow, num::NonZeroUsize, str::FromStr, time::Duration};

use bytesize::ByteSize;

use crate::{
    error::{Error, Result},
    quote::without_password,
    store::{
        faulty::rates::{Rate, Rates},
        placement::Placement,
    },
};

/// The options of a cache, from a URL or a builder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) namespace: Option<String>,
    pub(crate) strict: Option<bool>,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) max_connections: Option<usize>,
    pub(crate) max_item_bytes: Option<usize>,
    /// How often the servers of a cluster are asked for.
    pub(crate) refresh: Option<Duration>,
    /// How the server is chosen that holds a key.
    pub(crate) placement: Option<Placement>,
    /// How many lost removals are remembered for each server, and for how long.
    pub(crate) remember: Option<usize>,
    pub(crate) remember_for: Option<Duration>,
    /// The files of TLS.
    pub(crate) ca_file: Option<String>,
    pub(crate) cert_file: Option<String>,
    pub(crate) key_file: Option<String>,
    /// Whether TLS verifies servers.
    pub(crate) verify: Option<bool>,
    /// How often the embedded store fails.
    pub(crate) rates: Rates,
}

impl Options {
    /// Returns the names of the options that are set and belong to a store, not to the cache over
    /// it.
    pub(crate) fn of_a_store(&self) -> Vec<&'static str> {
        let set = [
            ("max_bytes", self.max_bytes.is_some()),
            ("timeout", self.timeout.is_some()),
            ("connect_timeout", self.connect_timeout.is_some()),
            ("deadline", self.deadline.is_some()),
            ("max_connections", self.max_connections.is_some()),
            ("max_item_bytes", self.max_item_bytes.is_some()),
            ("hash", self.placement.is_some()),
            ("remember", self.remember.is_some()),
            ("remember_for", self.remember_for.is_some()),
        ];
        set.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect()
    }

    /// Sets the option of this name.
    pub(super) fn set(&mut self, name: &str, value: Cow<'_, str>) -> Result<()> {
        match name {
            "namespace" => self.namespace = Some(value.into_owned()),
            "strict" => self.strict = Some(parse(name, &value, "true or false")?),
            "max_bytes" => self.max_bytes = Some(size(name, &value)?),
            "max_item_bytes" => self.max_item_bytes = Some(size(name, &value)?),
            "timeout" => self.timeout = Some(duration(name, &value)?),
            "connect_timeout" => self.connect_timeout = Some(duration(name, &value)?),
            "deadline" => self.deadline = Some(duration(name, &value)?),
            "max_connections" => {
                let many: NonZeroUsize = parse(name, &value, "a number from 1")?;
                self.max_connections = Some(many.get());
            }
            "hash" => {
                let known = "rendezvous, ketama, modula, crc32 and pymemcache";
                self.placement = Some(parse(name, &value, known)?);
            }
            "lose" => self.rates.lose = rate(name, &value)?,
            "refuse" => self.rates.refuse = rate(name, &value)?,
            "fail" => self.rates.fail = rate(name, &value)?,
            "unanswered" => self.rates.unanswered = rate(name, &value)?,
            "late" => self.rates.late = rate(name, &value)?,
            "delay" => self.rates.delay = Some(duration(name, &value)?),
            "seed" => self.rates.seed = Some(parse(name, &value, "a whole number from 0")?),
            "remember" => self.remember = Some(parse(name, &value, "a number from 0")?),
            "refresh" => self.refresh = Some(duration(name, &value)?),
            "remember_for" => self.remember_for = Some(duration(name, &value)?),
            "ca_file" => self.ca_file = Some(value.into_owned()),
            "cert_file" => self.cert_file = Some(value.into_owned()),
            "key_file" => self.key_file = Some(value.into_owned()),
            "verify" => self.verify = Some(parse(name, &value, "true or false")?),
            // The caller has already checked the name against the same list.
            _ => return Err(bad(name, "unknown".to_owned())),
        }
        Ok(())
    }
}

/// The options of every cache.
const OF_CACHES: &[&str] = &["namespace", "strict"];
/// The options of every store with servers.
const OF_SERVERS: &[&str] =
    &["timeout", "connect_timeout", "deadline", "max_connections", "max_item_bytes", "hash"];
/// The options of the engine, which remembers lost removals.
const OF_THE_ENGINE: &[&str] = &["remember", "remember_for"];
const OF_MEMORY: &[&str] =
    &["max_bytes", "lose", "refuse", "fail", "unanswered", "late", "delay", "seed"];
const OF_TLS: &[&str] = &["ca_file", "cert_file", "key_file", "verify"];

/// The options that a URL of each kind may have.
pub(super) const MEMORY_OPTIONS: &[&[&str]] = &[OF_MEMORY, OF_CACHES];
pub(super) const CLASSIC_OPTIONS: &[&[&str]] = &[OF_SERVERS, OF_CACHES];
pub(super) const MEMCACHED_OPTIONS: &[&[&str]] = &[OF_SERVERS, OF_CACHES, OF_THE_ENGINE];
pub(super) const CLUSTER_OPTIONS: &[&[&str]] =
    &[OF_SERVERS, OF_CACHES, OF_THE_ENGINE, &["refresh"]];
pub(super) const TLS_OPTIONS: &[&[&str]] = &[OF_SERVERS, OF_CACHES, OF_THE_ENGINE, OF_TLS];
pub(super) const TLS_CLUSTER_OPTIONS: &[&[&str]] =
    &[OF_SERVERS, OF_CACHES, OF_THE_ENGINE, &["refresh"], OF_TLS];

fn size(name: &str, value: &str) -> Result<usize> {
    let bytes: ByteSize = parse(name, value, "a size such as 64MiB or 1000000")?;
    let reason = || format!("`{}` is more than this machine can address", without_password(value));
    usize::try_from(bytes.as_u64()).map_err(|_| bad(name, reason()))
}

fn rate(name: &str, value: &str) -> Result<Rate> {
    parse(name, value, "a chance from 0 to 1, such as 0.05")
}

fn parse<T: FromStr>(name: &str, value: &str, allowed: &str) -> Result<T> {
    let wrong = || format!("`{}` is not allowed; allowed: {allowed}", without_password(value));
    value.parse().map_err(|_| bad(name, wrong()))
}

fn duration(name: &str, value: &str) -> Result<Duration> {
    match humantime::parse_duration(value) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => {
            let value = without_password(value);
            Err(bad(name, format!("`{value}` is not allowed; allowed: a time such as 500ms or 2s")))
        }
    }
}

/// Makes the error of an option, or of a part of the URL.
pub(super) fn bad(option: &str, reason: String) -> Error {
    Error::Config { option: option.to_owned(), reason }
}
