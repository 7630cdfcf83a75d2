//! A commit, from the plan to the report: what is sent, when.

use super::{
    core::Core,
    drive::Drive,
    hidden,
    plan::Plan,
    settings::Settings,
    settle::{Answers, Look},
};
use crate::{
    envelope,
    error::{Error, Result},
    log::warning,
    random,
    report::CommitReport,
    store::{Loaded, StoreError},
};

/// Sends what was changed, settles what is in doubt, and says what became of each key.
pub(crate) async fn commit<D: Drive>(core: &mut Core, driver: &D) -> Result<CommitReport> {
    hidden::detect(core)?;
    let mut plan = Plan::draft(core.listed.get_mut(), random::bits(), driver.caps())?;
    // Ends, for each round settles a change or moves it along a chain that ends: store, recreate
    // or clear; look, and send once more.
    loop {
        let changes = plan.changes();
        if !changes.is_empty() {
            let mut answers = Answers::to(changes.len());
            driver.apply_many(&changes, &mut |index, answer| answers.take(index, answer)).await;
            plan.settle(answers);
            continue;
        }
        let loads = plan.looks();
        if loads.is_empty() {
            break;
        }
        let mut answers = Answers::to(loads.len());
        driver.load_many(&loads, &mut |index, loaded| answers.take(index, look(loaded))).await;
        plan.resolve(answers);
    }
    let outcome = plan.finish(core.settings.strict);
    note(&core.settings, &outcome);
    outcome
}

fn look(loaded: Result<Loaded<'_>, StoreError>) -> Result<Look, StoreError> {
    Ok(match loaded? {
        Loaded::Hit { bytes, token } => Look::There { nonce: envelope::nonce(bytes), token },
        Loaded::Miss => Look::Nothing,
    })
}

/// Counts and logs what became of a commit.
fn note(settings: &Settings, outcome: &Result<CommitReport>) {
    let counting = &settings.counting;
    let report = match outcome {
        Ok(report) => report,
        Err(Error::Conflict { report, conflicts, .. }) => {
            counting.conflicts.add(conflicts.len());
            report
        }
        Err(Error::Unavailable { report: Some(report), .. }) => report,
        Err(_) => return,
    };
    counting.commits.add(1);
    counting.written.add(report.written);
    counting.unchanged.add(report.unchanged);
    counting.removed.add(report.removed);
    counting.lost.add(report.lost.len());
    counting.refused.add(report.refused.len());
    for lost in &report.lost {
        warning!("a change is lost: {lost}");
    }
    for refused in &report.refused {
        warning!("a change was refused: {refused}");
    }
}
