//! What servers could answer to the first questions.

use super::*;

const ANSWERS: &str = "VERSION 1.6.18\r\nSTAT item_size_max 2097152\r\nSTAT cas_enabled yes\r\n\
                       END\r\nSTAT pid 7\r\nSTAT uptime 10\r\nSTAT time 1700000010\r\nEND\r\nMN\r\n";

/// What a server answers that counts versions on after a deletion.
const COUNTS_ON: &str = "STORED\r\nVALUE k 0 1 1\r\nv\r\nEND\r\nDELETED\r\n\
                         STORED\r\nVALUE k 0 1 2\r\nv\r\nEND\r\nDELETED\r\n";

/// Runs the conversation with answers that arrive byte by byte.
fn greet(credentials: Option<&Credentials>, answers: &[&str]) -> Result<Facts, String> {
    let mut window = Window::default();
    let mut greeting = Greeting::begin(Manner::default(), credentials, &mut window);
    let mut received = Vec::new();
    for byte in answers.iter().flat_map(|text| text.bytes()) {
        received.push(byte);
        let (used, next) = greeting.read(&received, &mut window)?;
        received.drain(..used);
        if let Next::Go(facts) = next {
            return Ok(facts);
        }
    }
    Err("the greeting is incomplete".to_owned())
}

fn bob() -> Credentials {
    Credentials { user: "bob".to_owned(), password: "secret".to_owned() }
}

#[test]
fn credentials_that_could_not_be_sent_are_refused_and_not_shown() {
    let of = |user: &str, password: &str| {
        check(&Credentials { user: user.to_owned(), password: password.to_owned() })
    };
    assert!(of("bob", "correct horse: battery").is_ok());
    for (user, password) in [("", "5ecret"), ("b b", "5ecret"), ("b", "5ecret\r\nflush_all")] {
        let error = of(user, password).expect_err("it would send another command");
        assert!(!error.to_string().contains("5ecret"), "{error}");
    }
}

#[test]
fn a_server_tells_its_facts_in_one_exchange() {
    let facts = greet(None, &[ANSWERS]).expect("it is a memcached");
    assert_eq!(
        (facts.version.as_str(), facts.dialect, facts.marks),
        ("1.6.18", Dialect::Meta, true)
    );
    assert_eq!((facts.item_size_max, facts.cas_enabled), (2 << 20, true));
    assert_ne!(facts.life, 0);
}

#[test]
fn a_life_stays_the_same_as_long_as_the_server_runs() {
    let life = |answers: String| greet(None, &[&answers]).map(|facts| facts.life);
    let at_first = life(ANSWERS.to_owned());
    let later = ANSWERS.replace("uptime 10", "uptime 500").replace("0010", "0500");
    assert_eq!(life(later), at_first);
    let again = ANSWERS.replace("pid 7", "pid 8");
    let later = ANSWERS.replace("0010", "0011");
    assert!(life(again) != at_first && life(later) != at_first);
    assert_eq!(life(ANSWERS.replace("STAT pid 7\r\n", "")), Ok(0));
}

#[test]
fn a_server_that_refuses_the_last_question_as_malformed_is_asked_anew_with_more_care() {
    let answers = ANSWERS.replace("MN", "CLIENT_ERROR malformed request");
    let mut window = Window::default();
    let mut greeting = Greeting::begin(Manner::default(), None, &mut window);
    let (_, next) = greeting.read(answers.as_bytes(), &mut window).expect("it is a server");
    assert_eq!((next, greeting.manner.care.next()), (Next::AskAnew, Some(Care::More)));
}

#[test]
fn a_stranger_without_settings_is_taken_for_a_proxy_whose_life_is_not_that_of_its_servers() {
    let settings = "STAT item_size_max 2097152\r\nSTAT cas_enabled yes\r\nEND";
    let without = ANSWERS.replace(settings, "CLIENT_ERROR bad stats command");
    let memcached = greet(None, &[&without]).expect("it keeps its settings secret");
    assert_ne!(memcached.life, 0);
    let stranger = without.replace("1.6.18", "0.41.0 mcrouter");
    let facts = greet(None, &[&stranger.replace("MN", "ERROR")]).expect("it is a server");
    assert_eq!((facts.life, facts.dialect), (0, Dialect::Classic));
}

