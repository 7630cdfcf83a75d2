//! The URLs of stores: `memory:`, `memcache://HOST:PORT,...`, `memcache+classic:` to speak only the
//! classic protocol, `memcache+tls:` to speak TLS, and the scheme of servers that need the classic
//! client, `memcache+sasl://USER:PASSWORD@HOST:PORT,...`, all with options.

mod options;

use std::borrow::Cow;

pub(crate) use options::Options;
use options::{
    CLASSIC_OPTIONS, CLUSTER_OPTIONS, MEMCACHED_OPTIONS, MEMORY_OPTIONS, TLS_CLUSTER_OPTIONS,
    TLS_OPTIONS, bad,
};
use percent_encoding::percent_decode_str;

use crate::{
    error::{Error, Result},
    quote::without_password,
    store::{credentials::Credentials, servers::Servers},
};

/// The store that a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    Memory,
    Memcached(Memcached),
    /// The servers that these endpoints tell.
    Cluster {
        endpoints: Vec<String>,
        tls: bool,
    },
    /// Servers of which some are the addresses of a name (`dns+`).
    Named(Memcached),
    #[cfg(feature = "classic")]
    Classic(Classic),
}

/// What stands before a name each of whose addresses is a server.
const MANY: &str = "dns+";

/// Servers that the engine speaks to, and the credentials for servers that ask for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Memcached {
    /// `HOST:PORT`, or the path of a unix socket.
    pub(crate) servers: Vec<String>,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) protocol: Protocol,
    pub(crate) tls: bool,
}

/// How servers are spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// As they can.
    FoundOut,
    /// In the classic protocol.
    Classic,
    /// The same, and their versions of values may begin anew.
    Flare,
}

/// Servers for the classic client.
#[cfg(feature = "classic")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Classic {
    /// `HOST:PORT`, or the path of a unix socket.
    pub(crate) servers: Vec<String>,
    pub(crate) credentials: Option<Credentials>,
}

const MEMORY: &str = "memory:?max_bytes=64MiB";
const MEMCACHED: &str = "memcache://HOST:PORT[,HOST:PORT...]?timeout=500ms";
const CLASSIC: &str = "memcache+cluster://, memcache+classic://, flare://, memcache+sasl://, \
                       memcache+tls:// and memcache+cluster+tls://";
/// Parses `url`. Its options replace those in `options`.
pub(crate) fn read(url: &str, options: &mut Options) -> Result<Place> {
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    if query.contains('@') && !place.contains('@') {
        let reason = "a `?` stands before an `@`; in a password it is written as %3F, and in an \
                      option an `@` as %40";
        return Err(bad("the URL", reason.to_owned()));
    }
    let Some((scheme, rest)) = place.split_once(':') else {
        return Err(bad(
            &without_password(place),
            format!("not a URL; allowed: {MEMORY} and {MEMCACHED}"),
        ));
    };
    if rest.parse::<u16>().is_ok() || scheme == "memcached" {
        return Err(meant(scheme, rest));
    }
    let (place, allowed) = match scheme {
        "memory" if matches!(rest, "" | "//") => (Place::Memory, MEMORY_OPTIONS),
        "memory" => {
            return Err(bad(
                &without_password(rest),
                format!("a memory: URL has no host; allowed: {MEMORY}"),
            ));
        }
        "memcache" | "memcache+classic" | "flare" => match memcached(scheme, rest)? {
            place @ Place::Named(_) => (place, CLUSTER_OPTIONS),
            place => (place, MEMCACHED_OPTIONS),
        },
        "memcache+cluster" => (cluster(scheme, rest, false)?, CLUSTER_OPTIONS),
        "memcache+cluster+tls" => (secured_cluster(scheme, rest)?, TLS_CLUSTER_OPTIONS),
        "memcache+sasl" => (classic(scheme, rest)?, CLASSIC_OPTIONS),
        "memcache+tls" => (secured(scheme, rest)?, TLS_OPTIONS),
        _ => {
            let scheme = without_password(scheme);
            let reason = format!(
                "unknown scheme `{scheme}`; allowed: {MEMORY}, {MEMCACHED}, and in place of its \
                 scheme {CLASSIC}"
            );
            return Err(bad(&format!("{scheme}:"), reason));
        }
    };
    let allowed = allowed.concat();
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
            return Err(bad(option_name(&name, query), reason));
        }
        options.set(&name, value)?;
    }
    Ok(place)
}

/// Shows the name of an option, unless it may be a part of a password in which there was a `?`.
fn option_name<'n>(name: &'n str, query: &str) -> &'n str {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if plain && query.contains('=') && !query.contains('@') { name } else { "an option" }
}

