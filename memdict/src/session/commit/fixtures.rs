//! Entries with fixed drafts, and steps made of them, for the tests of a commit's stages. A fixture that
//! is written wrongly panics: it is part of the tests.

use std::{cell::Cell, sync::Arc, time::Duration};

use super::plan::{Plan, Purpose, Step};
use crate::{
    def::{
        options::DictOptions,
        rules::{OnConflict, OnVanished, Rules},
    },
    envelope::Secrets,
    error::Result,
    key::name::Name,
    pack::Packing,
    session::entry::{
        any_slot::{AnySlot, Draft, Fields, Stamp, Unmerged},
        seen::{Expected, Look, Version},
    },
    store::{caps::Caps, expiry::Expiry, operation::Token},
};

pub(super) const TOKEN: Token = Token::new(1, 2, 3);
pub(super) const OTHER: Token = Token::new(1, 2, 4);
pub(super) const SEEN: Expected = Expected::Version(Version { token: TOKEN, nonce: Some(9) });

pub(super) const TOMBSTONE: Expected =
    Expected::Tombstone(Version { token: TOKEN, nonce: Some(9) });

/// The stamp of a plan's first step.
pub(super) const STAMP: Stamp<'_> =
    Stamp { nonce: 100, secrets: Secrets::NONE, packing: Packing::UNSET };

thread_local! {
    /// How often this thread has asked an entry for its name: a measure of work without a clock.
    pub(super) static NAMED: Cell<usize> = const { Cell::new(0) };
}

/// An entry with a fixed draft.
pub(super) struct Fixed(Name, fn() -> Draft);

impl AnySlot for Fixed {
    fn name(&self) -> &Name {
        NAMED.set(NAMED.get() + 1);
        &self.0
    }

    fn type_name(&self) -> &'static str {
        "Fixed"
    }

    fn draft(&self, _: Stamp<'_>, bytes: &mut Vec<u8>) -> Result<Draft> {
        let draft = (self.1)();
        match draft {
            Draft::Delete { options, .. } if options.tombstone.is_none() => {}
            _ => bytes.extend_from_slice(b"value"),
        }
        Ok(draft)
    }

    fn look(&self, stored: &[u8], token: Token, _: &Secrets, needs_bytes: bool) -> Look {
        let bytes = needs_bytes.then(|| stored.to_vec());
        Look::Value { version: Version { token, nonce: None }, bytes }
    }

    fn is_dirty(&self) -> bool {
        true
    }

    fn expected(&self) -> Expected {
        SEEN
    }

    /// Concatenates both values. `theirs` may say that they cannot be merged.
    fn merge(
        &self,
        ours: &[u8],
        theirs: &[u8],
        _: Stamp<'_>,
        bytes: &mut Vec<u8>,
    ) -> Result<Fields, Unmerged> {
        bytes.extend_from_slice(&[ours, theirs].concat());
        match theirs {
            b"unmergeable" => Err(Unmerged::because("it says so")),
            _ => Ok(Fields { ours: vec!["a".into()], theirs: vec!["b".into()] }),
        }
    }

    fn fields(&self, _: Option<&[u8]>, _: &Secrets) -> Fields {
        Fields::default()
    }

    fn hidden_changes(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Returns entries with these drafts. They are leaked, so that steps can borrow them.
pub(super) fn entries(drafts: &[fn() -> Draft]) -> &'static [Arc<dyn AnySlot>] {
    let entries: Vec<Arc<dyn AnySlot>> = drafts
        .iter()
        .enumerate()
        .map(|(i, draft)| {
            let name = Name::new(&"d".into(), b"n:d:", &mut format!("#{i}").into_bytes());
            Arc::new(Fixed(name.expect("it is a name"), *draft)) as _
        })
        .collect();
    entries.leak()
}

pub(super) fn plan_of(drafts: &[fn() -> Draft], caps: Caps) -> Result<Plan<'static>> {
    Plan::draft(entries(drafts), STAMP, caps, false)
}

pub(super) fn store(expected: Expected) -> Draft {
    let was_loaded = expected == SEEN;
    let (options, expiry) = (DictOptions::DEFAULT, Expiry::Never);
    Draft::Store { options, expiry, expected, was_loaded, replaces: None }
}

pub(super) fn delete(expected: Expected) -> Draft {
    Draft::Delete { options: DictOptions::DEFAULT, expected }
}

/// Returns a removal that leaves a tombstone.
pub(super) fn bury(expected: Expected) -> Draft {
    let tombstone = Some(Duration::from_secs(60));
    Draft::Delete { options: DictOptions { tombstone, ..DictOptions::DEFAULT }, expected }
}

/// Returns the only step of the plan.
pub(super) fn step(draft: fn() -> Draft) -> Step<'static> {
    plan_of(&[draft], Caps::default()).expect("it drafts").steps.remove(0)
}

pub(super) fn changed() -> Step<'static> {
    step(|| store(SEEN))
}

pub(super) fn created() -> Step<'static> {
    step(|| store(Expected::Nothing))
}

pub(super) fn blind() -> Step<'static> {
    step(|| store(Expected::Anything))
}

pub(super) fn removed() -> Step<'static> {
    step(|| delete(SEEN))
}

pub(super) fn removed_blind() -> Step<'static> {
    step(|| delete(Expected::Anything))
}

pub(super) fn buried() -> Step<'static> {
    step(|| bury(SEEN))
}

pub(super) fn buried_blind() -> Step<'static> {
    step(|| bury(Expected::Anything))
}

/// A value that is stored where this session has seen a tombstone.
pub(super) fn filled() -> Step<'static> {
    step(|| store(TOMBSTONE))
}

pub(super) fn recreated() -> Step<'static> {
    Step { expected: Expected::Nothing, purpose: Purpose::Recreate, ..changed() }
}

/// Returns a look that found a value.
pub(super) fn stored(nonce: u64, token: Token) -> Option<Look> {
    Some(Look::Value { version: Version { token, nonce: Some(nonce) }, bytes: None })
}

/// Returns the default options with other rules.
pub(super) const fn with_rules(on_conflict: OnConflict, on_vanished: OnVanished) -> DictOptions {
    DictOptions {
        rules: Rules { on_conflict, on_vanished, ..Rules::DEFAULT },
        ..DictOptions::DEFAULT
    }
}

/// Returns the rows of a table without its head, as columns.
pub(super) fn rows<const COLUMNS: usize>(table: &str) -> Vec<[&str; COLUMNS]> {
    let rows = table.trim().lines().skip(1);
    rows.map(|row| {
        let columns: Vec<_> = row.split('|').map(str::trim).collect();
        columns.try_into().unwrap_or_else(|_| panic!("columns: {row}"))
    })
    .collect()
}
