//! Savepoints: an order with extras that may not fit the budget.
//!
//! The program tries each extra: it takes the parts from the stock and adds them to the order. If
//! that exceeds the budget, or a part is missing, it rolls the session back to the savepoint before
//! the extra, and no code has to undo anything. The example can run any number of times, on the
//! store that `MEMDICT_URL` names: each run starts with a new order and a new stock.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use memdict::{Cache, DictDef, Session, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
struct Order {
    budget: u64,
    lines: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Line {
    what: String,
    price: u64,
}

impl Order {
    fn total(&self) -> u64 {
        self.lines.iter().map(|line| line.price).sum()
    }
}

static ORDERS: DictDef<Order> = DictDef::new("savepoints_orders").ttl_secs(3600);
/// The number of each part in stock.
static STOCK: DictDef<u32> = DictDef::new("savepoints_stock").ttl_secs(3600);

const ORDER: &str = "bicycle";

/// An extra for the bicycle, with the parts that it needs.
struct Extra {
    name: &'static str,
    parts: &'static [(&'static str, u64)],
    /// Parts that the extra can do without.
    optional: &'static [(&'static str, u64)],
}

const EXTRAS: [Extra; 4] = [
    Extra { name: "lights", parts: &[("lamp", 30), ("dynamo", 45)], optional: &[] },
    Extra { name: "motor", parts: &[("motor", 350), ("battery", 400)], optional: &[] },
    Extra { name: "basket", parts: &[("basket", 25)], optional: &[("lining", 110)] },
    Extra { name: "trailer", parts: &[("coupling", 20), ("trailer", 60)], optional: &[] },
];

fn main() -> Result<()> {
    let cache = Cache::from_env()?;
    begin(&cache)?;

    let mut session = cache.session();
    for extra in &EXTRAS {
        let before = session.savepoint();
        if let Some(why) = add_all(&mut session, extra)? {
            session.rollback_to(&before)?;
            println!("{}: no, because {why}; the total is {} again", extra.name, total(&session)?);
        }
    }
    let report = session.commit()?;
    ensure!(report.lost.is_empty(), "a change was lost: {}", report.lost[0]);
    println!("{} values were written", report.written);

    show(&cache)
}

/// Stores an order of a bicycle, and one part of each kind but one.
fn begin(cache: &Cache) -> Result<()> {
    cache.transaction(|session| {
        let line = Line { what: "bicycle".to_owned(), price: 500 };
        session.dict(&ORDERS).insert(ORDER, Order { budget: 700, lines: vec![line] })?;
        for (part, _) in EXTRAS.iter().flat_map(|extra| extra.parts.iter().chain(extra.optional)) {
            session.dict(&STOCK).insert(*part, u32::from(*part != "trailer"))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Adds an extra with all its parts. If it does not fit, returns the reason, with the work half
/// done.
fn add_all(session: &mut Session, extra: &Extra) -> Result<Option<String>> {
    for part in extra.parts {
        if let Some(why) = add(session, part)? {
            return Ok(Some(why));
        }
    }
    println!("{}: yes, the total is {}", extra.name, total(session)?);
    for part in extra.optional {
        // This savepoint is inside another one: the parts that already fit stay.
        let before = session.savepoint();
        if let Some(why) = add(session, part)? {
            session.rollback_to(&before)?;
            println!(
                "{}: without {}, because {why}; the total is {} again",
                extra.name,
                part.0,
                total(session)?
            );
        }
    }
    Ok(None)
}

/// Takes a part from the stock and adds it to the order, and only then checks the total.
fn add(session: &Session, &(part, price): &(&str, u64)) -> Result<Option<String>> {
    let stock = session.dict(&STOCK);
    let mut left = stock.get_mut(part)?.context("the cache has lost the stock")?;
    if *left == 0 {
        return Ok(Some(format!("no {part} is left")));
    }
    *left -= 1;
    let orders = session.dict(&ORDERS);
    let mut order = orders.get_mut(ORDER)?.context("the cache has lost the order")?;
    order.lines.push(Line { what: part.to_owned(), price });
    let (total, budget) = (order.total(), order.budget);
    Ok((total > budget).then(|| format!("{part} makes it {total} of {budget}")))
}

fn total(session: &Session) -> Result<u64> {
    let order = session.dict(&ORDERS).get(ORDER)?;
    Ok(order.context("the cache has lost the order")?.total())
}

/// Shows what the next session finds.
fn show(cache: &Cache) -> Result<()> {
    let session = cache.session();
    let orders = session.dict(&ORDERS);
    let order = orders.get(ORDER)?.context("the cache has lost the order")?;
    ensure!(order.total() <= order.budget, "{order:?}");
    let lines: Vec<_> = order.lines.iter().map(|line| line.what.as_str()).collect();
    println!("ordered for {}: {}", order.total(), lines.join(", "));
    for part in ["lamp", "motor", "lining", "coupling"] {
        let left = session.dict(&STOCK).get(part)?.map_or(0, |left| *left);
        println!("{part}: {left} left");
    }
    Ok(())
}
