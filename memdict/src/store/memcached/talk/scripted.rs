//! Conversations with a scripted server, for tests and for the fuzzer.

use std::{io::IoSlice, time::Duration};

use super::{Inbox, Mark, Peer, Talk, Window, Work};
use crate::store::{
    credentials::Credentials,
    expiry::Expiry,
    memcached::{
        change::Changes,
        load::Loads,
        proto::{
            Dialect, END_OF_LINE,
            greeting::{Facts, Greeting, Next},
            manner::{Assumed, Care, Manner},
            window::MAX_SLICES,
        },
    },
    operation::{Applied, Change, Condition, Count, Load, Loaded, Op, Renewal, StoreError, Token},
};

pub(super) fn facts() -> Facts {
    Facts {
        version: "1.6.18".to_owned(),
        dialect: Dialect::Meta,
        marks: true,
        item_size_max: 1 << 20,
        cas_enabled: true,
        life: 7,
        clock: None,
        evicted_unread: None,
        connection: 0,
    }
}

/// Runs `work` against a server that has already sent all of `parts` and then closed the
/// connection.
fn hear<'a>(facts: &Facts, work: &mut dyn Work<'a>, operations: usize, parts: &[&[u8]]) {
    let peer = Peer { index: 0, name: "s:1", facts };
    let mut talk = Talk::new((0..operations).collect());
    talk.begin(&peer, work, Vec::new(), 0);
    send(&mut talk, &peer, work);
    let mut inbox = Inbox::default();
    let mut broken = "closed the connection";
    let mut received = 0;
    for part in parts {
        inbox.room()[..part.len()].copy_from_slice(part);
        inbox.received(part.len());
        received += part.len();
        assert!(inbox.taken() <= 4 * received + MOST_UNUSED, "it takes {} bytes", inbox.taken());
        if let Err(why) = talk.listen(&peer, work, &mut inbox) {
            broken = why;
            break;
        }
        send(&mut talk, &peer, work);
    }
    talk.fail("s:1", work, broken);
}

/// What a buffer may take beyond what it needs for the received bytes.
const MOST_UNUSED: usize = 256 << 10;

/// Sends everything that there is to send.
pub(super) fn send<'a>(talk: &mut Talk<'a>, peer: &Peer<'_>, work: &dyn Work<'a>) {
    while talk.has_more(peer, work) {
        let length = {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = talk.window.slices(&mut slices);
            slices[..count].iter().map(|slice| slice.len()).sum()
        };
        talk.window.sent(length);
    }
}

/// Returns the outcomes of this many plain loads.
pub(in crate::store::memcached) fn loaded(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    of_loads(&facts(), &vec![Load::new(b"k"); operations], parts)
}

/// Returns the outcomes of this many loads that ask for everything.
pub(in crate::store::memcached) fn fetched(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    let load = Load::new(b"k").touch(Expiry::Never).with_life();
    let load = load.lease(Duration::from_secs(5)).renew_within(Duration::from_secs(9));
    of_loads(&facts(), &vec![load; operations], parts)
}

fn of_loads(facts: &Facts, loads: &[Load<'_>], parts: &[&[u8]]) -> Vec<String> {
    let operations = loads.len();
    let mut outcomes = vec![Vec::new(); operations];
    let mut out = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
        let outcome = match loaded {
            Ok(Loaded::Hit { bytes, token, life, stale, renewal }) => {
                let shown = format!("{} c{}", bytes.escape_ascii(), token.cas());
                let unproven = if token.connection() == 0 { "" } else { " unproven" };
                let more = match (stale, renewal, life.map(|life| life.left())) {
                    (false, Renewal::Open, None) => String::new(),
                    more => format!(" {more:?}").to_lowercase(),
                };
                shown + unproven + &more
            }
            Ok(Loaded::Leased { token, won }) => {
                let unproven = if token.connection() == 0 { "" } else { " unproven" };
                format!(" c{}{unproven} leased{}", token.cas(), if won { " won" } else { "" })
            }
            Ok(Loaded::Miss) => "miss".to_owned(),
            Err(error) => error_word(&error).to_owned(),
        };
        outcomes[index].push(outcome);
    };
    hear(facts, &mut Loads { loads, out: &mut out }, operations, parts);
    outcomes.into_iter().map(once).collect()
}

/// Returns the outcomes of this many changes, which cycle through each kind.
pub(in crate::store::memcached) fn applied(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    made(&facts(), operations, &stores_and_a_delete(), parts)
}

