//! Turns entries into the changes that a commit sends. This does no I/O and knows no store.

use std::{ops::Range, sync::Arc, time::Duration};

use super::conflict::Clash;
use crate::{
    conflict::ConflictCause,
    def::{options::DictOptions, rules::OnConflict},
    entry_id::EntryId,
    envelope::Secrets,
    error::{Error, Result},
    report::{CommitReport, How},
    session::entry::{
        any_slot::{AnySlot, Draft, Fields, Stamp},
        seen::Expected,
    },
    store::{
        caps::Caps,
        expiry::Expiry,
        operation::{Change, Condition, Count, Op, Reason},
    },
    unusable::Unusable,
};

/// The changes of one commit, and what is known of their outcome.
///
/// The plan lends out a batch of changes, or of loads that settle what is in doubt. Their answers
/// are collected meanwhile and then settled (`settle`, `resolve`), until no step is left.
#[derive(Default)]
pub(crate) struct Plan<'e> {
    pub(super) secrets: &'e Secrets,
    pub(super) bytes: Vec<u8>,
    /// The steps that are not settled yet, in the order in which the entries were listed.
    pub(super) steps: Vec<Step<'e>>,
    pub(super) report: CommitReport,
    pub(super) conflicts: Vec<Clash<'e>>,
    /// The first change of a strict dictionary or cache that was lost or refused.
    pub(super) strictly: Option<Strictly<'e>>,
}

/// What turns a commit without a conflict into an error.
pub(super) enum Strictly<'e> {
    Lost(&'e dyn AnySlot, Reason),
    Refused(&'e dyn AnySlot),
}

/// One entry's change.
pub(super) struct Step<'e> {
    pub(super) entry: &'e dyn AnySlot,
    pub(super) stamp: Stamp<'e>,
    /// The session's value, or its tombstone, in its envelope, as a range of the plan's bytes; none
    /// for a deletion.
    pub(super) ours: Option<Range<usize>>,
    /// The outcome of a merge of that value, if it was merged.
    pub(super) merged: Option<MergedValue>,
    pub(super) options: DictOptions,
    /// When the value, or its tombstone, expires.
    pub(super) expiry: Expiry,
    /// Whether it is an error if the change is lost or refused.
    pub(super) strict: bool,
    /// Whether this value was made from a loaded one.
    pub(super) was_loaded: bool,
    /// Why the bytes that it replaces were not usable, if there were such.
    pub(super) replaces: Option<Unusable>,
    /// What the store has to hold for the change to be made.
    pub(super) expected: Expected,
    pub(super) purpose: Purpose,
    pub(super) waits_for: WaitsFor,
    /// Whether it was sent again, after it had certainly not been applied.
    pub(super) resent: bool,
    /// How often it was based on another session's newer value.
    pub(super) caught_up: u32,
    /// How often its token came over another connection than the one that it was sent on.
    pub(super) unproven: u32,
    /// Whether the check before the first change found that the value had vanished.
    pub(super) vanished: bool,
}

/// The outcome of a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MergedValue {
    /// The value in its envelope, as a range of the plan's bytes.
    pub(super) value: Range<usize>,
    pub(super) fields: Fields,
}

/// What a change is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Store the value.
    Write,
    /// Store the value anew, because the old one had vanished.
    Recreate,
    /// Set the end of life of the value, which is no change of it.
    Touch,
    /// Let the server count.
    Count(Count),
    /// Make the value stale, whatever it is: where it came from, there is another one now.
    Invalidate,
    /// Remove the entry: delete the value, or store a tombstone.
    Remove,
    /// Delete the old value, because the new one was refused for this reason: no session shall read
    /// the outdated value any more.
    Clear { refused: Reason },
}

impl Purpose {
    /// Returns whether it stores or removes a value, which belongs to a generation.
    pub(super) fn is_about_a_value(&self) -> bool {
        !matches!(self, Self::Touch | Self::Invalidate)
    }
}

/// What a step waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WaitsFor {
    /// To be sent.
    Sending,
    /// A look at the stored value, because the change's outcome is unknown for this reason.
    Look { unknown: Reason },
    /// A look at the stored value, because the change was sent twice and found a value that was not
    /// expected: the first one may have arrived late.
    LookWhose,
    /// A look at the stored value, because the token that was seen came over another connection.
    LookAgain,
    /// A look at another session's value, on which the change can then be based.
    CatchUp { cause: ConflictCause },
}

