//! What a change does about a value that is in its way, as a table. What becomes of one whose
//! answer never came stands in the tests of `settle`.

use super::*;
use crate::{
    def::{OnVanished, Policy},
    session::{
        commit::rehearsal::{OTHER, SEEN, changed, created, recreated, removed, rows},
        entry::seen::Version,
    },
};

/// After a change that found something else there, and a look at what that is.
const TABLE: &str = "
    change   | in the way      | there now   | LastWriteWins            | Merge
    store    | Overwritten     | a value     | on that                  | merged
    store    | Overwritten     | unmergeable | on that                  | conflict Overwritten: it says so
    store    | Overwritten     | nothing     | recreate                 | recreate
    store    | Overwritten     | unreadable  | conflict Overwritten: what is there now cannot be read | conflict Overwritten: what is there now cannot be read
    store    | ServerRestarted | a value     | on that                  | merged
    store    | ServerRestarted | unmergeable | on that                  | conflict ServerRestarted: it says so
    store    | ServerRestarted | nothing     | conflict ServerRestarted | conflict ServerRestarted
    store    | ServerRestarted | unreadable  | conflict ServerRestarted: what is there now cannot be read | conflict ServerRestarted: what is there now cannot be read
    recreate | Overwritten     | a value     | on that                  | merged
    recreate | Overwritten     | nothing     | recreate                 | recreate
";

const NOW: Version = Version { token: OTHER, nonce: Some(1) };
const POLICIES: [Policy; 2] = [
    Policy { on_conflict: OnConflict::LastWriteWins, ..Policy::DEFAULT },
    Policy { on_conflict: OnConflict::Merge, ..Policy::DEFAULT },
];

fn look(name: &str) -> Option<Look> {
    let found = |bytes: &[u8]| Look::There { version: NOW, bytes: Some(bytes.to_vec()) };
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
        Verdict::Conflict(Disagreement { there, reason: Some(reason), .. }) => {
            format!("conflict {there:?}: {reason}")
        }
        Verdict::Conflict(Disagreement { there, .. }) => format!("conflict {there:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_in_the_way_is_gone_by_as_the_table_says() {
    for [change, in_the_way, now, outcomes @ ..] in rows::<5>(TABLE) {
        let there = match in_the_way {
            "Overwritten" => There::Overwritten,
            "ServerRestarted" => There::ServerRestarted,
            _ => panic!("no {in_the_way}"),
        };
        for (policy, outcome) in POLICIES.into_iter().zip(outcomes) {
            let step = if change == "store" { changed() } else { recreated() };
            let mut step = Step { policy, ..step };
            let mut bytes = b"value".to_vec();
            let verdict = step.catch_up(there, look(now), &mut bytes);
            assert_eq!(name(&verdict, &bytes), outcome, "{change}, {in_the_way}, {now}");
            if outcome != "merged" {
                assert_eq!(bytes, b"value", "nothing is left of what was not merged");
            }
        }
    }
}

#[test]
fn what_others_store_again_and_again_is_a_conflict_in_the_end() {
    for policy in POLICIES {
        let mut step = Step { policy, ..changed() };
        let mut bytes = b"value".to_vec();
        let mut sent = 0;
        let reason = loop {
            match step.catch_up(There::Overwritten, look("a value"), &mut bytes) {
                Verdict::Send { .. } | Verdict::SendMerged { .. } => sent += 1,
                Verdict::Conflict(Disagreement { reason, .. }) => break reason,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(sent, CATCH_UPS);
        assert_eq!(reason.as_deref(), Some("others stored it again and again meanwhile"));
    }
}

#[test]
fn what_goes_by_what_is_there_and_what_does_not() {
    let merge = POLICIES[1];
    assert!(Step { policy: merge, ..changed() }.catches_up());
    assert!(Step { policy: merge, ..recreated() }.catches_up());
    let created_here = Step { policy: merge, ..created() };
    assert!(!created_here.catches_up(), "both created it: there is nothing to start from");
    assert!(!Step { policy: merge, ..removed() }.catches_up());
    assert!(!changed().catches_up(), "`Fail`");
    for policy in POLICIES {
        let again = Step { policy, resent: true, ..changed() };
        assert!(!again.catches_up(), "what is there may have this change in it");
    }
}

#[test]
fn a_value_that_is_gone_while_it_is_merged_is_as_on_vanished_says() {
    let policy = Policy { on_vanished: OnVanished::Fail, ..POLICIES[1] };
    let mut step = Step { policy, ..changed() };
    let verdict = step.catch_up(There::Overwritten, look("nothing"), &mut Vec::new());
    assert_eq!(verdict, Verdict::conflict(There::Vanished));
    assert_eq!(step.expected, SEEN);
}
