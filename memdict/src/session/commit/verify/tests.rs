//! A table of what was seen, what the store holds before the first change, and every rule.

use super::*;
use crate::{
    def::{
        options::DictOptions,
        rules::{OnConflict, OnVanished},
    },
    session::{
        commit::{
            conflict::Disagreement,
            fixtures::{
                NAMED, OTHER, SEEN, STAMP, TOKEN, buried, changed, created, delete, entries,
                plan_of, removed, rows, store, stored, with_rules,
            },
        },
        entry::any_slot::Draft,
    },
    store::{caps::Caps, operation::Token},
};

/// `life 0`: the store does not tell the lives of its server apart.
const TABLE: &str = "
    change         | stored      | Fail                 | LastWriteWins | Merge    | OnVanished::Fail
    store          | seen        | as it is             | as it is      | as it is | as it is
    store          | another     | conflict Overwritten | on that       | merged   | conflict Overwritten
    store          | other life  | conflict ServerRestarted | on that   | merged   | conflict ServerRestarted
    store          | nothing     | as it is             | as it is      | as it is | conflict Vanished
    store          | unreadable  | as it is             | as it is      | as it is | as it is
    store life 0   | seen        | as it is             | as it is      | as it is | as it is
    store life 0   | same token  | conflict Overwritten | on that       | merged   | conflict Overwritten
    store life 0   | same nonce  | on that              | on that       | on that  | on that
    store life 0   | nothing     | recreate             | recreate      | recreate | conflict Vanished
    store life 0   | unreadable  | lost                 | lost          | lost     | lost
    create         | nothing     | as it is             | as it is      | as it is | as it is
    create         | another     | conflict Overwritten | on that       | conflict Overwritten | conflict Overwritten
    create         | unreadable  | as it is             | as it is      | as it is | as it is
    remove         | seen        | as it is             | as it is      | as it is | as it is
    remove         | another     | conflict Overwritten | conflict Overwritten | conflict Overwritten | conflict Overwritten
    remove         | other life  | conflict ServerRestarted | conflict ServerRestarted | conflict ServerRestarted | conflict ServerRestarted
    remove         | nothing     | if nothing           | if nothing    | if nothing | if nothing
    remove         | unreadable  | as it is             | as it is      | as it is | as it is
    remove life 0  | seen        | as it is             | as it is      | as it is | as it is
    remove life 0  | same token  | conflict Overwritten | conflict Overwritten | conflict Overwritten | conflict Overwritten
    remove life 0  | nothing     | if nothing           | if nothing    | if nothing | if nothing
    remove life 0  | unreadable  | lost                 | lost          | lost     | lost
    remove         | tombstone   | conflict Removed     | conflict Removed | conflict Removed | conflict Removed
    bury           | tombstone   | on that              | on that       | on that  | on that
    bury           | another     | conflict Overwritten | conflict Overwritten | conflict Overwritten | conflict Overwritten
    bury           | nothing     | if nothing           | if nothing    | if nothing | if nothing
    bury life 0    | tombstone   | on that              | on that       | on that  | on that
";

const RULES: [DictOptions; 4] = [
    DictOptions::DEFAULT,
    with_rules(OnConflict::LastWriteWins, OnVanished::Recreate),
    with_rules(OnConflict::Merge, OnVanished::Recreate),
    with_rules(OnConflict::Fail, OnVanished::Fail),
];

const LIFELESS: Token = Token::new(1, 0, 3);
const SEEN_LIFELESS: Expected = Expected::Version(Version { token: LIFELESS, nonce: Some(9) });

fn step(change: &str) -> Step<'static> {
    match change {
        "store" => changed(),
        "store life 0" => Step { expected: SEEN_LIFELESS, ..changed() },
        "create" => created(),
        "remove" => removed(),
        "remove life 0" => Step { expected: SEEN_LIFELESS, ..removed() },
        "bury" => buried(),
        "bury life 0" => Step { expected: SEEN_LIFELESS, ..buried() },
        _ => panic!("no {change}"),
    }
}

/// The step says which version was seen.
fn look(step: &Step<'_>, name: &str) -> Result<Look, StoreError> {
    let token = if step.expected == SEEN_LIFELESS { LIFELESS } else { TOKEN };
    let found = match name {
        "seen" => stored(9, token),
        "another" => stored(1, OTHER),
        "other life" => stored(9, Token::new(1, 3, 3)),
        "same token" => stored(1, token),
        "same nonce" => stored(9, Token::new(1, 0, 7)),
        "tombstone" => Some(Look::Tombstone { version: Version { token: OTHER, nonce: Some(1) } }),
        "nothing" => Some(Look::Nothing),
        "unreadable" => None,
        _ => panic!("no {name}"),
    };
    found.ok_or_else(|| StoreError::Down("down".into()))
}