impl<'e> Plan<'e> {
    /// Encodes the entries that changed. `first` has the first of the numbers that mark this
    /// commit's writes. If a stored value has to stay as it is, there is a conflict and no step.
    ///
    /// # Errors
    ///
    /// `StillBorrowed`, `Poisoned`, `Encode`, `Unsupported`: nothing may be sent then.
    pub(crate) fn draft(
        entries: &'e [Arc<dyn AnySlot>],
        first: Stamp<'e>,
        caps: Caps,
        strict: bool,
    ) -> Result<Self> {
        let mut plan = Self { secrets: first.secrets, ..Self::default() };
        plan.report.reserve(entries.len());
        plan.steps.reserve(entries.len());
        for (entry, stamp) in entries.iter().map(Arc::as_ref).zip(stamps_from(first)) {
            let start = plan.bytes.len();
            let draft = entry.draft(stamp, &mut plan.bytes)?;
            let appended = start..plan.bytes.len();
            let mut ours = (!appended.is_empty()).then_some(appended);
            let (options, expiry, was_loaded, replaces, expected, purpose) = match draft {
                Draft::Nothing => continue,
                Draft::Unchanged => {
                    plan.bytes.truncate(start);
                    plan.report.record(entry.id(), How::Unchanged);
                    continue;
                }
                Draft::Conflict(cause) => {
                    plan.conflicts.push(Clash::unsent(entry, cause));
                    continue;
                }
                Draft::Store { options, expiry, expected, was_loaded, replaces } => {
                    let expiry = options.kept_for(expiry, caps.life());
                    (options, expiry, was_loaded, replaces, expected, Purpose::Write)
                }
                Draft::Touch { options, expiry } => {
                    plan.bytes.truncate(start);
                    ours = None;
                    let expiry = options.kept_for(expiry, caps.life());
                    (options, expiry, false, None, Expected::Anything, Purpose::Touch)
                }
                Draft::Count(count) => {
                    let (options, purpose) = (DictOptions::DEFAULT, Purpose::Count(count));
                    (options, Expiry::Never, false, None, Expected::Anything, purpose)
                }
                Draft::Invalidate { options } => {
                    let (grace, purpose) = (options.fetching.grace, Purpose::Invalidate);
                    (options, grace.into(), false, None, Expected::Anything, purpose)
                }
                Draft::Delete { options, expected } => {
                    let expiry = options.tombstone.into();
                    (options, expiry, false, None, expected, Purpose::Remove)
                }
            };
            let is_clearable = entry.generation().is_some() && purpose.is_about_a_value();
            if is_clearable && !caps.counts() {
                let missing =
                    "count, and so keep the generation of a dictionary that can be cleared";
                return Err(Error::Unsupported { id: entry.id().clone(), missing });
            }
            supported(entry.id(), &purpose, ours.is_some(), expected, caps)?;
            plan.steps.push(Step {
                entry,
                stamp,
                ours,
                merged: None,
                options,
                expiry,
                strict: options.is_strict(strict),
                was_loaded,
                replaces,
                expected,
                purpose,
                waits_for: WaitsFor::Sending,
                resent: false,
                caught_up: 0,
                unproven: 0,
                vanished: false,
            });
        }
        if !plan.conflicts.is_empty() {
            plan.steps.clear();
        }
        Ok(plan)
    }

    /// Returns the entry of each change that is not settled yet. A touch is no change.
    pub(crate) fn ids(&self) -> Vec<&EntryId> {
        let changes = self.steps.iter().filter(|step| step.purpose != Purpose::Touch);
        changes.map(|step| step.entry.id()).collect()
    }

    /// Checks that no change depends on a version that the server does not keep.
    ///
    /// # Errors
    ///
    /// `Unsupported`: nothing may be sent then.
    pub(crate) fn check_versions(&self) -> Result<()> {
        let on_none = |step: &&Step<'_>| matches!(step.condition(), Condition::Matches(token) if token.is_of_no_version());
        let Some(step) = self.steps.iter().find(on_none) else { return Ok(()) };
        let missing = "tell whether a value has changed, because its server keeps no versions (run \
                       memcached without its option `-C`, or define the dictionary with \
                       `OnConflict::LastWriteWins`)";
        Err(Error::Unsupported { id: step.entry.id().clone(), missing })
    }

