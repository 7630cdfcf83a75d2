//! Runs a commit, from the plan to the report: what is sent, and when.

use std::{
    mem,
    time::{Duration, Instant},
};

use super::{
    generations::Generations, hidden, hooks::Hooks, plan::Plan, settle::Answers, tally::Tally,
};
use crate::{
    envelope::Secrets,
    error::{Error, Result, list},
    log::{detail, warning},
    random,
    report::CommitReport,
    session::{
        core::Core,
        drive::{Drive, Progress},
        entry::{
            any_slot::{AnySlot, Stamp},
            seen::{Look, Version},
        },
        settings::Settings,
        turns::Turn,
    },
    store::operation::{Applied, Change, Load, Loaded, StoreError},
};

/// Whether the application reads who changed what, if the commit ends in a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Explain {
    Always,
    /// Not if the work is tried again.
    UnlessTransient,
}

/// Sends the changes, settles what is in doubt, and returns what became of each entry.
pub(crate) async fn commit<D: Drive>(
    core: &mut Core,
    driver: &D,
    begun: &D::Begun,
    hooks: &mut Hooks,
    explain: Explain,
    mut turn: Option<(Turn, Duration)>,
) -> Result<CommitReport> {
    if *core.doomed.get_mut() {
        return Err(Error::Doomed);
    }
    hidden::detect(core)?;
    let strict = core.settings.strict;
    let secrets = &core.settings.secrets;
    let first = Stamp { nonce: random::bits(), secrets, packing: core.settings.packing };
    let listed: &[_] = core.listed.get_mut();
    let mut plan = Plan::draft(listed, first, driver.caps(), strict)?;
    hooks.before(|| plan.ids())?;
    if let Some((turn, limit)) = &mut turn {
        turn.take_hot(driver, *limit, plan.ids().into_iter()).await;
    }
    let call = driver.call(*core.deadline.get_mut());
    let driver = call.as_ref().unwrap_or(driver);
    let unknown = plan.generations().unknown();
    if !unknown.is_empty() {
        let answers = apply(driver, begun, &unknown.begins()).await;
        answers.each(|index, answer| unknown.counted(index, answer));
        // What is written says in which generation, so it is drafted again.
        plan = Plan::draft(listed, first, driver.caps(), strict)?;
    }
    plan.report.take_notes(mem::take(core.notes.get_mut()));
    plan.call_off_cleared();
    let mut tally = Tally::default();
    let began = driver.caps().waits().then(Instant::now);
    let checks = plan.checks(*core.verify_first.get_mut(), core.current.get_mut());
    if !checks.is_empty() {
        let needs_bytes = |check| plan.check_needs_bytes(&checks, check);
        let entries = plan.entries_of(&checks);
        let answers = look(driver, &entries, Why::ToChange, secrets, needs_bytes, &mut tally).await;
        plan.verify(&checks, answers)?;
        let probes = plan.probes(&checks, driver.caps());
        if !probes.is_empty() {
            let answers = apply(driver, begun, &probes).await;
            plan.probed(answers);
        }
    }
    plan.check_versions()?;
    // This ends, because each round settles a change or moves it along a finite chain: store, then
    // recreate or clear; look, and send once more; follow another session's value, a limited number
    // of times.
    loop {
        let mut changes = plan.changes();
        if !changes.is_empty() {
            tally.sends(&plan);
            let (own, generations) = (changes.len(), plan.generations());
            changes.extend(generations.checks());
            let sending = apply(driver, begun, &changes);
            let mut answers = naming_a_cut(&plan, begun, sending).await;
            answers.split_off(own).each(|index, answer| generations.counted(index, answer));
            plan.settle(answers);
            continue;
        }
        let entries = plan.looks();
        if entries.is_empty() {
            break;
        }
        let needs_bytes = |index| plan.needs_bytes(index);
        let looking = look(driver, &entries, Why::ToChange, secrets, needs_bytes, &mut tally);
        let answers = naming_a_cut(&plan, begun, looking).await;
        plan.resolve(answers);
    }
    let told = explain == Explain::Always || !plan.is_transient_conflict();
    let unexplained = plan.unexplained();
    if told && !unexplained.is_empty() {
        let answers =
            look(driver, &unexplained, Why::ToExplain, secrets, |_| true, &mut tally).await;
        plan.explain(answers);
    }
    let outcome = plan.finish(told);
    let took = began.filter(|_| tally.has_any()).map(|began| began.elapsed());
    tally.end(&outcome, took, &core.identity, &core.settings.counting);
    note(&core.settings, &outcome);
    outcome
}

