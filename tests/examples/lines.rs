//! Which lines of a log the `visitors` example accepts, and what it says of others.

#[path = "../../examples/visitors/line.rs"]
mod line;

use line::Line;

const HEAD: &str = "192.0.2.7 - - [17/May/2015:10:05:03 +0000] ";

fn good(text: &str) -> Line {
    Line::parse(text.as_bytes()).unwrap_or_else(|reason| panic!("{text}: {reason}"))
}

fn reason(text: &str) -> String {
    let line = Line::parse(text.as_bytes());
    line.err().unwrap_or_else(|| panic!("{text} is accepted")).to_string()
}

#[test]
fn both_formats_are_read() {
    let common = format!("{HEAD}\"GET /a/b?q=1 HTTP/1.1\" 200 512");
    let line = Line {
        address: "192.0.2.7".to_owned(),
        time: 1_431_857_103,
        path: "/a/b".to_owned(),
        status: 200,
        bytes: 512,
        agent: None,
    };
    assert_eq!(good(&common), line);
    assert_eq!(good(&format!("{common}\r\n")), line);
    let agent = Some("An \\\"Agent\\\"".to_owned());
    let combined = format!("{common} \"http://x.example/\" \"An \\\"Agent\\\"\"\n");
    assert_eq!(good(&combined), Line { agent, ..line });
}

#[test]
fn a_line_that_a_server_may_write_is_accepted() {
    let of = |address: &str, user: &str, zone: &str| {
        let time = format!("17/May/2015:10:05:03 {zone}");
        good(&format!("{address} - {user} [{time}] \"GET / HTTP/1.1\" 304 -"))
    };
    assert_eq!(of("2001:db8::1", "-", "+0000").address, "2001:db8::1");
    assert_eq!(of("client.example", "-", "+0000").bytes, 0);
    assert_eq!(of("192.0.2.7", "Ann Example", "+0200").time, 1_431_857_103 - 7200);
}

#[test]
fn a_request_may_be_anything() {
    for (request, path) in [
        ("-", "-"),
        ("", ""),
        ("\\x16\\x03\\x01", "\\x16\\x03\\x01"),
        ("GET /old", "/old"),
        ("GET /a b HTTP/1.1", "/a"),
        ("GET http://x.example/a?b HTTP/1.1", "http://x.example/a"),
        ("GET /\\\"x\\\" HTTP/1.1", "/\\\"x\\\""),
        ("GET /a\"b HTTP/1.1", "/a\"b"),
        ("GET /a\\\\", "/a\\\\"),
    ] {
        assert_eq!(good(&format!("{HEAD}\"{request}\" 400 226")).path, path, "{request}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    let raw = [HEAD.as_bytes(), b"\"GET /\xff\xfe HTTP/1.1\" 200 7 \"-\" \"\xc3\""].concat();
    let line = Line::parse(&raw).expect("it is in the format");
    assert_eq!((line.path.as_str(), line.bytes), ("/\u{fffd}\u{fffd}", 7));
    assert_eq!(line.agent.as_deref(), Some("\u{fffd}"));
}

#[test]
fn a_line_that_is_not_in_the_format_is_refused_with_a_reason() {
    let request = "\"GET / HTTP/1.1\"";
    let huge = format!("{HEAD}\"GET /{} HTTP/1.1\" 200 1", "x".repeat(40_000));
    for (text, part) in [
        ("".to_owned(), "empty"),
        ("\n".to_owned(), "empty"),
        (" - - -".to_owned(), "address"),
        ("-- rotated --".to_owned(), "identity"),
        (format!("192.0.2.7 - [17/May/2015:10:05:03 +0000] {request} 200 1"), "identity"),
        ("192.0.2.7 - - [17/May/2015:10:05:03 +0000".to_owned(), "does not end"),
        (format!("192.0.2.7 - - [17/May/2015:10:61:03 +0000] {request} 200 1"), "time"),
        (format!("192.0.2.7 - - [31/Feb/2015:10:05:03 +0000] {request} 200 1"), "time"),
        (format!("192.0.2.7 - - [17/May/2015:10:05:03] {request} 200 1"), "time"),
        (format!("{HEAD}GET / 200 1"), "request"),
        (format!("{HEAD}\"GET / HTTP"), "request"),
        (format!("{HEAD}{request}"), "status"),
        (format!("{HEAD}{request} OK 1"), "status"),
        (format!("{HEAD}{request} +20 1"), "status"),
        (format!("{HEAD}{request} 2000 1"), "status"),
        (format!("{HEAD}{request} 200"), "size"),
        (format!("{HEAD}{request} 200 2k"), "size"),
        (format!("{HEAD}{request} 200 -1"), "size"),
        (format!("{HEAD}{request} 200 +1"), "size"),
        (format!("{HEAD}{request} 200 99999999999999999999"), "size"),
        (format!("{HEAD}{request} 200 1 http"), "referer"),
        (format!("{HEAD}{request} 200 1 \"-\""), "agent"),
        (format!("{HEAD}{request} 200 1 \"-\" \"-\" \"more\""), "follows"),
        (huge, "32 KiB"),
    ] {
        assert!(reason(&text).contains(part), "{text}: {}", reason(&text));
    }
}