    /// Returns the changes to send now.
    pub(crate) fn changes(&self) -> Vec<Change<'_>> {
        let mut changes = Vec::with_capacity(self.steps.len());
        let to_send = self.steps.iter().filter(|step| step.waits_for == WaitsFor::Sending);
        changes.extend(to_send.map(|step| {
            let expiry = step.expiry;
            let op = match (step.value(), &step.purpose) {
                (_, Purpose::Touch) => Op::Touch { expiry },
                (_, Purpose::Count(count)) => Op::Count(*count),
                (_, Purpose::Invalidate) => {
                    // Without a grace nobody is given the value, and it stays as long as it lives.
                    let has_grace = expiry != Expiry::After(Duration::ZERO);
                    Op::Invalidate { grace: has_grace.then_some(expiry) }
                }
                (None, _) | (_, Purpose::Clear { .. }) => Op::Delete,
                (Some(range), _) => Op::Store { bytes: &self.bytes[range.clone()], expiry },
            };
            let change = Change::new(step.entry.name().wire(), op, step.condition());
            let change = if step.buries() { change.removal() } else { change };
            // A change that is sent again has failed once, so it asks for an answer of its own.
            if step.resent { change } else { change.quiet() }
        }));
        changes
    }

    /// Returns the entry of each change to send now that stores a value, and how many bytes that has.
    pub(crate) fn sizes(&self) -> impl Iterator<Item = (&'e EntryId, usize)> {
        let to_send = self.steps.iter().filter(|step| step.waits_for == WaitsFor::Sending);
        let stores = to_send.filter(|step| !matches!(step.purpose, Purpose::Clear { .. }));
        stores.filter_map(|step| Some((step.entry.id(), step.value()?.len())))
    }

    /// Returns the entries at which a look settles what is in doubt: of all steps that are left,
    /// once nothing is to be sent.
    pub(crate) fn looks(&self) -> Vec<&'e dyn AnySlot> {
        self.steps.iter().map(|step| step.entry).collect()
    }
}

impl Step<'_> {
    /// Returns whether this is a removal that leaves a tombstone.
    pub(super) fn buries(&self) -> bool {
        self.purpose == Purpose::Remove && self.ours.is_some()
    }

    /// Returns the condition on which the change is made. Where no versions are kept, the last write
    /// wins without one.
    fn condition(&self) -> Condition {
        match self.expected.condition() {
            Condition::Matches(token)
                if token.is_of_no_version()
                    && self.options.rules.on_conflict == OnConflict::LastWriteWins =>
            {
                Condition::Always
            }
            condition => condition,
        }
    }

    fn value(&self) -> Option<&Range<usize>> {
        self.merged.as_ref().map(|merged| &merged.value).or(self.ours.as_ref())
    }

    /// Returns whether the change can be based on another session's newer value.
    ///
    /// A change that was sent twice cannot: the other session's value may contain the change, which
    /// would then be made a second time.
    pub(super) fn catches_up(&self) -> bool {
        let stores = matches!(self.purpose, Purpose::Write | Purpose::Recreate);
        stores
            && !self.resent
            && match self.options.rules.on_conflict {
                OnConflict::Fail => false,
                OnConflict::LastWriteWins => true,
                OnConflict::Merge => self.was_loaded,
            }
    }
}

fn stamps_from(first: Stamp<'_>) -> impl Iterator<Item = Stamp<'_>> {
    (0_u64..).map(move |n| Stamp { nonce: first.nonce.wrapping_add(n), ..first })
}

fn supported(
    id: &EntryId,
    purpose: &Purpose,
    stores: bool,
    expected: Expected,
    caps: Caps,
) -> Result<()> {
    if *purpose == Purpose::Touch && !caps.touch() {
        return Err(Error::Unsupported { id: id.clone(), missing: "set an end of life alone" });
    }
    if matches!(purpose, Purpose::Count(_)) && !caps.counts() {
        return Err(Error::Unsupported { id: id.clone(), missing: "count" });
    }
    let Condition::Matches(_) = expected.condition() else {
        return Ok(());
    };
    let missing = match stores {
        false if !caps.conditional_delete() => "delete a value only if it is unchanged",
        true if !caps.conditional_store() => "store a value only if it is unchanged",
        _ => return Ok(()),
    };
    Err(Error::Unsupported { id: id.clone(), missing })
}