/// Awaits a part of a commit. If that is dropped after the commit began to send, the log names the
/// entries that are not settled.
async fn naming_a_cut<P: Progress, F: Future>(plan: &Plan<'_>, begun: &P, part: F) -> F::Output {
    let mut cut = Cut { plan, begun, is_over: false };
    let output = part.await;
    cut.is_over = true;
    output
}

struct Cut<'p, 'e, P: Progress> {
    plan: &'p Plan<'e>,
    begun: &'p P,
    is_over: bool,
}

impl<P: Progress> Drop for Cut<'_, '_, P> {
    fn drop(&mut self) {
        if !self.is_over && self.begun.has_begun() {
            warning!(
                "a commit was cut off while it was sent, because its runtime ended: each of these \
                 entries may have been changed or not (`AsyncCache::drain` waits for commits): {}",
                list(self.plan.ids().iter().map(|id| format!("`{id}`")))
            );
        }
    }
}

/// Sends changes.
async fn apply<D: Drive>(
    driver: &D,
    begun: &D::Begun,
    changes: &[Change<'_>],
) -> Answers<Result<Applied, StoreError>> {
    let mut answers = Answers::to(changes.len());
    driver.apply_many(changes, &mut |index, answer| answers.take(index, answer), begun).await;
    answers
}

/// Why the stored values are looked at.
#[derive(Debug, Clone, Copy)]
enum Why {
    /// They are about to be replaced, and a stale one has then been renewed.
    ToChange,
    ToExplain,
}

/// Looks at the stored values of these entries.
async fn look<D: Drive>(
    driver: &D,
    entries: &[&dyn AnySlot],
    why: Why,
    secrets: &Secrets,
    needs_bytes: impl Fn(usize) -> bool + Send + Sync,
    tally: &mut Tally,
) -> Answers<Result<Look, StoreError>> {
    let loads = entries.iter().map(|entry| Load::new(entry.name().wire()));
    let mut loads: Vec<_> = match why {
        Why::ToChange => loads.map(Load::to_replace).collect(),
        Why::ToExplain => loads.collect(),
    };
    let generations = Generations::of(entries.iter().copied());
    loads.extend(generations.loads());
    let mut answers = Answers::to(entries.len());
    let mut take = |index: usize, loaded: Result<Loaded<'_>, StoreError>| {
        let Some(entry) = entries.get(index) else {
            return generations.loaded(index - entries.len(), loaded);
        };
        let look = loaded.map(|loaded| match loaded {
            Loaded::Hit { bytes, token, stale, .. } => {
                tally.of(entry.id()).bytes_in += bytes.len() as u64;
                let look = entry.look(bytes, token, secrets, needs_bytes(index));
                if stale { look.made_stale() } else { look }
            }
            Loaded::Leased { token, .. } => {
                Look::Value { version: Version::of_placeholder(token), bytes: None }
            }
            Loaded::Miss => Look::Nothing,
        });
        answers.take(index, look);
    };
    driver.load_many(&loads, &mut take).await;
    answers
}

/// Logs what became of a commit.
fn note(settings: &Settings, outcome: &Result<CommitReport>) {
    let Some(report) = outcome.as_ref().map_or_else(Error::report, Some) else { return };
    let of = report.of_session();
    for lost in &report.lost {
        detail!("a change{of} is lost: {lost}");
        settings.outages.lost(lost.server.as_deref(), &lost.reason);
    }
    for refused in &report.refused {
        warning!("a change{of} was refused: {refused}");
    }
    settings.outages.tell();
}
