//! The list of servers, and the choice of the server that holds a key.

use std::net::Ipv6Addr;

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::{
    error::Error,
    quote::{Quoted, without_password},
};

/// The port of a server whose name has none.
const DEFAULT_PORT: u16 = 11211;

/// A list of server names, and the choice among them.
///
/// A key belongs to the server with the highest weight, `xxh3(key, seed = xxh3("host:port"))`
/// (rendezvous hashing). So the order of the list does not matter, and adding or removing a server
/// moves only the keys of that server. Programs that share servers have to agree on this for ever;
/// a golden test pins it.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    named: Vec<Server>,
}

#[derive(Debug, Clone)]
struct Server {
    /// `host:port` in its canonical spelling, or the path of a unix socket.
    name: String,
    seed: u64,
}

impl Servers {
    /// Parses `host`, `host:port`, `[address]`, `[address]:port` and `/path/of/a/socket`. Resolves
    /// no name.
    pub(crate) fn parse(
        servers: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, Error> {
        let mut named: Vec<Server> = Vec::new();
        for server in servers {
            let given = server.into();
            let name = canonical(&given).map_err(|wrong| {
                config(format!(
                    "`{}` {wrong}; write `host`, `host:port`, `[address]:port` or \
                     `/path/of/a/socket`",
                    shown(&given)
                ))
            })?;
            if named.iter().any(|server| server.name == name) {
                return Err(config(format!("`{}` is listed twice", Quoted(&name))));
            }
            let seed = xxh3_64(name.as_bytes());
            named.push(Server { name, seed });
        }
        if named.is_empty() {
            return Err(config("the list of servers is empty; give at least one `host:port`"));
        }
        Ok(Self { named })
    }

    /// Returns the names, each as `host:port` or a path.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|server| server.name.as_str())
    }

    pub(crate) fn len(&self) -> usize {
        self.named.len()
    }

    /// Returns the index of the server that holds `key`.
    pub(crate) fn route(&self, key: &[u8]) -> usize {
        if self.named.len() == 1 {
            return 0;
        }
        let weight = |server: &Server| (xxh3_64_with_seed(key, server.seed), server.seed);
        let heaviest = self.named.iter().enumerate();
        let heaviest = heaviest.max_by_key(|(_, server)| weight(server));
        heaviest.map_or(0, |(index, _)| index)
    }
}

fn config(reason: impl Into<String>) -> Error {
    Error::Config { option: "servers".to_owned(), reason: reason.into() }
}

/// Shows a malformed name, unless it is an address without a port, only as far as it cannot contain a
/// password: `bob:secret` has the form of a host and a port.
fn shown(given: &str) -> String {
    if given.parse::<Ipv6Addr>().is_ok() {
        return given.to_owned();
    }
    without_password(given)
}

/// Returns the canonical spelling of a name, because the choice of a server depends on it.
fn canonical(given: &str) -> Result<String, &'static str> {
    match given.strip_prefix('/') {
        Some("") => return Err("names no file"),
        Some(rest) if rest.contains(char::is_control) => return Err("has a control character"),
        Some(_) => return Ok(given.to_owned()),
        None => {}
    }
    if let Some(rest) = given.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or("has a `[` without a `]`")?;
        let address: Ipv6Addr = address.parse().or(Err("has no IPv6 address in brackets"))?;
        let port = match port {
            "" => DEFAULT_PORT,
            _ => read_port(port.strip_prefix(':').ok_or("has no `:` after the `]`")?)?,
        };
        return Ok(format!("[{address}]:{port}"));
    }
    let (host, port) = match given.split_once(':') {
        None => (given, DEFAULT_PORT),
        Some((_, rest)) if rest.contains(':') => {
            return Err("has several `:`; write an IPv6 address in brackets");
        }
        Some((host, port)) => (host, read_port(port)?),
    };
    if host.is_empty() {
        return Err("names no host");
    }
    let stray = |c: char| c.is_whitespace() || c.is_control() || "/@?#%,[]".contains(c);
    if host.contains(stray) {
        return Err("has a character that is not allowed in a host name");
    }
    Ok(format!("{}:{port}", host.to_ascii_lowercase()))
}

fn read_port(text: &str) -> Result<u16, &'static str> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port > 0 => Ok(port),
        _ => Err("has a port that is not a number from 1 to 65535"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(names: &[&str]) -> Servers {
        Servers::parse(names.iter().copied()).expect("names are well formed")
    }

    #[test]
    fn names_have_one_spelling() {
        let spelled = servers(&["Cache-1", "10.0.0.1:7", "[::1]", "[0:0::2]:80", "/Run/m.sock"]);
        let one = ["cache-1:11211", "10.0.0.1:7", "[::1]:11211", "[::2]:80", "/Run/m.sock"];
        assert!(spelled.names().eq(one));
    }

    #[test]
    fn malformed_names_are_quoted_in_the_error_up_to_where_a_password_may_be() {
        for (name, shown) in [
            ("", ""),
            (":1", ":…"),
            ("a:", "a:…"),
            ("a:x", "a:…"),
            ("a:0", "a:…"),
            ("a:65536", "a:…"),
            ("a:+1", "a:…"),
            ("::1", "::1"),
            ("a:1:2", "a:…"),
            ("[::1", "[:…"),
            ("[x]:1", "[x]:…"),
            ("[::1]1", "[:…"),
            ("a b", "a b"),
            ("a/b", "a/b"),
            ("u@h", "(not shown: it may contain a password)"),
            ("bob:secret%40h:1", "(not shown: it may contain a password)"),
            ("a\r\n", "a\\r\\n"),
            ("/a\n", "/a\\n"),
            ("/", "/"),
        ] {
            let Err(error) = Servers::parse([name]) else { panic!("{name:?} is accepted") };
            let message = error.to_string();
            assert!(message.contains(&format!("`{shown}`")), "{message}");
            assert!(matches!(error, Error::Config { option, .. } if option == "servers"));
        }
        assert!(Servers::parse(["a", "A:11211"]).is_err(), "the same server twice");
        assert!(Servers::parse(Vec::<String>::new()).is_err());
    }

    /// A change to this assertion loses every stored value of every user with several servers.
    #[test]
    fn the_choice_of_a_server_is_pinned() {
        let three = servers(&["10.0.0.1:11211", "10.0.0.2:11211", "10.0.0.3:11211"]);
        let chosen: Vec<usize> =
            (0..24).map(|i| three.route(format!("shop:carts:user{i}").as_bytes())).collect();
        assert_eq!(chosen, GOLDEN);
    }

    const GOLDEN: [usize; 24] =
        [0, 2, 2, 1, 1, 2, 2, 2, 0, 1, 2, 2, 1, 0, 2, 0, 2, 1, 1, 1, 0, 1, 0, 2];

    #[test]
    fn removing_a_server_moves_only_its_own_keys_and_the_order_does_not_matter() {
        let four = servers(&["a:1", "b:1", "c:1", "d:1"]);
        let three = servers(&["d:1", "a:1", "c:1"]);
        let mut counts = [0; 4];
        for i in 0..4_000 {
            let key = format!("key-{i}");
            let before = four.route(key.as_bytes());
            let after = three.route(key.as_bytes());
            counts[before] += 1;
            let expected = [1, usize::MAX, 2, 0][before];
            assert!(before == 1 || after == expected);
        }
        assert!(counts.iter().all(|&count| count > 850), "{counts:?}");
    }
}
