//! The URLs of stores: `memory:`, `memcache://HOST:PORT,...`, and the schemes of servers that need
//! the classic client, such as `memcache+sasl://USER:PASSWORD@HOST:PORT,...`, all with options.

use std::{borrow::Cow, num::NonZeroUsize, str::FromStr, time::Duration};

use bytesize::ByteSize;
use percent_encoding::percent_decode_str;

use crate::{
    error::{Error, Result},
    store::credentials::Credentials,
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
    pub(crate) ca_file: Option<String>,
    pub(crate) verify: Option<bool>,
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
        ];
        set.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect()
    }
}

/// The store that a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    Memcached(Memcached),
    #[cfg(feature = "classic")]
    Classic(Classic),
}

/// Servers that speak meta commands, and the credentials for servers that ask for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Memcached {
    /// `HOST:PORT`, or the path of a unix socket.
    pub(crate) servers: Vec<String>,
    pub(crate) credentials: Option<Credentials>,
}

/// Servers for the classic client.
#[cfg(feature = "classic")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Classic {
    /// `HOST:PORT`, or the path of a unix socket.
    pub(crate) servers: Vec<String>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) tls: bool,
}

const MEMORY: &str = "memory:?max_bytes=64MiB";
const MEMCACHED: &str = "memcache://HOST:PORT[,HOST:PORT...]?timeout=500ms";
const CLASSIC: &str = "memcache+classic://, memcache+sasl:// and memcache+tls://";
const MEMORY_OPTIONS: &[&str] = &["max_bytes", "namespace", "strict"];
const MEMCACHED_OPTIONS: &[&str] =
    &["timeout", "connect_timeout", "deadline", "max_connections", "namespace", "strict"];
const TLS_OPTIONS: &[&str] = &[
    "timeout",
    "connect_timeout",
    "deadline",
    "max_connections",
    "namespace",
    "strict",
    "ca_file",
    "verify",
];

/// Parses `url`. Its options replace those in `options`.
pub(crate) fn read(url: &str, options: &mut Options) -> Result<Place> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let Some((scheme, rest)) = place.split_once(':') else {
        return Err(bad(place, format!("not a URL; allowed: {MEMORY} and {MEMCACHED}")));
    };
    if rest.parse::<u16>().is_ok() || scheme == "memcached" {
        return Err(meant(scheme, rest));
    }
    let (place, allowed) = match scheme {
        "memory" if matches!(rest, "" | "//") => (Place::Memory, MEMORY_OPTIONS),
        "memory" => {
            return Err(bad(rest, format!("a memory: URL has no host; allowed: {MEMORY}")));
        }
        "memcache" => (memcached(scheme, rest)?, MEMCACHED_OPTIONS),
        "memcache+classic" | "memcache+sasl" => (classic(scheme, rest)?, MEMCACHED_OPTIONS),
        "memcache+tls" => (classic(scheme, rest)?, TLS_OPTIONS),
        _ => {
            let reason = format!(
                "unknown scheme `{scheme}`; allowed: {MEMORY}, {MEMCACHED}, and in place of its \
                 scheme {CLASSIC}"
            );
            return Err(bad(&format!("{scheme}:"), reason));
        }
    };
    if let Some(option) = options.of_a_store().iter().find(|option| !allowed.contains(option)) {
        let allowed = allowed.join(", ");
        return Err(bad(
            option,
            format!("set in code, but not an option of {scheme}:; allowed: {allowed}"),
        ));
    }
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

/// Suggests a URL for a server's address, or for a scheme that is almost right.
fn meant(scheme: &str, rest: &str) -> Error {
    let (given, servers) = match scheme {
        "memcached" => ("memcached:".to_owned(), rest.trim_start_matches('/')),
        host => (format!("{host}:{rest}"), &*format!("{host}:{rest}")),
    };
    // User names and passwords are never shown.
    let servers = servers.rsplit_once('@').map_or(servers, |(_, servers)| servers);
    bad(&given, format!("not the URL of a store; did you mean memcache://{servers}?"))
}

fn memcached(scheme: &str, rest: &str) -> Result<Place> {
    let (credentials, rest) = userinfo(scheme, rest)?;
    Ok(Place::Memcached(Memcached { servers: servers(scheme, rest)?, credentials }))
}

