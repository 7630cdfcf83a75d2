//! Reads what an endpoint answers to `config get cluster`: the servers of a cluster. It does no I/O.
//!
//! The answer is a line `CONFIG cluster 0 LENGTH`, so many bytes, and `END`. The bytes are a line with the
//! version of the list, and one with a word `HOST|ADDRESS|PORT` for each server.

/// How long the list may be, and how many servers it may have. No cluster comes near.
const MOST_BYTES: usize = 1 << 20;
const MOST_SERVERS: usize = 1_000;

/// The servers of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) version: u64,
    /// `HOST:PORT` each. The names stay when an address changes, so keys are placed by them.
    pub(super) servers: Vec<String>,
}

/// Reads an answer, or returns `None` if it is not complete yet.
///
/// # Errors
///
/// It is not such an answer, for this reason, as a text that follows the endpoint's name.
pub(super) fn read(received: &[u8]) -> Result<Option<Listed>, String> {
    let Some(end) = received.iter().position(|byte| *byte == b'\n') else {
        return match received.len() {
            0..=200 => Ok(None),
            _ => Err("does not answer like an endpoint: its first line has no end".to_owned()),
        };
    };
    let first = text(&received[..end])?;
    let words: Vec<_> = first.split_whitespace().collect();
    let length = match words[..] {
        ["CONFIG", "cluster", _, length] => length.parse::<usize>().ok(),
        ["ERROR"] | ["CLIENT_ERROR" | "SERVER_ERROR", ..] => {
            return Err(format!(
                "has no list of servers (`{first}`): write `memcache://` for servers that are not \
                 found through an endpoint"
            ));
        }
        ["END"] => return Err("has no list of servers yet".to_owned()),
        _ => None,
    };
    let Some(length) = length.filter(|length| *length <= MOST_BYTES) else {
        return Err(format!("does not answer like an endpoint (`{first}`)"));
    };
    let list = &received[end + 1..];
    // What follows the list is a line of its own, and `END`.
    if !list.get(length..).is_some_and(|rest| rest.ends_with(b"END\r\n")) {
        return match list.len() {
            more if more > length + 16 => {
                Err("does not answer like an endpoint: the list has no end".to_owned())
            }
            _ => Ok(None),
        };
    }
    listed(text(&list[..length])?.trim()).map(Some)
}

fn text(bytes: &[u8]) -> Result<&str, String> {
    let text = std::str::from_utf8(bytes).ok().map(str::trim_end);
    let is_plain = |text: &&str| !text.chars().any(|c| c.is_control() && !matches!(c, '\r' | '\n'));
    text.filter(is_plain)
        .ok_or_else(|| "does not answer like an endpoint: the answer is not text".to_owned())
}

fn listed(list: &str) -> Result<Listed, String> {
    let wrong = || "tells a list of servers that cannot be read".to_owned();
    let (version, words) = list.split_once('\n').unwrap_or((list, ""));
    let version = version.trim().parse().map_err(|_| wrong())?;
    let mut servers = Vec::new();
    for word in words.split_whitespace() {
        let parts: Vec<_> = word.split('|').collect();
        let [host, address, port] = parts[..] else { return Err(wrong()) };
        let host = if host.is_empty() { address } else { host };
        let is_address = host.contains(':');
        servers.push(if is_address {
            format!("[{host}]:{port}")
        } else {
            format!("{host}:{port}")
        });
        if servers.len() > MOST_SERVERS {
            return Err("tells too many servers".to_owned());
        }
    }
    match servers.is_empty() {
        true => Err("tells an empty list of servers".to_owned()),
        false => Ok(Listed { version, servers }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(list: &str) -> Vec<u8> {
        format!("CONFIG cluster 0 {}\r\n{list}\r\nEND\r\n", list.len()).into_bytes()
    }

    const LIST: &str = "12\ncache-1.example|10.0.0.1|11211 |10.0.0.2|11212 |::1|7\n";

    #[test]
    fn servers_have_their_names_or_their_addresses() {
        let listed = read(&answer(LIST)).expect("it is one").expect("it is whole");
        assert_eq!(listed.version, 12);
        assert_eq!(listed.servers, ["cache-1.example:11211", "10.0.0.2:11212", "[::1]:7"]);
    }

    #[test]
    fn an_answer_in_pieces_is_read_when_it_is_whole() {
        let whole = answer(LIST);
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut]), Ok(None), "{cut}");
        }
        assert!(matches!(read(&whole), Ok(Some(_))));
    }

    #[test]
    fn other_answers_are_errors_that_say_what_was_answered() {
        for (said, why) in [
            ("ERROR\r\n", "`memcache://`"),
            ("SERVER_ERROR no such thing\r\n", "no such thing"),
            ("END\r\n", "yet"),
            ("HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 400"),
            ("CONFIG cluster 0 99999999999\r\n", "99999999999"),
            ("CONFIG cluster 0 x\r\n", "endpoint"),
            ("CONFIG cluster 0 2\r\n12\r\nEND\r\n", "empty"),
            ("CONFIG cluster 0 5\r\n12\na|\r\nEND\r\n", "cannot be read"),
            ("CONFIG cluster 0 1\r\nx\r\nEND\r\n", "cannot be read"),
            ("CONFIG cluster 0 1\r\n1aaaaaaaaaaaaaaaaaaaaaaaaaaaa", "no end"),
            ("\u{1}\r\n", "not text"),
        ] {
            let error = read(said.as_bytes()).expect_err(said);
            assert!(error.contains(why), "{said:?}: {error}");
        }
        assert!(read(&[b'a'; 300]).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes);
            let list = answer(&String::from_utf8_lossy(&bytes));
            let _ = read(&list);
        }
    }
}
