//! What the model has found, cut down.

use memdict_tests::{Fault, Lives};

use super::{
    between::{Incident, Meddling},
    mirror::Act,
    operation::Operation,
    play::play,
    record::{Place, Touching},
    stage::Stage,
};

fn add(place: Place) -> Operation {
    Operation::Transaction { strict: true, acts: vec![(place, Act::Add(Touching::Neither))] }
}

#[test]
fn a_transaction_is_not_run_again_while_what_it_sent_may_still_come() {
    let place = Place::nth(0);
    let plan = |operations, incident| Operation::Plan { operations, writing: true, incident };
    // The load comes before, the look between the two changes.
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
    for change in [Act::Add(Touching::Neither), Act::Touch] {
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
