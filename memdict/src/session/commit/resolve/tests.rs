//! A table of what a change does about another session's value. The tests of `settle` cover changes
//! that were not answered.

use super::*;
use crate::{
    def::{options::DictOptions, rules::OnVanished},
    session::{
        commit::fixtures::{
            OTHER, SEEN, TOKEN, changed, created, recreated, removed, rows, with_rules,
        },
        entry::seen::Version,
    },
};

/// A change that found another value, and a look at that value.
const TABLE: &str = "
    change   | in the way      | there now   | LastWriteWins            | Merge
    store    | Overwritten     | a value     | on that                  | merged
    store    | Overwritten     | unmergeable | on that                  | conflict Overwritten: it says so
    store    | Overwritten     | nothing     | recreate                 | recreate
    store    | Overwritten     | unreadable  | conflict Overwritten: the stored value cannot be read | conflict Overwritten: the stored value cannot be read
    store    | ServerRestarted | a value     | on that                  | merged
    store    | ServerRestarted | unmergeable | on that                  | conflict ServerRestarted: it says so
    store    | ServerRestarted | nothing     | conflict ServerRestarted | conflict ServerRestarted
    store    | ServerRestarted | unreadable  | conflict ServerRestarted: the stored value cannot be read | conflict ServerRestarted: the stored value cannot be read
    recreate | Overwritten     | a value     | on that                  | merged
    recreate | Overwritten     | nothing     | recreate                 | recreate
";

const NOW: Version = Version { token: OTHER, nonce: Some(1) };
const RULES: [DictOptions; 2] = [
    with_rules(OnConflict::LastWriteWins, OnVanished::Recreate),
    with_rules(OnConflict::Merge, OnVanished::Recreate),
];

fn look(name: &str) -> Option<Look> {
    let found = |bytes: &[u8]| Look::Value { version: NOW, bytes: Some(bytes.to_vec()) };
    match name {
        "a value" => Some(found(b"theirs")),
        "unmergeable" => Some(found(b"unmergeable")),
        "nothing" => Some(Look::Nothing),
        "unreadable" => None,
        _ => panic!("no {name}"),
    }
}

fn name(verdict: &Verdict, bytes: &[u8]) -> String {
    let now = Expected::Version(NOW);
    match verdict {
        Verdict::Send { expected, purpose: Purpose::Write } if *expected == now => {
            "on that".to_owned()
        }
        Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Recreate } => {
            "recreate".to_owned()
        }
        Verdict::SendMerged { expected, merged } if *expected == now => {
            assert_eq!(bytes[merged.value.clone()], *b"valuetheirs");
            assert_eq!(merged.fields.theirs, ["b"]);
            "merged".to_owned()
        }
        Verdict::Conflict(Disagreement { cause, reason: Some(reason), .. }) => {
            format!("conflict {cause:?}: {reason}")
        }
        Verdict::Conflict(Disagreement { cause, .. }) => format!("conflict {cause:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_change_follows_another_sessions_value_as_the_table_says() {
    for [change, in_the_way, now, outcomes @ ..] in rows::<5>(TABLE) {
        let cause = match in_the_way {
            "Overwritten" => ConflictCause::Overwritten,
            "ServerRestarted" => ConflictCause::ServerRestarted,
            _ => panic!("no {in_the_way}"),
        };
        for (options, outcome) in RULES.into_iter().zip(outcomes) {
            let step = if change == "store" { changed() } else { recreated() };
            let mut step = Step { options, ..step };
            let mut bytes = b"value".to_vec();
            let verdict = step.catch_up(cause, look(now), &mut bytes);
            assert_eq!(name(&verdict, &bytes), outcome, "{change}, {in_the_way}, {now}");
            if outcome != "merged" {
                assert_eq!(bytes, b"value", "nothing is left of a value that was not merged");
            }
        }
    }
}

#[test]
fn a_value_that_others_replace_again_and_again_is_a_conflict_in_the_end() {
    for options in RULES {
        let mut step = Step { options, ..changed() };
        let mut bytes = b"value".to_vec();
        let mut sent = 0;
        let reason = loop {
            match step.catch_up(ConflictCause::Overwritten, look("a value"), &mut bytes) {
                Verdict::Send { .. } | Verdict::SendMerged { .. } => sent += 1,
                Verdict::Conflict(Disagreement { reason, .. }) => break reason,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(sent, CATCH_UPS);
        assert_eq!(reason.as_deref(), Some("other sessions kept storing new values meanwhile"));
    }
}

#[test]
fn only_stores_of_a_known_value_that_were_sent_once_follow_another_sessions_value() {
    let merge = RULES[1];
    assert!(Step { options: merge, ..changed() }.catches_up());
    assert!(Step { options: merge, ..recreated() }.catches_up());
    let created_here = Step { options: merge, ..created() };
    assert!(!created_here.catches_up(), "both created it: there is no common base");
    assert!(!Step { options: merge, ..removed() }.catches_up());
    assert!(!changed().catches_up(), "`Fail`");
    for options in RULES {
        let again = Step { options, resent: true, ..changed() };
        assert!(!again.catches_up(), "the stored value may contain this change");
    }
}

#[test]
fn a_value_that_vanishes_while_it_is_merged_is_treated_as_on_vanished_says() {
    let options = with_rules(OnConflict::Merge, OnVanished::Fail);
    let mut step = Step { options, ..changed() };
    let verdict = step.catch_up(ConflictCause::Overwritten, look("nothing"), &mut Vec::new());
    assert_eq!(verdict, Verdict::conflict(ConflictCause::Vanished));
    assert_eq!(step.expected, SEEN);
}

/// A change that was not sent, because its token came over another connection, and a look over that
/// connection.
const UNPROVEN: &str = "
    change | there now    | outcome
    store  | the same     | on that
    store  | another      | conflict Overwritten
    store  | nothing      | recreate
    store  | unreadable   | lost
    remove | the same     | on that
    remove | another      | conflict Overwritten
    remove | nothing      | ask
    clear  | the same     | on that
    clear  | another      | refused
    clear  | nothing      | refused
    clear  | unreadable   | lost
";

#[test]
fn the_nonce_decides_about_a_change_whose_token_came_over_another_connection() {
    let here = |nonce| Version { token: TOKEN.over(7), nonce: Some(nonce) };
    for [change, now, outcome] in rows::<3>(UNPROVEN) {
        let mut step = match change {
            "store" => changed(),
            "remove" => removed(),
            _ => Step { purpose: Purpose::Clear { refused: "large".into() }, ..changed() },
        };
        let purpose = step.purpose.clone();
        let value = |nonce| Some(Look::Value { version: here(nonce), bytes: None });
        let look = match now {
            "the same" => value(9),
            "another" => value(10),
            "nothing" => Some(Look::Nothing),
            _ => None,
        };
        step.expected = Expected::Version(Version { token: TOKEN.over(6), nonce: Some(9) });
        let verdict = step.look_again(look, &mut Vec::new());
        let expected = match outcome {
            "on that" => Verdict::Send { expected: Expected::Version(here(9)), purpose },
            "conflict Overwritten" => Verdict::conflict(ConflictCause::Overwritten),
            "recreate" => Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Recreate },
            "ask" => Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Remove },
            "refused" => Verdict::Refused { reason: "large".into() },
            _ => {
                assert!(matches!(verdict, Verdict::Lost { uncertain: false, .. }), "{verdict:?}");
                continue;
            }
        };
        assert_eq!(verdict, expected, "{change}, {now}");
    }
}