#[cfg(feature = "classic")]
fn classic(scheme: &str, rest: &str) -> Result<Place> {
    let tls = scheme == "memcache+tls";
    let scheme_alone = format!("{scheme}:");
    if tls && !cfg!(feature = "tls") {
        let reason = "TLS needs memdict's cargo feature `tls`".to_owned();
        return Err(bad(&scheme_alone, reason));
    }
    let (credentials, rest) = userinfo(scheme, rest)?;
    match (scheme, &credentials) {
        ("memcache+classic", Some(_)) => {
            let reason = "the classic text protocol has no credentials; use memcache+sasl:";
            return Err(bad(&scheme_alone, reason.to_owned()));
        }
        ("memcache+sasl", None) => {
            let reason = "no credentials; allowed: memcache+sasl://USER:PASSWORD@HOST:PORT";
            return Err(bad(&scheme_alone, reason.to_owned()));
        }
        _ => {}
    }
    let servers = servers(scheme, rest)?;
    Ok(Place::Classic(Classic { servers, credentials, tls }))
}

#[cfg(not(feature = "classic"))]
fn classic(scheme: &str, _: &str) -> Result<Place> {
    let reason = "this scheme needs memdict's cargo feature `classic`";
    Err(bad(&format!("{scheme}:"), reason.to_owned()))
}

/// Splits the percent-encoded `USER:PASSWORD@` off a list of servers, and decodes it. Errors show
/// no part of it.
fn userinfo<'r>(scheme: &str, rest: &'r str) -> Result<(Option<Credentials>, &'r str)> {
    let list = rest.strip_prefix("//").unwrap_or(rest);
    let Some((userinfo, servers)) = list.split_once('@') else {
        return Ok((None, rest));
    };
    let decoded = |part| percent_decode_str(part).decode_utf8().ok().map(Cow::into_owned);
    let both = userinfo.split_once(':').filter(|_| !servers.contains('@'));
    let both = both.and_then(|(user, password)| decoded(user).zip(decoded(password)));
    let Some((user, password)) = both else {
        let reason = "the credentials cannot be read; allowed: USER:PASSWORD@ once, before the \
                      first server, with `@` as %40, `:` as %3A and `,` as %2C";
        return Err(bad(&format!("{scheme}:"), reason.to_owned()));
    };
    Ok((Some(Credentials { user, password }), servers))
}

