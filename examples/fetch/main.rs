//! Read-through: many threads read a slow source through the cache, and one of them asks it.
//!
//! The source is a price list that takes 100 milliseconds for a price. The example shows a missing
//! price, one that the source does not have, an update of the source, and a source that is down. It can
//! run any number of times, on the store that `MEMDICT_URL` names: it begins by removing its prices.
#![forbid(unsafe_code)]

mod source;

use std::{thread, time::Duration};

use anyhow::{Result, anyhow, ensure};
use memdict::{Cache, DictDef};

use source::{Failure, Source};

static PRICES: DictDef<u64> = DictDef::new("fetch_prices")
    .ttl_secs(600)
    .lease(Duration::from_secs(5))
    .absent_for(Duration::from_secs(60));

const READERS: usize = 16;

fn main() -> Result<()> {
    let cache = Cache::from_env()?;
    let source = Source::new([("hat", 20), ("coat", 90)]);
    cache.transaction(|session| {
        ["hat", "coat", "boat"].iter().try_for_each(|name| session.dict(&PRICES).remove(name))
    })?;

    // Whoever comes first asks the source, and the others wait for the answer.
    let prices = read_at_once(&cache, &source, "hat")?;
    ensure!(prices == [Some(20); READERS], "{prices:?}");
    println!("{READERS} readers of a missing price: {}", source.asked());

    // That there is none is stored, too.
    let prices = read_at_once(&cache, &source, "boat")?;
    ensure!(prices == [None; READERS], "{prices:?}");
    println!("{READERS} readers of a price that does not exist: {}", source.asked());

    // Who changes the source removes the entry. Whatever is loaded from then on is the new price.
    source.set("hat", 25);
    cache.transaction(|session| session.dict(&PRICES).remove("hat"))?;
    let price = cache.fetch(&PRICES, "hat", || source.price("hat"))?;
    ensure!(price == Some(25), "{price:?}");
    println!("after a change: {}", source.asked());

    // One batch for many keys. The source is asked only for what is missing.
    let prices = cache.fetch_many(&PRICES, ["hat", "coat", "boat"], |missing| {
        println!("missing of three: {}", missing.join(", "));
        source.prices(&missing)
    })?;
    ensure!(prices == [Some(25), Some(90), None], "{prices:?}");

    // A stored price is returned although the source is down. A missing one is an error.
    source.fail();
    ensure!(cache.fetch(&PRICES, "coat", || source.price("coat"))? == Some(90));
    match cache.fetch(&PRICES, "shoe", || source.price("shoe")) {
        Err(Failure::Down) => println!("the source is down, and `coat` is stored"),
        other => return Err(anyhow!("a missing price: {other:?}")),
    }
    Ok(())
}

/// Reads one price in many threads at the same time.
fn read_at_once(cache: &Cache, source: &Source, name: &str) -> Result<Vec<Option<u64>>> {
    source.forget();
    thread::scope(|scope| {
        let read = || cache.fetch(&PRICES, name, || source.price(name));
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        let read = readers.into_iter().map(|reader| match reader.join() {
            Ok(price) => Ok(price?),
            Err(_) => Err(anyhow!("a thread panicked")),
        });
        read.collect()
    })
}
