//! How to: first what the Memcached Tool's own example does, then what the tool cannot do.
//!
//! The example can run any number of times, on the store that `MEMDICT_URL` names: it continues
//! with the stored values. Without that variable the values live in this process, and each run
//! starts from nothing.
#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use memdict::{Cache, CommitReport, DictDef, Tracked};
use serde::{Deserialize, Serialize};

/// An object with another object inside. Neither has a flag that says "changed".
#[derive(Default, Serialize, Deserialize, Tracked)]
struct Person {
    name: String,
    last_seen: Place,
}

#[derive(Default, Serialize, Deserialize, Tracked)]
struct Place {
    city: String,
    visits: u64,
}

static PEOPLE: DictDef<Person> = DictDef::new("my_first_people");

fn main() -> Result<()> {
    let cache = Cache::from_env()?;
    counter(&cache)?;
    nested(&cache)
}

/// The tool's example, line for line: read a counter, print it, and store it plus one.
fn counter(cache: &Cache) -> Result<()> {
    let session = cache.session();
    let dict = session.dict::<u64>("my_first_test"); // getMemcachedDict(key_prefix=...)
    let counter = dict.get("some_key")?.map_or(0, |counter| *counter);
    println!("some_key is {counter}");
    dict.insert("some_key", counter + 1)?;
    stored(&session.commit()?, 1)?;

    let session = cache.session();
    let now = session.dict::<u64>("my_first_test").get("some_key")?;
    ensure!(now.as_deref() == Some(&(counter + 1)), "some_key is {now:?}");
    println!("some_key is {} in the next session", counter + 1);
    Ok(())
}

/// Changes a field inside a stored object, without storing the object explicitly.
fn nested(cache: &Cache) -> Result<()> {
    // The object may also be there from an earlier run.
    cache.transaction(|session| {
        let mut ann = session.dict(&PEOPLE).entry("ann")?.or_default();
        ann.name = "Ann".to_owned();
        Ok(())
    })?;

    let session = cache.session();
    let people = session.dict(&PEOPLE);
    let Some(mut ann) = people.get_mut("ann")? else {
        anyhow::bail!("`ann` is missing, although it was just stored: is the server running?");
    };
    let before = ann.last_seen.visits;
    println!("{} was seen {before} times", ann.name);
    ann.last_seen.visits += 1; // nothing else is needed: no `insert`, no flag
    ensure!(ann.changed_fields() == ["last_seen.visits"]);
    drop(ann);
    stored(&session.commit()?, 1)?;

    let session = cache.session();
    let people = session.dict(&PEOPLE);
    let visits = people.get("ann")?.map(|ann| ann.last_seen.visits);
    ensure!(visits == Some(before + 1), "another session sees {visits:?}");
    println!("another session sees {} visits", before + 1);

    // A value that is borrowed for writing, but does not change, is not written.
    if let Some(mut ann) = people.get_mut("ann")? {
        ann.name = "Ann".to_owned();
    }
    let report = session.commit()?;
    ensure!((report.written, report.unchanged) == (0, 1), "{report:?}");
    println!("the same name was assigned again: nothing was sent");
    Ok(())
}

/// Fails unless a commit wrote this many values. A store that is down is no error by itself.
fn stored(report: &CommitReport, written: usize) -> Result<()> {
    if let Some(lost) = report.lost.first() {
        anyhow::bail!("a change was lost: {lost}");
    }
    ensure!(report.written == written, "{report:?}");
    Ok(())
}
