//! Every purpose, condition and answer in the table of section 6 of the design.

use super::*;
use crate::{
    def::rules::OnConflict,
    envelope::Secrets,
    error::Error,
    session::{
        commit::{
            fixtures::{
                OTHER, SEEN, TOKEN, blind, buried, buried_blind, changed, created, delete, filled,
                plan_of, recreated, removed, removed_blind, store, stored, with_rules,
            },
            resolve::resolved,
        },
        entry::{
            any_slot::Draft,
            seen::{Look, Version},
        },
    },
    store::{caps::Caps, operation::Token},
};

const STORED: Result<Applied, StoreError> = Ok(Applied::Stored);

fn refused() -> StoreError {
    StoreError::Refused("too large".into())
}

#[test]
fn a_stored_or_removed_value_is_reported_so() {
    for step in [changed(), created(), blind()] {
        assert_eq!(settled(&step, STORED), Verdict::Done(How::Written));
    }
    assert_eq!(settled(&recreated(), STORED), Verdict::Done(How::Recreated));
    for step in [removed(), removed_blind()] {
        for answer in [Ok(Applied::Deleted), Ok(Applied::Gone)] {
            assert_eq!(settled(&step, answer), Verdict::Done(How::Removed));
        }
    }
}

#[test]
fn another_version_or_an_unexpected_value_is_a_conflict() {
    let conflict = || Verdict::conflict(ConflictCause::Overwritten);
    assert_eq!(settled(&changed(), Ok(Applied::Differs)), conflict());
    assert_eq!(settled(&created(), Ok(Applied::Exists)), conflict());
    assert_eq!(settled(&recreated(), Ok(Applied::Exists)), conflict());
    assert_eq!(settled(&removed(), Ok(Applied::Differs)), conflict());
}

#[test]
fn a_value_that_vanished_is_stored_anew_unless_another_session_stored_one() {
    let again = Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Recreate };
    assert_eq!(settled(&changed(), Ok(Applied::Gone)), again);
}

#[test]
fn a_refused_value_also_deletes_the_old_one_on_the_same_condition() {
    for (step, expected) in [(changed(), SEEN), (blind(), Expected::Anything)] {
        let purpose = Purpose::Clear { refused: "too large".into() };
        let verdict = settled(&step, Err(refused()));
        assert_eq!(verdict, Verdict::Send { expected, purpose: purpose.clone() });
        let clearing = Step { purpose, ..step };
        for answer in [Applied::Deleted, Applied::Gone, Applied::Differs].map(Ok) {
            let reason = Reason::new("too large");
            assert_eq!(settled(&clearing, answer), Verdict::Refused { reason });
        }
        let failed = settled(&clearing, Err(StoreError::Down("s:1 is down".into())));
        let Verdict::Refused { reason } = failed else { panic!("{failed:?}") };
        assert!(
            reason.as_str().contains("too large") && reason.as_str().contains("s:1 is down"),
            "{reason}"
        );
    }
    for step in [created(), recreated(), removed()] {
        let reason = Reason::new("too large");
        assert_eq!(settled(&step, Err(refused())), Verdict::Refused { reason });
    }
}

#[test]
fn a_change_to_a_store_that_is_down_is_certainly_lost() {
    for step in [changed(), created(), blind(), removed(), removed_blind()] {
        let verdict = settled(&step, Err(StoreError::Down("s:1 is down".into())));
        let reason = Reason::new("s:1 is down");
        assert_eq!(verdict, Verdict::Lost { reason, uncertain: false });
    }
}

