//! Types that change from one release of a program to the next, as sessions see it, on the
//! embedded store and on a real memcached.

use std::collections::BTreeMap;

use memdict::{DictDef, Error, Tracked};
use memdict_tests::Bench;
use serde::{Deserialize, Serialize};

type Outcome = memdict::Result<()>;

macro_rules! on_both {
    ($($behaviour:ident)*) => {
        mod memory {
            $(#[test] fn $behaviour() -> super::Outcome {
                super::$behaviour(&memdict_tests::Bench::on_memory())
            })*
        }

        mod memcached {
            $(#[test] fn $behaviour() -> super::Outcome {
                super::$behaviour(&memdict_tests::Bench::on_memcached())
            })*
        }
    };
}

on_both! {
    an_older_value_is_read_as_the_new_type_and_nothing_is_written
    touching_an_older_value_without_changing_it_writes_nothing
    a_changed_older_value_is_stored_in_the_new_schema_and_the_old_type_misses_then
    older_types_are_found_along_the_chain
    a_version_stands_for_the_schema_until_it_is_changed
    a_field_deep_inside_that_needs_names_is_an_error_that_names_it
}

mod one {
    use super::*;

    #[derive(Debug, Serialize, Deserialize, Tracked)]
    pub(super) struct Cart {
        pub(super) total: u8,
    }
}

mod two {
    use super::*;

    #[derive(Debug, Serialize, Deserialize, Tracked)]
    #[memdict(from = one::Cart)]
    pub(super) struct Cart {
        pub(super) total: u64,
    }

    impl From<one::Cart> for Cart {
        fn from(one: one::Cart) -> Self {
            Self { total: one.total.into() }
        }
    }
}

mod three {
    use super::*;

    #[derive(Debug, Serialize, Deserialize, Tracked)]
    #[memdict(from = two::Cart)]
    pub(super) struct Cart {
        pub(super) cents: u64,
        /// Unordered, so that bytes alone do not tell what is unchanged.
        pub(super) notes: std::collections::HashMap<u8, String>,
    }

    impl From<two::Cart> for Cart {
        fn from(two: two::Cart) -> Self {
            let notes = (0..9).map(|n| (n, n.to_string())).collect();
            Self { cents: two.total * 100, notes }
        }
    }
}

fn store_the_oldest(bench: &Bench) -> Outcome {
    bench.cache.transaction(|session| session.dict("carts").insert("a", one::Cart { total: 7 }))
}

/// How many values of `carts[a]` were read as a `T`, of one that there may be.
fn found<T: Tracked>(bench: &Bench) -> memdict::Result<bool> {
    Ok(bench.cache.session().dict::<T>("carts").get("a")?.is_some())
}

fn an_older_value_is_read_as_the_new_type_and_nothing_is_written(bench: &Bench) -> Outcome {
    store_the_oldest(bench)?;
    let before = bench.commands();
    for _ in 0..2 {
        let session = bench.cache.session();
        let carts = session.dict::<two::Cart>("carts");
        assert_eq!(carts.get("a")?.map(|cart| cart.total), Some(7));
        // Handed out for writing, and left alone.
        let cart = carts.get_mut("a")?.expect("it was converted");
        assert!(!cart.is_dirty() && cart.changed_fields().is_empty());
        drop(cart);
        assert_eq!(session.commit()?.written, 0);
    }
    assert_eq!(bench.commands(), before, "reading alone never writes");
    assert!(found::<one::Cart>(bench)?, "so the older program goes on reading it");
    assert_eq!(bench.cache.counters().other_schema, 0);
    Ok(())
}

fn touching_an_older_value_without_changing_it_writes_nothing(bench: &Bench) -> Outcome {
    store_the_oldest(bench)?;
    let before = bench.commands();
    let session = bench.cache.session();
    let carts = session.dict::<two::Cart>("carts");
    carts.get_mut("a")?.expect("it was converted").total = 7;
    let cart = carts.get_mut("a")?.expect("it is there");
    assert!(cart.is_dirty() && cart.changed_fields().is_empty());
    drop(cart);
    let report = session.commit()?;
    assert_eq!((report.written, report.unchanged), (0, 1));

    let session = bench.cache.session();
    let carts = session.dict::<three::Cart>("carts");
    let mut cart = carts.get_mut("a")?.expect("it was converted twice");
    cart.cents += 1;
    cart.cents -= 1;
    drop(cart);
    assert_eq!(session.commit()?.written, 0);
    assert_eq!(bench.commands(), before);
    Ok(())
}