fn name(step: &Step<'_>, verdict: &Verdict) -> String {
    match verdict {
        Verdict::Send { expected, purpose } if *purpose == step.purpose => match expected {
            expected if *expected == step.expected => "as it is",
            Expected::Version(_) | Expected::Tombstone(_) => "on that",
            Expected::Nothing => "if nothing",
            Expected::Anything => "whatever is there",
        }
        .to_owned(),
        Verdict::Send { expected: Expected::Nothing, purpose: Purpose::Recreate } => {
            "recreate".to_owned()
        }
        Verdict::SendMerged { expected: Expected::Version(_), .. } => "merged".to_owned(),
        Verdict::Conflict(Disagreement { cause, .. }) => format!("conflict {cause:?}"),
        Verdict::Lost { uncertain: false, .. } => "lost".to_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_change_is_verified_as_the_table_says() {
    for [change, stored, outcomes @ ..] in rows::<6>(TABLE) {
        for (options, outcome) in RULES.into_iter().zip(outcomes) {
            let mut step = Step { options, ..step(change) };
            let look = look(&step, stored);
            let verdict = step.verified(look, &mut b"value".to_vec());
            assert_eq!(name(&step, &verdict), outcome, "{change}, {stored}, {options:?}");
        }
    }
}

fn checked(drafts: &[fn() -> Draft], first: VerifyFirst) -> Vec<usize> {
    plan_of(drafts, Caps::default()).expect("it drafts").checks(first, &[]).steps
}

#[test]
fn only_changes_that_depend_on_a_stored_value_are_checked_first() {
    let four: &[fn() -> Draft] = &[
        || store(SEEN),
        || store(Expected::Anything),
        || store(Expected::Nothing),
        || delete(Expected::Anything),
    ];
    assert!(checked(four, VerifyFirst::No).is_empty());
    assert_eq!(checked(four, VerifyFirst::Yes), [0, 2]);
    assert_eq!(checked(four, VerifyFirst::IfSeveral), [0, 2]);
    let blind: &[fn() -> Draft] = &[|| store(Expected::Anything), || delete(Expected::Anything)];
    assert!(checked(blind, VerifyFirst::IfSeveral).is_empty(), "none of them can be in conflict");
    let beside: &[fn() -> Draft] = &[|| store(Expected::Anything), || delete(SEEN)];
    assert_eq!(checked(beside, VerifyFirst::IfSeveral), [1], "otherwise the first would be stored");
    let one: &[fn() -> Draft] = &[|| delete(SEEN)];
    assert!(checked(one, VerifyFirst::IfSeveral).is_empty(), "a single change is made or not");
    assert_eq!(checked(one, VerifyFirst::Yes), [0]);
    // A token that may stand for another value is always checked.
    let lifeless: &[fn() -> Draft] = &[|| store(SEEN_LIFELESS), || store(Expected::Nothing)];
    assert_eq!(checked(lifeless, VerifyFirst::No), [0]);
    assert_eq!(checked(lifeless, VerifyFirst::Yes), [0, 1]);
}

/// Returns an entry that was only read, seen as `SEEN`.
fn only_read() -> &'static [Arc<dyn AnySlot>] {
    entries(&[|| Draft::Unchanged])
}

#[test]
fn entries_that_have_to_be_current_are_checked_only_if_something_is_sent() {
    let current = only_read();
    let plan = plan_of(&[|| Draft::Unchanged], Caps::default()).unwrap();
    assert!(plan.checks(VerifyFirst::Yes, current).is_empty());
    let plan = plan_of(&[|| store(Expected::Anything)], Caps::default()).unwrap();
    let checks = plan.checks(VerifyFirst::No, current);
    assert_eq!((checks.steps.len(), checks.current.len()), (0, 1));
    assert_eq!(plan.entries_of(&checks).len(), 1);
}

/// Returns the number of changes left to send, and of conflicts.
fn verified(
    first: VerifyFirst,
    current: &'static [Arc<dyn AnySlot>],
    looks: &[Option<Look>],
) -> Result<(usize, usize)> {
    let two: &[fn() -> Draft] = &[|| store(SEEN), || store(Expected::Anything)];
    let mut plan = plan_of(two, Caps::default()).expect("it drafts");
    let checks = plan.checks(first, current);
    let mut answers = Answers::to(looks.len());
    for (index, look) in looks.iter().enumerate() {
        answers.take(index, look.clone().ok_or_else(|| StoreError::Down("down".into())));
    }
    plan.verify(&checks, answers)?;
    Ok((plan.steps.len(), plan.conflicts.len()))
}

#[test]
fn one_mismatch_calls_off_all_changes() {
    let (as_seen, another) = (|| stored(9, TOKEN), || stored(1, OTHER));
    let none: &[Arc<dyn AnySlot>] = &[];
    assert_eq!(verified(VerifyFirst::Yes, none, &[as_seen()]).unwrap(), (2, 0));
    assert_eq!(verified(VerifyFirst::Yes, none, &[another()]).unwrap(), (0, 1));
    let current = only_read();
    assert_eq!(verified(VerifyFirst::No, current, &[as_seen()]).unwrap(), (2, 0));
    assert_eq!(verified(VerifyFirst::No, current, &[another()]).unwrap(), (0, 1));
    assert_eq!(verified(VerifyFirst::No, current, &[Some(Look::Nothing)]).unwrap(), (0, 1));
    assert_eq!(verified(VerifyFirst::Yes, current, &[as_seen(), another()]).unwrap(), (0, 1));
}

#[test]
fn an_entry_that_has_to_be_current_and_cannot_be_checked_is_an_error() {
    let current = only_read();
    let error = verified(VerifyFirst::No, current, &[None]).unwrap_err();
    assert!(matches!(&error, Error::Unavailable { report: None, .. }) && error.is_transient());
}

#[test]
fn an_entry_that_has_to_be_current_is_in_conflict_once_and_not_in_the_report() {
    let entries = entries(&[|| store(SEEN), || Draft::Unchanged, || store(SEEN_LIFELESS)]);
    let mut plan = Plan::draft(entries, STAMP, Caps::default(), false).expect("it drafts");
    let checks = plan.checks(VerifyFirst::Yes, entries);
    let mut answers = Answers::to(5);
    let version = Version { token: OTHER, nonce: Some(1) };
    (0..5).for_each(|check| answers.take(check, Ok(Look::Value { version, bytes: None })));
    // Of the two looks at the last entry, the first is not answered.
    answers.take(1, Err(StoreError::Down("down".into())));
    plan.verify(&checks, answers).expect("all can be checked");
    let report = &plan.report;
    assert_eq!((plan.conflicts.len(), report.unchanged, report.lost.len()), (3, 0, 0));
    assert!(plan.steps.is_empty(), "nothing is sent");
}

#[test]
fn the_work_for_entries_in_conflict_grows_with_their_number_and_not_with_its_square() {
    let work = |many: usize| {
        let drafts: Vec<fn() -> Draft> = vec![|| store(SEEN); many];
        let entries = entries(&drafts);
        let mut plan = Plan::draft(entries, STAMP, Caps::default(), false).expect("it drafts");
        let checks = plan.checks(VerifyFirst::Yes, entries);
        let mut answers = Answers::to(2 * many);
        let version = Version { token: OTHER, nonce: Some(1) };
        (0..2 * many)
            .for_each(|check| answers.take(check, Ok(Look::Value { version, bytes: None })));
        let before = NAMED.get();
        plan.verify(&checks, answers).expect("all can be checked");
        assert_eq!(plan.conflicts.len(), many);
        NAMED.get() - before
    };
    assert!(work(2_000) <= 5 * work(500));
}

/// Returns the number of probes, of changes left to send, and of conflicts, after a check that
/// found no value.
fn probed(drafts: &[fn() -> Draft], caps: Caps, answer: Applied) -> (usize, usize, usize) {
    let mut plan = plan_of(drafts, Caps::default()).expect("it drafts");
    let checks = plan.checks(VerifyFirst::Yes, &[]);
    let mut answers = Answers::to(1);
    answers.take(0, Ok(Look::Nothing));
    plan.verify(&checks, answers).expect("all can be checked");
    let probes = plan.probes(&checks, caps).len();
    let mut answers = Answers::to(probes);
    (0..probes).for_each(|probe| answers.take(probe, Ok(answer)));
    plan.probed(answers);
    (probes, plan.steps.len(), plan.conflicts.len())
}

#[test]
fn a_probe_for_a_vanished_value_finds_a_restart_before_other_changes_are_made() {
    let two: &[fn() -> Draft] = &[|| store(SEEN), || store(Expected::Anything)];
    let all = Caps::default();
    assert_eq!(probed(two, all, Applied::Restarted), (1, 0, 1));
    assert_eq!(probed(two, all, Applied::Gone), (1, 2, 0));
    assert_eq!(probed(&two[..1], all, Applied::Gone), (0, 1, 0), "the change itself tells");
    let caps = all.without_conditional_delete();
    assert_eq!(probed(two, caps, Applied::Gone), (0, 2, 0));
}

#[test]
fn a_tombstone_is_absence_unless_another_session_removed_the_value_meanwhile() {
    let version = |token, nonce| Version { token, nonce: Some(nonce) };
    let (mine, another) = (version(TOKEN, 9), version(OTHER, 1));
    let tombstone = |version| Look::Tombstone { version };
    let value = |version| Look::Value { version, bytes: None };
    for (seen, now, cause) in [
        (Expected::Nothing, tombstone(another), Some(ConflictCause::Removed)),
        (Expected::Version(mine), tombstone(another), Some(ConflictCause::Removed)),
        (Expected::Tombstone(mine), tombstone(mine), None),
        (Expected::Tombstone(mine), tombstone(another), Some(ConflictCause::Removed)),
        (Expected::Tombstone(mine), Look::Nothing, None),
        (Expected::Tombstone(mine), value(another), Some(ConflictCause::Overwritten)),
        (
            Expected::Version(mine),
            Look::Newer { version: another },
            Some(ConflictCause::NewerSchema),
        ),
    ] {
        assert_eq!(super::changed(seen, &now), cause, "{seen:?}, {now:?}");
    }
}
