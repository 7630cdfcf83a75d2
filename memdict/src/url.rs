//! The URL of a store: `memory:`, or `memcache://HOST:PORT,...`, with options.

use std::{borrow::Cow, str::FromStr, time::Duration};

use bytesize::ByteSize;

use crate::error::{Error, Result};

/// What a URL or a builder says of a cache.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) namespace: Option<String>,
    pub(crate) strict: Option<bool>,
    pub(crate) max_bytes: Option<usize>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) connect_timeout: Option<Duration>,
}

/// Which store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    /// `HOST:PORT` of each server.
    Memcached(Vec<String>),
}

const MEMORY: &str = "memory:?max_bytes=64MiB";
const MEMCACHED: &str = "memcache://HOST:PORT[,HOST:PORT...]?timeout=500ms";
const MEMORY_OPTIONS: &[&str] = &["max_bytes", "namespace", "strict"];
const MEMCACHED_OPTIONS: &[&str] = &["timeout", "connect_timeout", "namespace", "strict"];

/// Reads `url`; its options replace those of `options`.
pub(crate) fn read(url: &str, options: &mut Options) -> Result<Place> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let Some((scheme, rest)) = place.split_once(':') else {
        return Err(bad(url, format!("not a URL; allowed: {MEMORY} and {MEMCACHED}")));
    };
    let (place, allowed) = match scheme {
        "memory" if matches!(rest, "" | "//") => (Place::Memory, MEMORY_OPTIONS),
        "memory" => {
            return Err(bad(rest, format!("a memory: URL has no host; allowed: {MEMORY}")));
        }
        "memcache" => (Place::Memcached(servers(rest)?), MEMCACHED_OPTIONS),
        _ => {
            let reason = format!("unknown scheme `{scheme}`; allowed: {MEMORY} and {MEMCACHED}");
            return Err(bad(&format!("{scheme}:"), reason));
        }
    };
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if !allowed.contains(&&*name) {
            let allowed = allowed.join(", ");
            let reason = format!("unknown in a {scheme}: URL; allowed: {allowed}");
            return Err(bad(&name, reason));
        }
        option(&name, value, options)?;
    }
    Ok(place)
}

fn servers(rest: &str) -> Result<Vec<String>> {
    let list = rest.strip_prefix("//").unwrap_or(rest).trim_end_matches('/');
    if list.is_empty() {
        let reason = format!("the list of servers is empty; allowed: {MEMCACHED}");
        return Err(bad(&format!("memcache:{rest}"), reason));
    }
    Ok(list.split(',').map(str::to_owned).collect())
}

fn option(name: &str, value: Cow<'_, str>, options: &mut Options) -> Result<()> {
    match name {
        "namespace" => options.namespace = Some(value.into_owned()),
        "strict" => options.strict = Some(parse(name, &value, "true or false")?),
        "max_bytes" => {
            let bytes: ByteSize = parse(name, &value, "a size such as 64MiB or 1000000")?;
            let bytes = usize::try_from(bytes.as_u64());
            let reason = || bad(name, format!("`{value}` is more than this machine can address"));
            options.max_bytes = Some(bytes.map_err(|_| reason())?);
        }
        "timeout" => options.timeout = Some(duration(name, &value)?),
        "connect_timeout" => options.connect_timeout = Some(duration(name, &value)?),
        // The caller has compared the name with the same list.
        _ => return Err(bad(name, "unknown".to_owned())),
    }
    Ok(())
}

fn parse<T: FromStr>(name: &str, value: &str, allowed: &str) -> Result<T> {
    value.parse().map_err(|_| bad(name, format!("`{value}` is not allowed; allowed: {allowed}")))
}

fn duration(name: &str, value: &str) -> Result<Duration> {
    match humantime::parse_duration(value) {
        Ok(duration) if !duration.is_zero() => Ok(duration),
        _ => {
            Err(bad(name, format!("`{value}` is not allowed; allowed: a time such as 500ms or 2s")))
        }
    }
}

fn bad(option: &str, reason: String) -> Error {
    Error::Config { option: option.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both(url: &str) -> Result<(Place, Options)> {
        let mut options = Options::default();
        read(url, &mut options).map(|place| (place, options))
    }

    #[test]
    fn urls_say_which_store_and_how() {
        assert_eq!(both("memory:").unwrap(), (Place::Memory, Options::default()));
        let (place, options) = both("memory:?max_bytes=2MiB&namespace=a%20b&strict=true").unwrap();
        assert_eq!(place, Place::Memory);
        assert_eq!(options.max_bytes, Some(2 << 20));
        assert_eq!(options.namespace.as_deref(), Some("a b"));
        assert_eq!(options.strict, Some(true));
        let (place, options) =
            both("memcache://127.0.0.1:1,[::1]:2?timeout=500ms&connect_timeout=1s").unwrap();
        assert_eq!(place, Place::Memcached(vec!["127.0.0.1:1".into(), "[::1]:2".into()]));
        assert_eq!(options.timeout, Some(Duration::from_millis(500)));
        assert_eq!(options.connect_timeout, Some(Duration::from_secs(1)));
    }

    #[test]
    fn a_bad_url_is_an_error_that_quotes_the_part_and_lists_what_is_allowed() {
        for (url, part, allowed) in [
            ("redis://127.0.0.1", "redis", "memcache://"),
            ("carts", "carts", "memory:"),
            ("memory://host", "//host", "memory:"),
            ("memcache://", "memcache:", "HOST:PORT"),
            ("memcache://?timeout=1s", "memcache:", "HOST:PORT"),
            ("memory:?timeout=1s", "timeout", "max_bytes"),
            ("memcache://a:1?tmeout=1s", "tmeout", "connect_timeout"),
            ("memcache://a:1?timeout=soon", "soon", "500ms"),
            ("memcache://a:1?timeout=0s", "0s", "500ms"),
            ("memory:?max_bytes=many", "many", "64MiB"),
            ("memory:?strict=yes", "yes", "true or false"),
        ] {
            let error = both(url).expect_err(url).to_string();
            assert!(error.contains(part) && error.contains(allowed), "{url}: {error}");
        }
    }
}
