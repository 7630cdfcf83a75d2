//! The list of servers.

use std::net::Ipv6Addr;

use super::placement::{Choice, Placement, weighted::Weighted};
use crate::{
    error::Error,
    quote::{Quoted, without_password},
};

/// The port of a server whose name has none.
const DEFAULT_PORT: u16 = 11211;

/// The greatest weight of a server.
const HEAVIEST: u32 = 1_000;

/// A list of server names, and the choice among them.
#[derive(Debug, Clone)]
pub(crate) struct Servers {
    named: Vec<Weighted>,
    choice: Choice,
}

impl Servers {
    /// Parses `host`, `host:port`, `[address]`, `[address]:port` and `/path/of/a/socket`, each with a
    /// weight (`*3`) or without. Resolves no name.
    pub(crate) fn parse(
        servers: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, Error> {
        let mut named: Vec<Weighted> = Vec::new();
        for server in servers {
            let given = server.into();
            let parsed = weighted(&given);
            let parsed = parsed.and_then(|(name, weight)| Ok((canonical(name)?, weight)));
            let (name, weight) = parsed.map_err(|wrong| {
                config(format!(
                    "`{}` {wrong}; write `host`, `host:port`, `[address]:port` or \
                     `/path/of/a/socket`, with `*3` behind it for a weight",
                    shown(&given)
                ))
            })?;
            if named.iter().any(|server| server.name == name) {
                return Err(config(format!("`{}` is listed twice", Quoted(&name))));
            }
            named.push(Weighted { name, weight });
        }
        if named.is_empty() {
            return Err(config("the list of servers is empty; give at least one `host:port`"));
        }
        Self::among(named, Placement::default())
    }

    fn among(named: Vec<Weighted>, how: Placement) -> Result<Self, Error> {
        let choice = Choice::among(&named, how);
        let choice = choice.map_err(|reason| Error::Config {
            option: "hash".to_owned(),
            reason: reason.to_owned(),
        })?;
        Ok(Self { named, choice })
    }

    /// Returns the same list with another choice.
    ///
    /// # Errors
    ///
    /// `Config`: the choice is not possible.
    pub(crate) fn placed(&self, how: Placement) -> Result<Self, Error> {
        Self::among(self.named.clone(), how)
    }

    /// Returns the names, each as `host:port` or a path.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|server| server.name.as_str())
    }

    /// Returns the names, each with its weight behind it.
    #[cfg(unix)]
    pub(crate) fn weighted(&self) -> Vec<String> {
        self.named.iter().map(|Weighted { name, weight }| format!("{name}*{weight}")).collect()
    }

    pub(crate) fn len(&self) -> usize {
        self.named.len()
    }

    /// Returns the index of the server that holds `key`.
    pub(crate) fn route(&self, key: &[u8]) -> usize {
        if self.named.len() == 1 {
            return 0;
        }
        self.choice.of(key)
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

/// Splits the weight off a name.
fn weighted(given: &str) -> Result<(&str, u32), &'static str> {
    let Some((name, weight)) = given.rsplit_once('*') else { return Ok((given, 1)) };
    let digits = !weight.is_empty() && weight.bytes().all(|byte| byte.is_ascii_digit());
    match weight.parse() {
        Ok(weight @ 1..=HEAVIEST) if digits => Ok((name, weight)),
        _ => Err("has a weight that is not a number from 1 to 1000"),
    }
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

    /// As above, for servers with weights.
    #[test]
    fn the_choice_of_a_server_with_weights_is_pinned_and_in_proportion() {
        let three = ["10.0.0.1:11211*2", "10.0.0.2:11211*6", "10.0.0.3:11211*4"];
        let three = servers(&three);
        let chosen: Vec<usize> =
            (0..24).map(|i| three.route(format!("shop:carts:user{i}").as_bytes())).collect();
        assert_eq!(chosen, WEIGHTED);
        let mut counts = [0; 3];
        (0..6_000).for_each(|i| counts[three.route(format!("key-{i}").as_bytes())] += 1);
        assert!(
            (850..1_150).contains(&counts[0]) && (2_850..3_150).contains(&counts[1]),
            "{counts:?}"
        );
        // Only what they have in proportion counts.
        let same = servers(&["10.0.0.1:11211", "10.0.0.2:11211*3", "10.0.0.3:11211*2"]);
        let key = |i: u32| format!("key-{i}");
        assert!((0..100).all(|i| same.route(key(i).as_bytes()) == three.route(key(i).as_bytes())));
    }

    const WEIGHTED: [usize; 24] =
        [0, 1, 2, 1, 1, 2, 1, 2, 0, 2, 2, 2, 2, 0, 2, 0, 2, 1, 1, 1, 0, 2, 0, 2];

    #[test]
    fn a_weight_is_a_number_behind_the_name() {
        assert!(servers(&["a*3", "b:7*1000", "/run/m*2"]).names().eq(["a:11211", "b:7", "/run/m"]));
        for name in ["a*", "a*0", "a*1001", "a*x", "a*-1", "a*+1", "*3", "a*3*", "a*3:7"] {
            let Err(error) = Servers::parse([name]) else { panic!("{name:?} is accepted") };
            assert!(matches!(error, Error::Config { option, .. } if option == "servers"));
        }
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