/// Suggests a URL for a server's address, or for a scheme that is almost right.
fn meant(scheme: &str, rest: &str) -> Error {
    let (given, servers) = match scheme {
        "memcached" => ("memcached:".to_owned(), rest.trim_start_matches('/')),
        host => (without_password(host), &*format!("{host}:{rest}")),
    };
    // User names and passwords are never shown.
    let is_server = |server: &str| {
        let (host, port) = server.split_once(':').unwrap_or((server, "1"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        port.parse::<u16>().is_ok() && !host.is_empty() && host.bytes().all(plain)
    };
    let servers = if servers.split(',').all(is_server) { servers } else { "HOST:PORT" };
    bad(&given, format!("not the URL of a store; did you mean memcache://{servers}?"))
}

fn memcached(scheme: &str, rest: &str) -> Result<Place> {
    let (credentials, rest) = userinfo(scheme, rest)?;
    let protocol = match scheme {
        "memcache+classic" => Protocol::Classic,
        "flare" => Protocol::Flare,
        _ => Protocol::FoundOut,
    };
    if protocol != Protocol::FoundOut && credentials.is_some() {
        let reason = "the classic text protocol has no credentials; use memcache+sasl:";
        return Err(bad(&format!("{scheme}:"), reason.to_owned()));
    }
    let servers = servers(scheme, rest, credentials.is_some())?;
    let is_many = servers.iter().any(|server| server.starts_with(MANY));
    let place = Memcached { servers, credentials, protocol, tls: false };
    Ok(if is_many { Place::Named(place) } else { Place::Memcached(place) })
}

fn cluster(scheme: &str, rest: &str, tls: bool) -> Result<Place> {
    match userinfo(scheme, rest)? {
        (None, rest) => Ok(Place::Cluster { endpoints: servers(scheme, rest, false)?, tls }),
        (Some(_), _) => {
            let reason = "an endpoint has no credentials; write HOST:PORT";
            Err(bad(&format!("{scheme}:"), reason.to_owned()))
        }
    }
}

fn secured(scheme: &str, rest: &str) -> Result<Place> {
    can_have_tls(scheme)?;
    match memcached(scheme, rest)? {
        Place::Memcached(place) => Ok(Place::Memcached(Memcached { tls: true, ..place })),
        _ => {
            let reason = "`dns+` makes names of addresses, for which servers have no certificates";
            Err(bad(&format!("{scheme}:"), reason.to_owned()))
        }
    }
}

fn secured_cluster(scheme: &str, rest: &str) -> Result<Place> {
    can_have_tls(scheme)?;
    cluster(scheme, rest, true)
}

fn can_have_tls(scheme: &str) -> Result<()> {
    match cfg!(feature = "tls") {
        true => Ok(()),
        false => {
            let reason = "TLS needs memdict's cargo feature `tls`";
            Err(bad(&format!("{scheme}:"), reason.to_owned()))
        }
    }
}

#[cfg(feature = "classic")]
fn classic(scheme: &str, rest: &str) -> Result<Place> {
    let (credentials, rest) = userinfo(scheme, rest)?;
    if credentials.is_none() {
        let reason = "no credentials; allowed: memcache+sasl://USER:PASSWORD@HOST:PORT";
        return Err(bad(&format!("{scheme}:"), reason.to_owned()));
    }
    let servers = servers(scheme, rest, true)?;
    Ok(Place::Classic(Classic { servers, credentials }))
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
    // Servers before the `@` would be lost in a password.
    let both = both.filter(|_| !userinfo.contains(','));
    let both = both.and_then(|(user, password)| decoded(user).zip(decoded(password)));
    let Some((user, password)) = both else {
        let reason = "the credentials cannot be read; allowed: USER:PASSWORD@ once, before the \
                      first server, with `@` as %40, `:` as %3A and `,` as %2C";
        return Err(bad(&format!("{scheme}:"), reason.to_owned()));
    };
    Ok((Some(Credentials { user, password }), servers))
}

/// Returns the names of the servers. A malformed one is not shown if it may be a part of a password
/// that has an `@` (`behind_credentials`) or a comma.
fn servers(scheme: &str, rest: &str, behind_credentials: bool) -> Result<Vec<String>> {
    let list = rest.strip_prefix("//").unwrap_or(rest).trim_end_matches('/');
    if list.is_empty() {
        let reason = format!("the list of servers is empty; allowed: {MEMCACHED}");
        return Err(bad(&format!("{scheme}:"), reason));
    }
    let names: Vec<_> = list.split(',').map(str::to_owned).collect();
    // Before the options are looked at, because their names may be a part of what is wrong here.
    let plain = names.iter().map(|name| name.strip_prefix(MANY).unwrap_or(name));
    match Servers::parse(plain) {
        Err(_) if behind_credentials || names.len() > 1 => {
            let reason = "a server is malformed or is listed twice (not shown: it may be a part of a \
                          password, in which `@` is written as %40 and `,` as %2C); write `host`, \
                          `host:port`, `[address]:port` or `/path/of/a/socket`";
            Err(bad(&format!("{scheme}:"), reason.to_owned()))
        }
        parsed => parsed.map(|_| names),
    }
}

#[cfg(test)]
mod tests;