fn servers(scheme: &str, rest: &str) -> Result<Vec<String>> {
    let list = rest.strip_prefix("//").unwrap_or(rest).trim_end_matches('/');
    if list.is_empty() {
        let reason = format!("the list of servers is empty; allowed: {MEMCACHED}");
        return Err(bad(&format!("{scheme}:{rest}"), reason));
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
        "deadline" => options.deadline = Some(duration(name, &value)?),
        "max_connections" => {
            let many: NonZeroUsize = parse(name, &value, "a number from 1")?;
            options.max_connections = Some(many.get());
        }
        "ca_file" => options.ca_file = Some(value.into_owned()),
        "verify" => options.verify = Some(parse(name, &value, "true or false")?),
        // The caller has already checked the name against the same list.
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
    fn urls_name_a_store_and_its_options() {
        assert_eq!(both("memory:").unwrap(), (Place::Memory, Options::default()));
        let (place, options) = both("memory:?max_bytes=2MiB&namespace=a%20b&strict=true").unwrap();
        assert_eq!(place, Place::Memory);
        assert_eq!(options.max_bytes, Some(2 << 20));
        assert_eq!(options.namespace.as_deref(), Some("a b"));
        assert_eq!(options.strict, Some(true));
        let (place, options) =
            both("memcache://127.0.0.1:1,[::1]:2?timeout=500ms&connect_timeout=1s").unwrap();
        let Place::Memcached(Memcached { servers, credentials: None }) = place else {
            panic!("{place:?}")
        };
        assert_eq!(servers, ["127.0.0.1:1", "[::1]:2"]);
        assert_eq!(options.timeout, Some(Duration::from_millis(500)));
        assert_eq!(options.connect_timeout, Some(Duration::from_secs(1)));
        let (_, options) = both("memcache://a:1?deadline=3s&max_connections=40").unwrap();
        assert_eq!(options.deadline, Some(Duration::from_secs(3)));
        assert_eq!(options.max_connections, Some(40));
    }

    #[test]
    fn servers_may_be_sockets_and_have_credentials() {
        let (place, _) = both("memcache://shop:5%40@a:1,/run/b.sock").unwrap();
        let Place::Memcached(Memcached { servers, credentials: Some(who) }) = place else {
            panic!("{place:?}")
        };
        assert_eq!(servers, ["a:1", "/run/b.sock"]);
        assert_eq!((&*who.user, &*who.password), ("shop", "5@"));
        let (place, _) = both("memcache:///run/b.sock").unwrap();
        assert!(
            matches!(place, Place::Memcached(Memcached { servers, .. }) if servers == ["/run/b.sock"])
        );
    }

    #[cfg(feature = "classic")]
    #[test]
    fn schemes_of_the_classic_client_have_credentials_and_tls() {
        let open = |url| match both(url).unwrap().0 {
            Place::Classic(classic) => classic,
            other => panic!("{other:?}"),
        };
        let classic = open("memcache+classic://a:1,/run/b.sock?timeout=1s");
        assert_eq!(classic.servers, ["a:1", "/run/b.sock"]);
        assert_eq!((classic.credentials, classic.tls), (None, false));
        assert_eq!(open("memcache+classic:///run/b.sock").servers, ["/run/b.sock"]);
        let sasl = open("memcache+sasl://shop:5%40%3A%2F%2B+,x@a:1,b");
        assert_eq!(sasl.servers, ["a:1", "b"]);
        assert!(!format!("{sasl:?}").contains("5@"));
        let Credentials { user, password } = sasl.credentials.unwrap();
        assert_eq!((&*user, &*password), ("shop", "5@:/++,x"));
    }

    #[cfg(feature = "tls")]
    #[test]
    fn tls_has_options_of_its_own_and_optional_credentials() {
        let (place, options) = both("memcache+tls://a:1?ca_file=/a%20b.pem&verify=false").unwrap();
        assert!(matches!(place, Place::Classic(Classic { credentials: None, tls: true, .. })));
        assert_eq!((options.ca_file.as_deref(), options.verify), (Some("/a b.pem"), Some(false)));
        let (place, _) = both("memcache+tls://u:p@a:1").unwrap();
        assert!(matches!(place, Place::Classic(Classic { credentials: Some(_), tls: true, .. })));
        assert!(both("memcache+sasl://u:p@a:1?verify=false").is_err());
    }

    #[cfg(not(feature = "classic"))]
    #[test]
    fn without_the_classic_client_its_schemes_are_an_error_that_names_the_feature() {
        for url in ["memcache+classic://a", "memcache+sasl://u:5ecret@a", "memcache+tls://a"] {
            let error = both(url).unwrap_err().to_string();
            assert!(error.contains("feature `classic`") && !error.contains("5ecret"), "{error}");
        }
    }

    #[cfg(all(feature = "classic", not(feature = "tls")))]
    #[test]
    fn tls_without_its_feature_is_an_error_that_names_it() {
        let error = both("memcache+tls://u:5ecret@a:1").unwrap_err().to_string();
        assert!(error.contains("feature `tls`") && !error.contains("5ecret"), "{error}");
    }

    #[test]
    fn bad_credentials_are_an_error_that_does_not_show_them() {
        for url in [
            "memcache://5ecret@a:1",
            "memcache+classic://u:5ecret@a:1",
            "memcache+sasl://a:1",
            "memcache+sasl://5ecret@a:1",
            "memcache+sasl://u:5ecret@a:1,u:5ecret@b:1",
            "memcache+sasl://u:5ecret%ff@a:1",
            "memcache+sasl://u:5ecret@",
            "memcache+sasl://u:5ecret@a:1?tmeout=1s",
        ] {
            let error = both(url).unwrap_err().to_string();
            assert!(!error.contains("5ecret"), "{error}");
        }
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
            ("memcache://a:1?max_connections=0", "max_connections", "from 1"),
            ("memcache://a:1?deadline=soon", "soon", "500ms"),
            ("memory:?deadline=1s", "deadline", "max_bytes"),
        ] {
            let error = both(url).expect_err(url).to_string();
            assert!(error.contains(part) && error.contains(allowed), "{url}: {error}");
        }
    }
}
