//! How to: what the Memcached Tool's own example does, and then what it could not do.
//!
//! Run it as often as you like, on whatever store `MEMDICT_URL` names: it goes on from what it
//! finds there. Without that variable values live in this process, and each run begins anew.
#![forbid(unsafe_code)]

use anyhow::{Result, ensure};
use memdict::{Cache, CommitReport, DictDef, Tracked};
use serde::{Deserialize, Serialize};

/// An object with another inside. Neither has anything in it that says "changed".
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

/// The tool's example, line for line: a counter is read, printed, and stored plus one.
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
    println!("some_key is {} for the next one who asks", counter + 1);
    Ok(())
}

/// An object that is in the store already is changed inside, and nobody stores it.
fn nested(cache: &Cache) -> Result<()> {
    // Somebody stored it, now or in an earlier run.
    cache.transaction(|session| {
        let mut ann = session.dict(&PEOPLE).entry("ann")?.or_default();
        ann.name = "Ann".to_owned();
        Ok(())
    })?;

    let session = cache.session();
    let people = session.dict(&PEOPLE);
    let Some(mut ann) = people.get_mut("ann")? else {
        anyhow::bail!("the store has lost `ann`, as a cache may: is it running?");
    };
    let before = ann.last_seen.visits;
    println!("{} was seen {before} times", ann.name);
    ann.last_seen.visits += 1; // nothing else: no store, no flag
    ensure!(ann.changed_fields() == ["last_seen.visits"]);
    drop(ann);
    stored(&session.commit()?, 1)?;

    let session = cache.session();
    let people = session.dict(&PEOPLE);
    let visits = people.get("ann")?.map(|ann| ann.last_seen.visits);
    ensure!(visits == Some(before + 1), "another session sees {visits:?}");
    println!("{} times, says another session", before + 1);

    // What is taken for writing, and ends as it was, costs nothing.
    if let Some(mut ann) = people.get_mut("ann")? {
        ann.name = "Ann".to_owned();
    }
    let report = session.commit()?;
    ensure!((report.written, report.unchanged) == (0, 1), "{report:?}");
    println!("the same name given again: nothing was sent");
    Ok(())
}

/// Whether a commit wrote that many: a store that is down makes no error by itself.
fn stored(report: &CommitReport, written: usize) -> Result<()> {
    if let Some(lost) = report.lost.first() {
        anyhow::bail!("the store did not take {lost}");
    }
    ensure!(report.written == written, "{report:?}");
    Ok(())
}
