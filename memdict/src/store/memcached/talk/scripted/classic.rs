//! Conversations with a scripted server that speaks the classic dialect.

use super::{
    Change, Condition, Count, Dialect, END_OF_LINE, Expiry, Facts, Load, Op, Token,
    each_is_settled_once, fits, made, of_loads,
};

pub(in crate::store::memcached) fn facts() -> Facts {
    Facts { dialect: Dialect::Classic, marks: false, ..super::facts() }
}

/// Returns the outcomes of loads of the keys `k0`, `k1` and so on, which set an end of life if
/// `touch`.
pub(in crate::store::memcached) fn loaded(
    operations: usize,
    touch: bool,
    parts: &[&[u8]],
) -> Vec<String> {
    let keys: Vec<_> = (0..operations).map(|n| format!("k{n}")).collect();
    let plain = keys.iter().map(|key| Load::new(key.as_bytes()));
    let loads: Vec<_> =
        plain.map(|load| if touch { load.touch(Expiry::Never) } else { load }).collect();
    of_loads(&facts(), &loads, parts)
}

/// So many changes have one that may take several requests.
const STEPS_FROM: usize = 8;

/// Returns the outcomes of this many changes, which cycle through each kind: `set`, `add`, `cas`,
/// `delete`, `delete` on a version, `touch`, a count, and a count that begins where there is no
/// number.
pub(in crate::store::memcached) fn applied(operations: usize, parts: &[&[u8]]) -> Vec<String> {
    let store = Op::Store { bytes: b"v", expiry: Expiry::Never };
    let seen = Condition::Matches(Token::new(0, 7, 1));
    let kinds = [
        Change::new(b"k", store, Condition::Always),
        Change::new(b"k", store, Condition::Absent),
        Change::new(b"k", store, seen),
        Change::new(b"k", Op::Delete, Condition::Always),
        Change::new(b"k", Op::Delete, seen),
        Change::new(b"k", Op::Touch { expiry: Expiry::Never }, Condition::Always),
        Change::new(b"k", Op::Count(Count::add(1)), Condition::Always),
        Change::new(
            b"k",
            Op::Count(Count::add(1).or_start_at(1, Expiry::Never)),
            Condition::Always,
        ),
    ];
    made(&facts(), operations, &kinds, parts)
}

/// Checks loads against what the server said.
pub(crate) fn check_loads(operations: usize, said: &[u8], pieces: &[&[u8]]) {
    for touch in [false, true] {
        let outcomes = loaded(operations, touch, pieces);
        assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
        for (n, outcome) in outcomes.iter().enumerate() {
            if let Some((value, version)) = outcome.rsplit_once(" c") {
                assert!(says(said, &format!("VALUE k{n} "), value, version), "{outcome} for k{n}");
            }
        }
        // An answer to a touch is one without a request if it comes before the value was read.
        let whole = || loaded(operations, touch, &[said]);
        assert!(touch || !fits(said) || outcomes == whole(), "cuts change the outcome");
    }
}

/// Checks changes.
pub(crate) fn check_changes(operations: usize, said: &[u8], pieces: &[&[u8]]) {
    let outcomes = applied(operations, pieces);
    assert!(each_is_settled_once(&outcomes), "{outcomes:?}");
    let made = outcomes.iter().filter(|outcome| *outcome == "stored").count();
    let lines = said.windows(6).filter(|part| part == b"STORED").count();
    assert!(made <= lines, "more stores than the server said: {outcomes:?}");
    // So is the answer to a further step of a count.
    let takes_steps = operations >= STEPS_FROM;
    let whole = || applied(operations, &[said]);
    assert!(takes_steps || !fits(said) || outcomes == whole(), "cuts change the outcome");
}

/// Returns whether a server said this value, with this version, behind these words.
fn says(said: &[u8], head: &str, value: &str, version: &str) -> bool {
    let heads = (0..said.len()).filter(|&at| said[at..].starts_with(head.as_bytes()));
    heads.into_iter().any(|at| {
        let said = &said[at..];
        let Some(end) = said.windows(END_OF_LINE.len()).position(|two| two == END_OF_LINE) else {
            return false;
        };
        let last = said[..end].rsplit(|&byte| byte == b' ').next().unwrap_or_default();
        let number = |digits: &str| digits.parse::<u64>().ok();
        let shown = said[end + END_OF_LINE.len()..].escape_ascii().to_string();
        number(&String::from_utf8_lossy(last)) == number(version) && shown.starts_with(value)
    })
}
