//! Checks what the store has after the last commit.

use anyhow::{Result, ensure};
use memdict::Cache;

use crate::{count::Totals, objects::VISITORS, output::note};

/// How many values are read at a time.
const CHUNK: usize = 500;

/// A visitor as it is stored.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) address: String,
    pub(crate) hits: u64,
    pub(crate) bytes: u64,
}

/// Reads the visitors of this run in sessions of their own, in the order of their addresses.
///
/// # Errors
///
/// Fails for an object whose parts are inconsistent. One that is gone, or has fewer hits than it
/// had, is no error, because a store may lose values; a note reports it.
pub(crate) fn read_back(cache: &Cache, totals: &Totals) -> Result<Vec<Stored>> {
    let expected: Vec<_> = totals.visitors.iter().collect();
    let (mut found, mut poorer) = (Vec::new(), 0);
    for chunk in expected.chunks(CHUNK) {
        let session = cache.session();
        let visitors =
            session.dict(&VISITORS).get_many(chunk.iter().map(|(address, _)| address))?;
        for ((address, given), visitor) in chunk.iter().zip(visitors) {
            let Some(visitor) = visitor else { continue };
            ensure!(
                visitor.is_whole(),
                "the parts of visitor {address} are inconsistent: did another program store it?"
            );
            // It may have more hits than this run added, from earlier runs.
            poorer += usize::from(visitor.hits < **given);
            found.push(Stored {
                address: address.to_string(),
                hits: visitor.hits,
                bytes: visitor.bytes,
            });
        }
    }
    let missing = expected.len() - found.len();
    if missing + poorer > 0 {
        note(&format!(
            "of {} visitors, {missing} are not in the store and {poorer} have fewer hits than were \
             counted, because the store has lost values",
            expected.len(),
        ));
    }
    Ok(found)
}

/// Checks the sums, which hold for every log, whatever was in the store before and whatever it
/// lost.
///
/// # Errors
///
/// Fails for a sum that is wrong.
pub(crate) fn check(totals: &Totals) -> Result<()> {
    let given: u64 = totals.visitors.values().sum();
    let good = totals.lines - totals.bad_lines;
    ensure!(given == good, "{good} good lines gave {given} hits");

    let Totals { explicit_writes: borrowed, writes, unchanged, lost, refused, .. } = totals;
    ensure!(
        writes + unchanged + lost + refused == *borrowed,
        "{borrowed} objects were borrowed for writing, but the reports name {writes} written, \
         {unchanged} unchanged, {lost} lost and {refused} refused"
    );
    Ok(())
}
