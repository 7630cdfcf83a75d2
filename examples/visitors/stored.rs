//! What the store has after the last commit, and whether that is what the run has shown.

use anyhow::{Result, ensure};
use memdict::Cache;

use crate::{count::Totals, objects::VISITORS, output::note};

/// How many values are held at a time.
const CHUNK: usize = 500;

/// A visitor, as the store has it.
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
/// For an object whose parts do not fit together. One that is gone or poorer than it was is no
/// error: a store may lose values, and that is said on standard error.
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
                "the parts of visitor {address} do not fit together: did another program store it?"
            );
            // Above what this run gave it: from earlier runs.
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
             counted: the store has lost values",
            expected.len(),
        ));
    }
    Ok(found)
}

/// Checks what must hold for every log, whatever was in the store before and whatever it lost.
///
/// # Errors
///
/// For a sum that does not come out.
pub(crate) fn check(totals: &Totals) -> Result<()> {
    let given: u64 = totals.visitors.values().sum();
    let good = totals.lines - totals.bad_lines;
    ensure!(given == good, "{good} lines made {given} hits");

    let Totals { explicit_writes: handed_out, writes, unchanged, lost, refused, .. } = totals;
    ensure!(
        writes + unchanged + lost + refused == *handed_out,
        "{handed_out} objects were handed out for writing, but the reports name {writes} written, \
         {unchanged} unchanged, {lost} lost and {refused} refused"
    );
    Ok(())
}