/// Returns the outcomes of this many changes of the kinds that leave the value: a touch, an
/// invalidation, a count.
pub(in crate::store::memcached) fn others(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    let count = Count::add(1).or_start_at(1, Expiry::Never);
    let kinds = [
        Change::new(b"k", Op::Touch { expiry: Expiry::Never }, Condition::Always),
        Change::new(b"k", Op::Invalidate { grace: None }, Condition::Always),
        Change::new(b"k", Op::Invalidate { grace: None }, Condition::Matches(Token::new(0, 7, 1))),
        Change::new(b"k", Op::Count(count), Condition::Always),
    ];
    made(&facts(), operations, &kinds.map(Change::quiet), parts)
}

/// Returns the outcomes of this many quiet changes, whose success is not answered.
pub(in crate::store::memcached) fn silent(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    made(&facts(), operations, &stores_and_a_delete().map(Change::quiet), parts)
}

fn stores_and_a_delete() -> [Change<'static>; 4] {
    let store = Op::Store { bytes: b"v", expiry: Expiry::Never };
    [
        Change::new(b"k", store, Condition::Always),
        Change::new(b"k", store, Condition::Absent),
        Change::new(b"k", store, Condition::Matches(Token::new(0, 7, 1))),
        Change::new(b"k", Op::Delete, Condition::Always),
    ]
}

/// Makes a store whose success is not answered.
#[cfg(test)]
pub(super) fn quiet_store() -> Change<'static> {
    let op = Op::Store { bytes: b"v", expiry: Expiry::Never };
    Change::new(b"k", op, Condition::Always).quiet()
}

/// Runs a batch of at least ten changes, enough for silence, of which the server gets `operations`.
fn made(
    facts: &Facts,
    operations: usize,
    kinds: &[Change<'static>],
    parts: &[&[u8]],
) -> Vec<String> {
    let changes: Vec<_> = kinds.iter().copied().cycle().take(operations.max(10)).collect();
    let mut outcomes = vec![Vec::new(); operations];
    let mut out = |index: usize, applied: Result<Applied, StoreError>| {
        let outcome = match applied {
            Ok(other) => format!("{other:?}").to_lowercase(),
            Err(error) => error_word(&error).to_owned(),
        };
        outcomes[index].push(outcome);
    };
    let mut work = Changes { changes: &changes, out: &mut out, sending: None };
    hear(facts, &mut work, operations, parts);
    outcomes.into_iter().map(once).collect()
}

/// Returns the outcome of an operation, or a word for none or several.
fn once(mut outcomes: Vec<String>) -> String {
    match (outcomes.pop(), outcomes.len()) {
        (Some(outcome), 0) => outcome,
        (Some(_), _) => SETTLED_TWICE.to_owned(),
        (None, _) => NEVER_SETTLED.to_owned(),
    }
}

/// Returns whether each operation has exactly one outcome.
pub(in crate::store::memcached) fn each_is_settled_once(outcomes: &[String]) -> bool {
    outcomes.iter().all(|outcome| outcome != SETTLED_TWICE && outcome != NEVER_SETTLED)
}

const SETTLED_TWICE: &str = "settled twice";
const NEVER_SETTLED: &str = "never settled";

fn error_word(error: &StoreError) -> &'static str {
    match error {
        StoreError::Refused(_) => "refused",
        StoreError::Unknown(_) => "unknown",
        StoreError::Down(_) => "down",
    }
}

/// Checks loads against what the server said.
pub(crate) fn check_loads(operations: usize, said: &[u8], pieces: &[&[u8]]) {
    let outcomes = loaded(operations, pieces);
    assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
    for (n, outcome) in outcomes.iter().enumerate() {
        if let Some((value, version)) = outcome.rsplit_once(" c") {
            let version = version.split(' ').next().unwrap_or_default();
            let mark = format!("O{}", Mark::of(n as u32));
            assert!(says(said, value, version, &mark), "{outcome} for {mark}");
        }
    }
    assert!(!fits(said) || outcomes == loaded(operations, &[said]), "cuts change the outcome");
}

/// Checks loads that ask for everything against what the server said.
pub(crate) fn check_fetches(operations: usize, said: &[u8], pieces: &[&[u8]]) {
    let outcomes = fetched(operations, pieces);
    assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
    assert!(!outcomes.iter().any(|it| it.contains("unproven")), "a right is kept: {outcomes:?}");
    assert!(!fits(said) || outcomes == fetched(operations, &[said]), "cuts change the outcome");
}

