//! What can happen in a scenario, and how likely it is.

use memdict_tests::Fault;
use proptest::prelude::*;

use super::{
    act::Act,
    between::{Incident, Meddling},
    program::Program,
    record::{Place, Touching},
};

/// The number of concurrent sessions. One is of a strict cache, and another one of the old program.
pub(crate) const SESSIONS: usize = 4;
pub(crate) const STRICT: usize = 2;
pub(crate) const OLD: usize = 3;

/// One step of a scenario.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    Act {
        session: usize,
        place: Place,
        act: Act,
    },
    VerifyFirst {
        session: usize,
        on: bool,
    },
    Savepoint {
        session: usize,
    },
    RollBackTo {
        session: usize,
        savepoint: usize,
    },
    Commit {
        session: usize,
    },
    Drop {
        session: usize,
    },
    Transaction {
        strict: bool,
        program: Program,
        acts: Vec<(Place, Act)>,
    },
    /// A value is loaded or made. While it is made, another client may do something.
    Fetch {
        strict: bool,
        place: Place,
        meanwhile: Option<Meddling>,
    },
    /// The dictionary that can be cleared is cleared.
    Clear {
        strict: bool,
    },
    /// Another client does something.
    Meddle {
        place: Place,
        meddling: Meddling,
    },
    /// Something goes wrong this many operations of the store later.
    Plan {
        operations: u8,
        writing: bool,
        incident: Incident,
    },
}

pub(crate) fn scenario(length: usize) -> impl Strategy<Value = Vec<Operation>> {
    prop::collection::vec(operation(), 1..length)
}

fn operation() -> impl Strategy<Value = Operation> {
    let session = || 0..SESSIONS;
    prop_oneof![
        24 => (session(), place(), act())
            .prop_map(|(session, place, act)| Operation::Act { session, place, act }),
        8 => session().prop_map(|session| Operation::Commit { session }),
        1 => session().prop_map(|session| Operation::Drop { session }),
        1 => (session(), any::<bool>())
            .prop_map(|(session, on)| Operation::VerifyFirst { session, on }),
        2 => session().prop_map(|session| Operation::Savepoint { session }),
        1 => (session(), 0..3_usize)
            .prop_map(|(session, savepoint)| Operation::RollBackTo { session, savepoint }),
        4 => (any::<bool>(), program(), prop::collection::vec((place(), act()), 1..4))
            .prop_map(|(strict, program, acts)| Operation::Transaction { strict, program, acts }),
        1 => any::<bool>().prop_map(|strict| Operation::Clear { strict }),
        2 => (any::<bool>(), place(), prop::option::of(meddling())).prop_map(
            |(strict, place, meanwhile)| Operation::Fetch { strict, place, meanwhile }
        ),
        2 => (place(), meddling())
            .prop_map(|(place, meddling)| Operation::Meddle { place, meddling }),
        5 => (0..4_u8, any::<bool>(), incident()).prop_map(|(operations, writing, incident)| {
            Operation::Plan { operations, writing, incident }
        }),
    ]
}

/// Some places are used more than others, so that sessions meet.
fn place() -> impl Strategy<Value = Place> {
    prop_oneof![
        3 => (0..Place::COUNT).prop_map(Place::nth),
        3 => (0..3_usize).prop_map(|n| Place::nth(2 * n)),
        3 => (6..9_usize).prop_map(|n| Place::nth(2 * n)),
        1 => (12..14_usize).prop_map(|n| Place::nth(2 * n)),
        2 => Just(Place::clearable()),
    ]
}

fn program() -> impl Strategy<Value = Program> {
    prop_oneof![2 => Just(Program::New), 1 => Just(Program::Old)]
}

fn touching() -> impl Strategy<Value = Touching> {
    prop_oneof![3 => Just(Touching::Neither), 1 => Just(Touching::Left), 1 => Just(Touching::Right)]
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => Just(Act::Get),
        6 => touching().prop_map(Act::Add),
        8 => touching().prop_map(Act::OrAdd),
        1 => Just(Act::Borrow),
        2 => Just(Act::Touch),
        1 => Just(Act::SetTtl),
        1 => Just(Act::Revert),
        2 => Just(Act::Insert),
        1 => Just(Act::Remove),
        1 => Just(Act::RemoveEntry),
        1 => Just(Act::Invalidate),
        1 => Just(Act::ReadCurrent),
        2 => (-20..100_i8).prop_map(Act::Count),
    ]
}

fn meddling() -> impl Strategy<Value = Meddling> {
    prop_oneof![
        8 => Just(Meddling::Add),
        3 => Just(Meddling::AddOld),
        2 => Just(Meddling::Put),
        2 => Just(Meddling::PutOld),
        6 => Just(Meddling::Delete),
        6 => Just(Meddling::Remove),
        3 => Just(Meddling::Invalidate),
        1 => Just(Meddling::Touch),
        2 => Just(Meddling::Clear),
        1 => Just(Meddling::LoseGeneration),
        1 => Just(Meddling::DeleteAll),
        1 => Just(Meddling::Reconnect),
        1 => Just(Meddling::Restart),
        4 => Just(Meddling::Return),
    ]
}

fn incident() -> impl Strategy<Value = Incident> {
    let fault = prop_oneof![
        Just(Fault::Down),
        Just(Fault::Refused),
        Just(Fault::AckLost),
        Just(Fault::SentAndLost),
    ];
    prop_oneof![
        3 => fault.prop_map(Incident::Fault),
        1 => (0..4_u8).prop_map(Incident::Late),
        3 => meddling().prop_map(Incident::Meddling),
    ]
}