fn in_doubt(step: Step<'static>) -> Step<'static> {
    let verdict = settled(&step, Err(StoreError::Unknown("cut".into())));
    let Verdict::Look { unknown } = verdict else { panic!("{verdict:?}") };
    Step { waits_for: WaitsFor::Look { unknown }, ..step }
}

#[test]
fn a_change_in_doubt_is_recognized_by_its_nonce_or_by_the_value_it_was_to_replace() {
    for step in [changed(), created(), blind()] {
        let step = in_doubt(step);
        let ours = stored(step.stamp.nonce, OTHER);
        assert_eq!(resolved(&step, ours), Verdict::Done(How::Written));
    }
    assert_eq!(resolved(&in_doubt(removed()), Some(Look::Nothing)), Verdict::Done(How::Removed));

    for step in [changed(), removed()] {
        let step = in_doubt(step);
        let verdict = resolved(&step, stored(9, TOKEN));
        let purpose = step.purpose.clone();
        assert_eq!(
            verdict,
            Verdict::Send { expected: SEEN, purpose },
            "not applied: sent once more"
        );
    }
}

#[test]
fn a_change_that_was_sent_twice_may_arrive_late_and_is_never_certainly_lost() {
    for step in [changed(), removed()] {
        let step = Step { resent: true, ..step };
        let down = settled(&step, Err(StoreError::Down("down".into())));
        assert!(matches!(down, Verdict::Lost { uncertain: true, .. }), "{down:?}");
        let unanswered = resolved(&in_doubt(step), stored(1, TOKEN));
        assert!(matches!(unanswered, Verdict::Lost { uncertain: true, .. }), "{unanswered:?}");
    }
}

#[test]
fn a_change_that_was_sent_twice_and_arrived_late_is_not_in_conflict_with_itself() {
    for step in [changed(), created()] {
        let step = Step { resent: true, ..step };
        assert_eq!(settled(&step, Ok(Applied::Differs)), Verdict::LookWhose);
        assert_eq!(settled(&step, Ok(Applied::Exists)), Verdict::LookWhose);
        let step = Step { waits_for: WaitsFor::LookWhose, ..step };
        assert_eq!(resolved(&step, stored(step.stamp.nonce, OTHER)), Verdict::Done(How::Written));
        let conflict = Verdict::conflict(ConflictCause::Overwritten);
        assert_eq!(resolved(&step, stored(1, OTHER)), conflict);
        assert_eq!(resolved(&step, Some(Look::Nothing)), conflict);
        let unread = resolved(&step, None);
        assert!(matches!(unread, Verdict::Lost { uncertain: true, .. }), "{unread:?}");
    }
}

#[test]
fn a_change_whose_outcome_stays_unknown_is_lost_and_may_have_been_applied() {
    for (step, look) in [
        (changed(), stored(1, OTHER)),
        (changed(), Some(Look::Nothing)),
        (changed(), None),
        (created(), Some(Look::Nothing)),
        (created(), stored(1, OTHER)),
        (blind(), stored(1, OTHER)),
        (blind(), Some(Look::Nothing)),
        (removed(), stored(1, OTHER)),
        (removed_blind(), stored(1, OTHER)),
        (removed_blind(), None),
    ] {
        let verdict = resolved(&in_doubt(step), look);
        assert!(matches!(verdict, Verdict::Lost { uncertain: true, .. }), "{verdict:?}");
    }
}

#[test]
fn an_unanswered_change_is_in_doubt_and_an_error_with_one_is_not_transient() {
    let mut plan = plan_of(&[|| store(SEEN), || store(SEEN)], Caps::default()).unwrap();
    assert_eq!(plan.changes().len(), 2);
    let mut answers = Answers::to(2);
    answers.take(0, Ok(Applied::Differs));
    plan.settle(answers);
    assert!(plan.changes().is_empty());
    let looks = plan.looks();
    assert_eq!(looks.iter().map(|entry| entry.name().wire()).collect::<Vec<_>>(), [b"n:d:#1"]);
    plan.resolve(Answers::to(1));
    let error = plan.finish(true).unwrap_err();
    assert!(matches!(&error, Error::Conflict { report, .. } if report.lost.len() == 1));
    assert!(!error.is_transient());
}

#[test]
fn answers_that_come_while_others_are_in_doubt_go_to_their_own_steps() {
    let drafts: &[fn() -> Draft] =
        &[|| store(SEEN), || store(SEEN), || store(SEEN), || store(Expected::Nothing)];
    let mut plan = plan_of(drafts, Caps::default()).unwrap();
    let mut answers = Answers::to(4);
    answers.take(3, Ok(Applied::Stored));
    answers.take(2, Ok(Applied::Gone));
    answers.take(0, Ok(Applied::Gone));
    plan.settle(answers);
    // 1 is in doubt; 0 and 2 are stored anew, and only then does the commit look at 1.
    let keys: Vec<_> = plan.changes().iter().map(|change| change.key).collect();
    assert_eq!(keys, [b"n:d:#0", b"n:d:#2"]);
    let mut answers = Answers::to(2);
    answers.take(1, Ok(Applied::Exists));
    answers.take(0, Ok(Applied::Stored));
    plan.settle(answers);
    let keys: Vec<_> = plan.looks().iter().map(|entry| entry.name().wire()).collect();
    assert_eq!(keys, [b"n:d:#1"]);
    let mut answers = Answers::to(1);
    answers.take(0, Ok(stored(101, OTHER).unwrap()));
    plan.resolve(answers);
    let Err(Error::Conflict { conflicts, report, .. }) = plan.finish(true) else {
        panic!("another session stored 2")
    };
    let keys = |keys: Vec<&crate::Key>| keys.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(keys(conflicts.iter().map(|one| &one.id.key).collect()), ["#2"]);
    assert_eq!(keys(report.written_keys().map(|id| &id.key).collect()), ["#3", "#0", "#1"]);
    assert_eq!(report.recreated, 1);
}

#[test]
fn a_plan_ends_whatever_the_store_answers() {
    for answer in [
        Ok(Applied::Gone),
        Ok(Applied::Exists),
        Err(refused()),
        Err(StoreError::Unknown("cut".into())),
        Err(StoreError::Down("down".into())),
    ] {
        let drafts: &[fn() -> Draft] = &[
            || store(SEEN),
            || store(Expected::Nothing),
            || store(Expected::Anything),
            || delete(SEEN),
            || delete(Expected::Anything),
        ];
        let mut plan = plan_of(drafts, Caps::default()).unwrap();
        let mut rounds = 0;
        loop {
            rounds += 1;
            assert!(rounds < 20, "{answer:?}");
            let many = plan.changes().len();
            if many > 0 {
                let mut answers = Answers::to(many);
                (0..many).for_each(|i| answers.take(i, answer.clone()));
                plan.settle(answers);
                continue;
            }
            let many = plan.looks().len();
            if many == 0 {
                break;
            }
            let mut answers = Answers::to(many);
            (0..many).for_each(|i| answers.take(i, Ok(stored(1, TOKEN).unwrap())));
            plan.resolve(answers);
        }
        let _ = plan.finish(true);
    }
}

#[test]
fn a_condition_that_the_store_does_not_support_is_an_error_before_anything_is_sent() {
    let caps = Caps::default().without_conditional_delete();
    let refused = plan_of(&[|| delete(SEEN)], caps);
    assert!(matches!(refused, Err(Error::Unsupported { .. })));
    assert!(plan_of(&[|| delete(Expected::Anything)], caps).is_ok());
    let caps = Caps::default().without_conditional_store();
    assert!(plan_of(&[|| store(SEEN)], caps).is_err());
    assert!(plan_of(&[|| store(Expected::Nothing)], caps).is_ok());
}

#[test]
fn an_unchanged_value_takes_no_space_in_the_plan() {
    let drafts: &[fn() -> Draft] =
        &[|| Draft::Unchanged, || Draft::Nothing, || store(Expected::Anything)];
    let plan = plan_of(drafts, Caps::default()).unwrap();
    assert_eq!(plan.report.unchanged, 1);
    assert_eq!(plan.changes().len(), 1);
}

fn tombstone(nonce: u64, token: Token) -> Option<Look> {
    Some(Look::Tombstone { version: Version { token, nonce: Some(nonce) } })
}

fn with_rule(step: Step<'static>, on_conflict: OnConflict) -> Step<'static> {
    Step { options: with_rules(on_conflict, OnVanished::Recreate), ..step }
}

#[test]
fn a_removal_with_a_tombstone_is_done_once_the_tombstone_is_stored() {
    for step in [buried(), buried_blind()] {
        assert_eq!(settled(&step, STORED), Verdict::Done(How::Removed));
        let again = Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Remove };
        assert_eq!(settled(&step, Ok(Applied::Gone)), again, "the value was evicted meanwhile");
        let step = in_doubt(step);
        let ours = tombstone(step.stamp.nonce, OTHER);
        assert_eq!(resolved(&step, ours), Verdict::Done(How::Removed));
        let expected = match step.expected {
            Expected::Anything => Expected::Anything,
            _ => Expected::Nothing,
        };
        let again = Verdict::Send { expected, purpose: Purpose::Remove };
        assert_eq!(resolved(&step, Some(Look::Nothing)), again, "never a conflict without a read");
    }
}

#[test]
fn a_tombstone_that_the_store_refuses_deletes_the_value_nevertheless() {
    let purpose = Purpose::Clear { refused: "too large".into() };
    let verdict = settled(&buried(), Err(refused()));
    assert_eq!(verdict, Verdict::Send { expected: SEEN, purpose });
}

#[test]
fn a_refused_value_leaves_the_tombstone_that_it_was_to_replace() {
    let reason = Reason::new("too large");
    assert_eq!(settled(&filled(), Err(refused())), Verdict::Refused { reason });
}

#[test]
fn a_removal_whose_tombstone_is_twice_without_an_answer_and_not_stored_is_lost() {
    for step in [buried(), buried_blind()] {
        let step = in_doubt(Step { resent: true, ..step });
        let verdict = resolved(&step, Some(Look::Nothing));
        assert!(matches!(verdict, Verdict::Lost { uncertain: true, .. }), "{verdict:?}");
    }
    let step = in_doubt(Step { resent: true, ..removed() });
    assert_eq!(resolved(&step, Some(Look::Nothing)), Verdict::Done(How::Removed));
}

#[test]
fn the_cause_of_a_conflict_with_what_has_to_stay_is_what_is_stored_in_the_end() {
    use ConflictCause::{NewerSchema, Overwritten, Removed, ServerRestarted, Vanished};
    let newer = |token| Look::Newer { version: Version { token, nonce: Some(9) } };
    let later_life = Token::new(TOKEN.server(), TOKEN.life() + 1, 3);
    for (now, cause) in [
        (newer(TOKEN), NewerSchema),
        (newer(OTHER), NewerSchema),
        (newer(later_life), ServerRestarted),
        (stored(1, OTHER).expect("it is one"), Overwritten),
        (tombstone(1, OTHER).expect("it is one"), Removed),
        (Look::Nothing, Vanished),
    ] {
        let mut clash = Clash::unsent(changed().entry, NewerSchema);
        clash.explain(now.clone(), Secrets::NONE);
        assert_eq!(clash.disagreement.cause, cause, "{now:?}");
    }
}

#[test]
fn two_sessions_that_remove_one_value_are_not_in_conflict() {
    let overwritten = ConflictCause::Overwritten;
    let mut step = buried();
    assert_eq!(settled(&step, Ok(Applied::Differs)), Verdict::CatchUp { cause: overwritten });
    let mut caught_up = |look| step.catch_up(overwritten, look, &mut Vec::new());
    assert_eq!(caught_up(tombstone(1, OTHER)), Verdict::Done(How::Removed));
    assert_eq!(caught_up(stored(1, OTHER)), Verdict::conflict(overwritten));
}

#[test]
fn a_change_of_a_value_that_another_session_removed_is_a_conflict_unless_the_last_write_wins() {
    let cause = ConflictCause::Overwritten;
    let caught_up =
        |mut step: Step<'_>| step.catch_up(cause, tombstone(1, OTHER), &mut b"value".to_vec());
    let merging = with_rule(changed(), OnConflict::Merge);
    assert_eq!(caught_up(merging), Verdict::conflict(ConflictCause::Removed));
    let last = caught_up(with_rule(changed(), OnConflict::LastWriteWins));
    let expected = Expected::Version(Version { token: OTHER, nonce: Some(1) });
    assert_eq!(last, Verdict::Send { expected, purpose: Purpose::Write });

    let mut clash = Clash::unsent(changed().entry, cause);
    clash.explain(tombstone(1, OTHER).expect("it is one"), Secrets::NONE);
    assert_eq!(clash.disagreement.cause, ConflictCause::Removed);
}

#[test]
fn a_value_of_a_newer_version_is_never_merged_with_or_overwritten_knowingly() {
    let newer = || Look::Newer { version: Version { token: OTHER, nonce: Some(1) } };
    for rule in [OnConflict::Merge, OnConflict::LastWriteWins] {
        let mut step = with_rule(changed(), rule);
        let verdict =
            step.catch_up(ConflictCause::Overwritten, Some(newer()), &mut b"value".to_vec());
        assert_eq!(verdict, Verdict::conflict(ConflictCause::NewerSchema));
    }
    let mut clash = Clash::unsent(changed().entry, ConflictCause::Overwritten);
    clash.explain(newer(), Secrets::NONE);
    assert_eq!(clash.disagreement.cause, ConflictCause::NewerSchema);
}

#[test]
fn a_value_that_replaces_an_expired_tombstone_is_not_recreated() {
    let again = Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Write };
    assert_eq!(settled(&filled(), Ok(Applied::Gone)), again);
    assert_eq!(settled(&filled(), STORED), Verdict::Done(How::Written));
}

#[test]
fn a_commit_with_a_value_that_has_to_stay_sends_nothing() {
    let drafts: &[fn() -> Draft] =
        &[|| store(SEEN), || Draft::Conflict(ConflictCause::NewerSchema), || delete(SEEN)];
    let plan = plan_of(drafts, Caps::default()).expect("it drafts");
    assert!(plan.changes().is_empty() && plan.looks().is_empty());
    assert!(plan.is_clean_conflict() && !plan.is_transient_conflict());
}