/// Checks changes that leave the value.
pub(crate) fn check_others(operations: usize, said: &[u8], pieces: &[&[u8]]) {
    let outcomes = others(operations, pieces);
    assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
    assert!(!fits(said) || outcomes == others(operations, &[said]), "cuts change the outcome");
}

/// Checks changes whose success is answered.
pub(crate) fn check_changes(operations: usize, said: &[u8], pieces: &[&[u8]]) {
    let outcomes = applied(operations, pieces);
    assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
    assert!(!fits(said) || outcomes == applied(operations, &[said]), "cuts change the outcome");
}

/// Checks changes whose success is not answered.
pub(crate) fn check_silence(operations: usize, pieces: &[&[u8]]) {
    let outcomes = silent(operations, pieces);
    assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
}

/// Checks greetings, with credentials and without, and whatever the server is asked.
pub(crate) fn check_greeting(said: &[u8], pieces: &[&[u8]]) {
    let cares = [Care::Little, Care::More, Care::Most];
    let dialects = [None, Some(Dialect::Classic)];
    let manner = |care, dialect| {
        let assumed = Assumed { dialect, ..Assumed::DEFAULT };
        Manner { care, assumed, versions_begin_anew: None }
    };
    let manners = cares.into_iter().flat_map(|care| dialects.map(|dialect| manner(care, dialect)));
    for (manner, with) in manners.flat_map(|manner| [false, true].map(|with| (manner, with))) {
        let (heard, sent) = greeted(manner, with, pieces);
        let asks = said.starts_with(b"CLIENT_ERROR unauthenticated\r\n");
        let sent = sent.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
        assert!(!sent || with && asks, "the password was sent");
        if let Err(why) = &heard {
            assert!(why.len() < 400 && !why.chars().any(char::is_control), "{why:?}");
        }
        assert_eq!(heard, greeted(manner, with, &[said]).0, "cuts change the greeting");
    }
}

pub(crate) mod classic;

const PASSWORD: &str = "5ecret";

/// Returns the facts that a greeting tells, without the time, and what was sent to the server.
fn greeted(
    manner: Manner,
    with: bool,
    pieces: &[&[u8]],
) -> (Result<Option<Facts>, String>, Vec<u8>) {
    let credentials = Credentials { user: "bob".to_owned(), password: PASSWORD.to_owned() };
    let mut window = Window::default();
    let mut greeting = Greeting::begin(manner, with.then_some(&credentials), &mut window);
    let (mut received, mut heard) = (Vec::new(), Ok(None));
    'pieces: for piece in pieces {
        received.extend_from_slice(piece);
        loop {
            match greeting.read(&received, &mut window) {
                Ok((used, next)) => {
                    received.drain(..used);
                    match next {
                        Next::Wait => break,
                        Next::Send => {}
                        Next::AskAnew => break 'pieces,
                        Next::Go(facts) => {
                            heard = Ok(Some(Facts { clock: None, connection: 0, ..facts }));
                            break 'pieces;
                        }
                    }
                }
                Err(why) => {
                    heard = Err(why);
                    break 'pieces;
                }
            }
        }
    }
    (heard, window.into_buffer())
}

/// Returns whether a server said this value, with this version and this mark.
fn says(said: &[u8], value: &str, version: &str, mark: &str) -> bool {
    let version = format!("c{version}");
    (0..said.len()).filter(|&at| said[at..].starts_with(b"VA ")).any(|at| {
        let said = &said[at..];
        let Some(end) = said.windows(END_OF_LINE.len()).position(|two| two == END_OF_LINE) else {
            return false;
        };
        let words: Vec<_> = said[..end].split(|&byte| byte == b' ').collect();
        let has = |word: &str| {
            words.iter().any(|other| {
                // A number may begin with zeros.
                let digits = |word: &[u8]| String::from_utf8_lossy(word).replace('c', "").parse();
                *other == word.as_bytes()
                    || other.first() == Some(&b'c')
                        && word.starts_with('c')
                        && digits(other).is_ok_and(|it: u64| digits(word.as_bytes()) == Ok(it))
            })
        };
        let shown = said[end + END_OF_LINE.len()..].escape_ascii().to_string();
        has(&version) && has(mark) && shown.starts_with(value)
    })
}

/// Returns whether an answer fits into the first buffer, which is all that `hear` fills at once.
fn fits(said: &[u8]) -> bool {
    said.len() < 10_000
}
