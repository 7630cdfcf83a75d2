//! Minimal scenarios of errors that the model has found.

use memdict_tests::{Fault, Lives};

use super::{
    act::Act,
    between::{Incident, Meddling},
    operation::{OLD, Operation},
    play::play,
    program::Program,
    record::{Place, Touching},
    stage::Stage,
};

fn add(place: Place) -> Operation {
    let acts = vec![(place, Act::Add(Touching::Neither))];
    Operation::Transaction { strict: true, program: Program::New, acts }
}

#[test]
fn a_transaction_does_not_run_again_while_its_changes_may_still_arrive() {
    let place = Place::nth(0);
    let plan = |operations, incident| Operation::Plan { operations, writing: true, incident };
    // The load comes first, and the look is between the two changes.
    for second in [Fault::SentAndLost, Fault::Down] {
        let put = Operation::Meddle { place, meddling: Meddling::Put };
        let faults = [plan(0, Incident::Late(4)), plan(2, Incident::Fault(second))];
        let scenario: Vec<_> = [put].into_iter().chain(faults).chain([add(place)]).collect();
        play(&Stage::on_memory(Lives::Told), &scenario);
    }
}

#[test]
fn a_key_that_is_changed_and_has_to_be_current_is_in_conflict_once() {
    let place = Place::nth(0);
    let act = |act| Operation::Act { session: 0, place, act };
    for change in [Act::Add(Touching::Neither), Act::Borrow] {
        play(
            &Stage::on_memory(Lives::Told),
            &[
                Operation::Meddle { place, meddling: Meddling::Put },
                Operation::VerifyFirst { session: 0, on: true },
                act(Act::ReadCurrent),
                act(change),
                Operation::Act { session: 0, place: Place::nth(4), act: Act::Insert },
                Operation::Meddle { place, meddling: Meddling::Add },
                Operation::Commit { session: 0 },
            ],
        );
    }
}

/// Returns the first place of the dictionary with this name.
fn place(dict: &str) -> Place {
    Place::of_names(dict, "a").expect("there is such a dictionary")
}

#[test]
fn a_refused_fill_leaves_the_tombstone_that_it_has_found() {
    let place = place("fail-tomb");
    let act = |session, act| Operation::Act { session, place, act };
    let refused = Incident::Fault(Fault::Refused);
    play(
        &Stage::on_memory(Lives::Told),
        &[
            // The fill that the tombstone has to stop.
            act(0, Act::OrAdd(Touching::Neither)),
            Operation::Meddle { place, meddling: Meddling::Remove },
            act(1, Act::OrAdd(Touching::Neither)),
            Operation::Plan { operations: 0, writing: true, incident: refused },
            Operation::Commit { session: 1 },
            Operation::Commit { session: 0 },
        ],
    );
}

#[test]
fn a_removal_is_lost_if_no_tombstone_is_stored() {
    let place = place("fail-tomb");
    let sent_and_lost = Incident::Fault(Fault::SentAndLost);
    let plan = |operations, incident| Operation::Plan { operations, writing: true, incident };
    play(
        &Stage::on_memory(Lives::Told),
        &[
            Operation::Meddle { place, meddling: Meddling::Put },
            Operation::Act { session: 0, place, act: Act::RemoveEntry },
            plan(0, sent_and_lost),
            // At the look.
            plan(1, Incident::Meddling(Meddling::Delete)),
            plan(2, sent_and_lost),
            Operation::Commit { session: 0 },
        ],
    );
}

#[test]
fn an_old_program_is_not_told_of_a_newer_value_that_is_gone() {
    let place = place("fail");
    let by_old = |act| Operation::Act { session: OLD, place, act };
    for meddling in [Meddling::Delete, Meddling::PutOld, Meddling::Put, Meddling::Restart] {
        play(
            &Stage::on_memory(Lives::Told),
            &[
                Operation::Meddle { place, meddling: Meddling::Put },
                by_old(Act::OrAdd(Touching::Neither)),
                Operation::Meddle { place, meddling },
                Operation::Commit { session: OLD },
            ],
        );
    }
}

#[test]
fn a_removal_of_a_removed_value_is_not_reported_if_it_is_called_off() {
    let place = place("merge-tomb");
    let act = |session, place, act| Operation::Act { session, place, act };
    let meddle = |place, meddling| Operation::Meddle { place, meddling };
    play(
        &Stage::on_memory(Lives::Told),
        &[
            meddle(place, Meddling::Put),
            act(0, place, Act::ReadCurrent),
            act(0, place, Act::Remove),
            meddle(place, Meddling::Remove),
            Operation::VerifyFirst { session: 0, on: true },
            Operation::Commit { session: 0 },
        ],
    );
    // Another change is in conflict, and trying again helps.
    let other = Place::nth(0);
    play(
        &Stage::on_memory(Lives::Told),
        &[
            meddle(place, Meddling::Put),
            meddle(other, Meddling::Put),
            Operation::VerifyFirst { session: 0, on: true },
            act(0, place, Act::RemoveEntry),
            act(0, other, Act::Add(Touching::Neither)),
            meddle(place, Meddling::Remove),
            meddle(other, Meddling::Add),
            Operation::Commit { session: 0 },
        ],
    );
}

#[test]
fn a_removal_without_a_read_is_not_in_conflict_after_a_lost_request() {
    let place = place("merge-tomb");
    let plan = |operations, incident| Operation::Plan { operations, writing: true, incident };
    play(
        &Stage::on_memory(Lives::Told),
        &[
            Operation::Act { session: 0, place, act: Act::Remove },
            plan(0, Incident::Fault(Fault::SentAndLost)),
            // Before the second request; the look is between the two.
            plan(2, Incident::Meddling(Meddling::Add)),
            Operation::Commit { session: 0 },
        ],
    );
}