#[test]
fn a_life_that_proves_nothing_is_not_told() {
    for (told, instead) in [
        ("STAT cas_enabled yes", "STAT cas_enabled no"),
        ("STAT cas_enabled yes", "STAT cas_enabled yes\r\nSTAT binding_protocol proxy"),
        ("VERSION 1.6.18", "VERSION flare-1.3.4"),
    ] {
        let facts = greet(None, &[&ANSWERS.replace(told, instead)]).expect("it is a memcached");
        assert_eq!(facts.life, 0, "{instead}");
    }
    let auto = ANSWERS.replace("STAT cas", "STAT binding_protocol auto-negotiate\r\nSTAT cas");
    assert_ne!(greet(None, &[&auto]).expect("it is a memcached").life, 0);
}

#[test]
fn secret_settings_default_to_those_of_memcached() {
    let answers = "VERSION 1.6.18\r\nCLIENT_ERROR no\r\nCLIENT_ERROR no\r\nMN\r\n";
    let facts = greet(None, &[answers]).expect("it is a memcached");
    assert_eq!((facts.item_size_max, facts.cas_enabled, facts.life), (1 << 20, true, 0));
}

#[test]
fn missing_and_unreliable_meta_commands_are_not_used() {
    for (version, last) in [("1.4.39", "ERROR"), ("1.6.12", "MN"), ("flare-1.3.4", "ERROR")] {
        let answers = ANSWERS.replace("1.6.18", version).replace("MN", last);
        let facts = greet(None, &[&answers]).expect("it is a memcached");
        assert_eq!((facts.dialect, facts.marks), (Dialect::Classic, false), "{version}");
    }
}

#[test]
fn a_life_in_which_versions_begin_anew_is_not_told() {
    let old = ANSWERS.replace("1.6.18", "other 1.0").replace("MN", "ERROR");
    let counts_on = greet(None, &[&old, COUNTS_ON]).expect("it is a memcached");
    assert_ne!(counts_on.life, 0);
    let anew = COUNTS_ON.replace("0 1 2", "0 1 1");
    assert_eq!(greet(None, &[&old, &anew]).expect("it is a server").life, 0);
    // A server without lives is not asked.
    let without = old.replace("STAT uptime 10\r\n", "");
    assert_eq!(greet(None, &[&without]).expect("it is a server").life, 0);
}

#[test]
fn credentials_are_sent_only_to_a_server_that_asks_for_them() {
    let credentials = bob();
    let log_in = b"set memdict 0 0 10\r\nbob secret\r\n";
    for (answer, sent) in
        [("VERSION 1.6.18\r\n", false), ("CLIENT_ERROR unauthenticated\r\n", true)]
    {
        let mut window = Window::default();
        let mut greeting = Greeting::begin(Manner::default(), Some(&credentials), &mut window);
        let next = greeting.read(answer.as_bytes(), &mut window);
        assert_eq!(next, Ok((answer.len(), Next::Send)));
        let text = window.into_buffer();
        assert_eq!(text.windows(log_in.len()).any(|part| part == log_in), sent, "{answer}");
    }
}

#[test]
fn credentials_are_sent_after_no_other_line_that_speaks_of_authentication() {
    for answer in [
        "CLIENT_ERROR unauthenticated ",
        "CLIENT_ERROR unauthenticated!",
        "client_error unauthenticated",
        "SERVER_ERROR unauthenticated",
        "ERROR unauthenticated",
        "unauthenticated",
        " CLIENT_ERROR unauthenticated",
    ] {
        let mut window = Window::default();
        let mut greeting = Greeting::begin(Manner::default(), Some(&bob()), &mut window);
        let next = greeting.read(format!("{answer}\r\n").as_bytes(), &mut window);
        let text = String::from_utf8(window.into_buffer()).expect("it is text");
        assert!(next.is_err() && !text.contains("secret"), "{answer}: {next:?} {text}");
    }
}

#[test]
fn wrong_and_missing_credentials_say_what_to_do() {
    let asks = "CLIENT_ERROR unauthenticated\r\n";
    let missing = greet(None, &[asks]).expect_err("it asks for credentials");
    assert!(missing.contains("none are given"), "{missing}");
    let credentials = bob();
    let wrong = greet(Some(&credentials), &[asks, asks]).expect_err("they are wrong");
    assert!(wrong.contains("does not accept") && !wrong.contains("secret"), "{wrong}");
    let right = greet(Some(&credentials), &[asks, "STORED\r\n", ANSWERS]);
    assert!(right.is_ok_and(|facts| facts.dialect == Dialect::Meta));
}

#[test]
fn an_endless_answer_is_an_error() {
    let endless = "STAT a b\r\n".repeat(10_000);
    assert!(greet(None, &["VERSION 1.6.18\r\n", &endless]).is_err());
    assert!(greet(None, &[&"x".repeat(3_000)]).is_err());
}