fn a_changed_older_value_is_stored_in_the_new_schema_and_the_old_type_misses_then(
    bench: &Bench,
) -> Outcome {
    store_the_oldest(bench)?;
    let session = bench.cache.session();
    let carts = session.dict::<two::Cart>("carts");
    let mut cart = carts.get_mut("a")?.expect("it was converted");
    cart.edit().total.set(300);
    assert_eq!(cart.changed_fields(), ["total"]);
    drop(cart);
    let before = bench.commands();
    assert_eq!(session.commit()?.written, 1);
    assert_eq!(bench.commands(), before + 1);

    let session = bench.cache.session();
    let carts = session.dict::<two::Cart>("carts");
    assert_eq!(carts.get("a")?.map(|cart| cart.total), Some(300));
    assert!(!found::<one::Cart>(bench)?, "300 is no `u8`: a miss, not garbage");
    assert_eq!(bench.cache.counters().other_schema, 1);

    // Put back to what it was is a change again: what was loaded is the new one.
    carts.get_mut("a")?.expect("it is stored").total = 7;
    assert_eq!(session.commit()?.written, 1);
    assert!(!found::<one::Cart>(bench)?);
    Ok(())
}

fn older_types_are_found_along_the_chain(bench: &Bench) -> Outcome {
    store_the_oldest(bench)?;
    let session = bench.cache.session();
    let carts = session.dict::<three::Cart>("carts");
    let mut cart = carts.get_mut("a")?.expect("it was converted twice");
    assert_eq!((cart.cents, cart.notes.len()), (700, 9));
    cart.notes.remove(&0);
    assert_eq!(cart.changed_fields(), ["notes"]);
    drop(cart);
    assert_eq!(session.commit()?.written, 1);
    assert!(found::<three::Cart>(bench)?);
    assert!(!found::<two::Cart>(bench)? && !found::<one::Cart>(bench)?, "nobody goes back");

    bench.cache.transaction(|session| session.dict("carts").insert("a", two::Cart { total: 9 }))?;
    let session = bench.cache.session();
    let cart = session.dict::<three::Cart>("carts").get("a")?.expect("it was converted once");
    assert_eq!(cart.cents, 900);
    Ok(())
}

mod versions {
    use super::*;

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "User")]
    #[memdict(version = 1)]
    pub(super) struct User {
        pub(super) name: String,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "User")]
    #[memdict(version = 1)]
    pub(super) struct Renamed {
        pub(super) full_name: String,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    #[serde(rename = "User")]
    #[memdict(version = 2)]
    pub(super) struct Next {
        pub(super) full_name: String,
    }
}

fn a_version_stands_for_the_schema_until_it_is_changed(bench: &Bench) -> Outcome {
    use versions::{Next, Renamed, User};
    bench.cache.transaction(|session| {
        session.dict("carts").insert("a", User { name: "ann".to_owned() })
    })?;
    let session = bench.cache.session();
    let users = session.dict::<Renamed>("carts");
    let mut user = users.get_mut("a")?.expect("the field has another name, the schema has not");
    user.full_name.push('e');
    drop(user);
    assert_eq!(session.commit()?.written, 1);
    let session = bench.cache.session();
    let user = session.dict::<User>("carts").get("a")?.expect("and the other way round");
    assert_eq!(user.name, "anne");
    assert!(!found::<Next>(bench)?, "another version is another schema");
    Ok(())
}

#[derive(Serialize, Deserialize, Tracked)]
struct Flat {
    #[serde(flatten)]
    extra: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize, Tracked)]
struct Order {
    flats: Vec<Inner>,
}

#[derive(Serialize, Deserialize, Tracked)]
struct Inner {
    flat: Option<Flat>,
}

fn a_field_deep_inside_that_needs_names_is_an_error_that_names_it(bench: &Bench) -> Outcome {
    static ORDERS: DictDef<Order> = DictDef::new("orders");
    let session = bench.cache.session();
    let orders = session.dict(&ORDERS);
    let insert = orders.insert("a", Order { flats: Vec::new() });
    for error in [orders.get("a").err(), orders.entry("a").err(), insert.err()] {
        let Some(error @ Error::Config { .. }) = error else { panic!("{error:?}") };
        let said = error.to_string();
        assert!(said.contains("orders"), "{said}");
        assert!(said.contains("`#[serde(flatten)]` on `Flat::extra`"), "{said}");
    }
    let before = bench.store.loads() + bench.store.changes();
    session.commit()?;
    assert_eq!((before, bench.store.changes()), (0, 0), "nothing was asked of the store");
    Ok(())
}
