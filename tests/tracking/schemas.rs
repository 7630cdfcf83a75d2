//! Sessions and types that change from one release of a program to the next, on the embedded store
//! and on a real memcached.

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
    an_older_value_that_is_dirty_and_unchanged_is_not_written
    a_changed_older_value_is_stored_in_the_new_schema_and_the_old_type_misses_then
    older_types_are_found_along_the_chain
    a_version_is_the_schema_until_it_is_changed
    an_argument_that_is_not_stored_is_part_of_the_schema
    a_field_deep_inside_that_needs_names_is_named_in_the_error
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
        /// Unordered, so that different bytes may mean the same.
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

/// Returns whether `carts[a]` is read as a `T`.
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
        // It is lent for writing and not changed.
        let cart = carts.get_mut("a")?.expect("it was converted");
        assert!(!cart.is_dirty() && cart.changed_fields().is_empty());
        drop(cart);
        assert_eq!(session.commit()?.written, 0);
    }
    assert_eq!(bench.commands(), before, "reading alone never writes");
    assert!(found::<one::Cart>(bench)?, "the older program still reads it");
    assert_eq!(bench.cache.counters().other_schema, 0);
    Ok(())
}

fn an_older_value_that_is_dirty_and_unchanged_is_not_written(bench: &Bench) -> Outcome {
    store_the_oldest(bench)?;
    let before = bench.commands();
    let session = bench.cache.session();
    let carts = session.dict::<two::Cart>("carts");
    carts.get_mut("a")?.expect("it was converted").total = 7;
    let cart = carts.get_mut("a")?.expect("it is stored");
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
    assert_eq!(bench.cache.counters().newer_schema, 1);

    // Undoing this is a change too: the loaded value is now the new one.
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
    assert!(
        !found::<two::Cart>(bench)? && !found::<one::Cart>(bench)?,
        "nothing converts a new value to an older type"
    );

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

fn a_version_is_the_schema_until_it_is_changed(bench: &Bench) -> Outcome {
    use versions::{Next, Renamed, User};
    bench.cache.transaction(|session| {
        session.dict("carts").insert("a", User { name: "ann".to_owned() })
    })?;
    let session = bench.cache.session();
    let users = session.dict::<Renamed>("carts");
    let mut user =
        users.get_mut("a")?.expect("only the name of the field changed, and not the version");
    user.full_name.push('e');
    drop(user);
    assert_eq!(session.commit()?.written, 1);
    let session = bench.cache.session();
    let user = session
        .dict::<User>("carts")
        .get("a")?
        .expect("the version is the same in both directions");
    assert_eq!(user.name, "anne");
    assert!(!found::<Next>(bench)?, "another version is another schema");
    Ok(())
}

mod money {
    use std::marker::PhantomData;

    use super::*;

    pub(super) struct Usd;
    pub(super) struct Eur;

    /// No other field mentions the parameter.
    #[derive(Debug, Serialize, Deserialize, Tracked)]
    pub(super) struct Money<C> {
        pub(super) cents: i64,
        #[serde(skip)]
        pub(super) of: PhantomData<fn() -> C>,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Account<T> {
        pub(super) balance: i64,
        pub(super) of: T,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Rounded<const DIGITS: u8>(pub(super) i64);

    pub(super) fn money<C>(cents: i64) -> Money<C> {
        Money { cents, of: PhantomData }
    }
}

fn an_argument_that_is_not_stored_is_part_of_the_schema(bench: &Bench) -> Outcome {
    use std::marker::PhantomData;

    use money::{Account, Eur, Money, Rounded, Usd, money};

    let stored = |key: &str| -> memdict::Result<[bool; 2]> {
        let session = bench.cache.session();
        let usd = session.dict::<Money<Usd>>("money").get(key)?.is_some();
        let session = bench.cache.session();
        Ok([usd, session.dict::<Money<Eur>>("money").get(key)?.is_some()])
    };
    bench.cache.transaction(|session| session.dict("money").insert("a", money::<Usd>(100)))?;
    assert_eq!(stored("a")?, [true, false], "dollars are not read as euros");
    bench.cache.transaction(|session| session.dict("money").insert("b", money::<Eur>(100)))?;
    assert_eq!(stored("b")?, [false, true]);

    let account = Account { balance: 1, of: PhantomData::<Usd> };
    bench.cache.transaction(|session| {
        session.dict("accounts").insert("a", Account { balance: 1, of: account.of })
    })?;
    let session = bench.cache.session();
    assert!(session.dict::<Account<PhantomData<Eur>>>("accounts").get("a")?.is_none());
    let session = bench.cache.session();
    assert!(session.dict::<Account<PhantomData<Usd>>>("accounts").get("a")?.is_some());

    bench.cache.transaction(|session| session.dict("rounded").insert("a", Rounded::<2>(314)))?;
    let session = bench.cache.session();
    assert!(session.dict::<Rounded<3>>("rounded").get("a")?.is_none(), "3.14 is not 0.314");
    let session = bench.cache.session();
    assert!(session.dict::<Rounded<2>>("rounded").get("a")?.is_some());
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

fn a_field_deep_inside_that_needs_names_is_named_in_the_error(bench: &Bench) -> Outcome {
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
    assert_eq!((before, bench.store.changes()), (0, 0), "the store is not used");
    Ok(())
}
