//! How programs use the API: what has to compile, to infer types and to work in each spelling.

mod asynchronous;
mod contract;
mod rehearsal;
mod types;

use std::{error::Error as StdError, time::Duration};

use memdict::{Cache, DictDef, Entry, Error, Session, Tracked};
use memdict_tests::{Cart, Item};

use types::{Node, Page, Pay, PayEdit};

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(3600);
static HITS: DictDef<u64> = DictDef::new("hits").ttl(Duration::from_secs(60));

type AnyResult<T = ()> = Result<T, Box<dyn StdError>>;

fn memory() -> Cache {
    Cache::open("memory:").expect("a good URL")
}

#[test]
fn a_transaction_changes_values_through_guard_methods_and_view() -> AnyResult {
    let cache = memory();
    let item = Item { sku: "x".into(), price: 3 };
    cache.transaction(|session| {
        let carts = session.dict(&CARTS);
        let mut cart = carts.entry("alice")?.or_default();
        cart.items.push(item.clone());
        cart.recompute();
        let mut cart = cart.edit();
        cart.coupon.set(None);
        for item in cart.items.iter() {
            *cart.total += item.price;
        }
        Ok(())
    })?;
    let session = cache.session();
    {
        let mut cart = session.dict(&CARTS).get_mut("alice")?.unwrap();
        assert_eq!(cart.total, 6);
        cart.total = 0;
    }
    assert_eq!(session.commit()?.written, 1);
    Ok(())
}

#[derive(Debug)]
enum Shop {
    Cache(Error),
    SoldOut,
}

impl From<Error> for Shop {
    fn from(error: Error) -> Self {
        Self::Cache(error)
    }
}

impl std::fmt::Display for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Cache(error) => error.fmt(f),
            Self::SoldOut => f.write_str("sold out"),
        }
    }
}

impl StdError for Shop {}

#[test]
fn transactions_infer_in_functions_of_every_kind_of_result() -> AnyResult {
    fn own(cache: &Cache) -> memdict::Result<u64> {
        cache.transaction(|session| {
            let mut hits = session.dict(&HITS).entry("a")?.or_insert(0);
            *hits += 1;
            Ok(*hits)
        })
    }
    fn any(cache: &Cache) -> AnyResult {
        cache.transaction(|session| {
            *session.dict(&HITS).entry("a")?.or_default() += 1;
            Ok(())
        })?;
        Ok(())
    }
    fn mine(cache: &Cache) -> Result<u64, Shop> {
        cache.try_transaction(|session| {
            let hits = session.dict(&HITS).get("a")?.ok_or(Shop::SoldOut)?;
            Ok(*hits)
        })
    }
    fn mine_by_question_mark(cache: &Cache) -> Result<(), Shop> {
        cache.transaction(|session| {
            session.dict(&HITS).remove("zz")?;
            Ok(())
        })?;
        Ok(())
    }
    fn through(cache: &Cache) -> memdict::Result<()> {
        cache.transaction(|session| {
            if session.dict(&HITS).contains_key("no")? {
                return Ok(());
            }
            Err(Error::user(Shop::SoldOut))
        })
    }
    fn parsed(cache: &Cache) -> memdict::Result<()> {
        cache.transaction(|session| {
            let number: u64 = "7".parse().map_err(Error::user)?;
            session.dict(&HITS).insert("p", number)
        })
    }
    let cache = memory();
    assert_eq!(own(&cache)?, 1);
    any(&cache)?;
    assert_eq!(mine(&cache)?, 2);
    mine_by_question_mark(&cache)?;
    parsed(&cache)?;
    let error = through(&cache).unwrap_err();
    let Error::User(cause) = &error else { panic!("{error:?}") };
    assert!(cause.downcast_ref::<Shop>().is_some());
    Ok(())
}

#[test]
fn dictionaries_are_named_in_every_spelling_and_keys_are_of_every_kind() -> AnyResult {
    let cache = memory();
    let region = "eu".to_owned();
    let session = cache.session();
    let by_text = session.dict::<Cart>("carts-eu");
    let by_string = session.dict::<Cart>(format!("carts-{region}"));
    let by_reference = session.dict::<Cart>(&region);
    let made = DictDef::<Cart>::named(format!("c-{region}")).ttl_secs(5);
    let by_made = session.dict(&made);
    let by_value = session.dict(made.clone());

    by_text.insert("k", Cart::default())?;
    assert!(by_string.get("k")?.is_some());
    assert!(by_reference.get("k")?.is_none());
    by_made.insert(String::from("k"), Cart::default())?;
    assert!(by_value.get(String::from("k"))?.is_some());

    for key in [1_u8, 2] {
        by_text.insert(key, Cart::default())?;
    }
    assert!(by_text.get(2_i64)?.is_some());
    by_text.insert(("bob", 7_u32), Cart::default())?;
    by_text.insert(42, Cart::default())?;
    by_text.insert([1_u8, 2], Cart::default())?;
    by_text.prefetch([1_u64, 2, 3])?;
    by_text.prefetch(&["a".to_owned()])?;
    assert_eq!(by_text.get_many(["k", "nobody"])?.iter().flatten().count(), 1);
    Ok(())
}

#[test]
fn several_guards_live_at_once_and_guards_come_from_temporaries() -> AnyResult {
    let cache = memory();
    let session = cache.session();
    let carts = session.dict(&CARTS);
    let mut a = carts.entry("alice")?.or_insert_with(Cart::default);
    let mut b = session.dict(&CARTS).entry("bob")?.or_default();
    a.items.push(Item::default());
    std::mem::swap(&mut a.items, &mut b.items);
    let mut view = b.edit();
    let (items, attrs) = (&mut *view.items, &mut *view.attrs);
    items.push(Item::default());
    attrs.insert("k".into(), "v".into());
    view.owner.assign("bob");
    view.address.city.set("Lille".into());
    *view.cached = Some(1);
    drop((a, b));
    match carts.entry("x")? {
        Entry::Occupied(entry) => entry.remove(),
        Entry::Vacant(entry) => entry.insert(Cart::default()).total = 3,
    }
    if let Some(mut cart) = carts.get_mut("x")? {
        cart.total += 1;
    } else {
        carts.insert("x", Cart::default())?;
    }
    assert_eq!(session.commit()?.written, 3);
    Ok(())
}

#[test]
fn generic_recursive_and_enum_types_are_entries() -> AnyResult {
    fn generic<T: Tracked + Default>(session: &Session, key: &str) -> memdict::Result<Vec<String>> {
        let dict = session.dict::<T>("generic");
        let mut value = dict.entry(key)?.or_default();
        drop(value.edit());
        Ok(value.changed_fields())
    }
    let cache = memory();
    let session = cache.session();
    let page = Page { rows: vec![Node::default()], number: 1 };
    session.dict::<Page<Node>>("pages").insert("a", page)?;
    assert_eq!(generic::<Node>(&session, "x")?, ["value", "kids", "next", "pay"]);
    session.commit()?;

    let session = cache.session();
    {
        let pages = session.dict::<Page<Node>>("pages");
        let mut page = pages.get_mut("a")?.unwrap();
        page.rows[0].kids.push(Node { value: 2, ..Node::default() });
        let nodes = session.dict::<Node>("generic");
        let mut node = nodes.get_mut("x")?.unwrap();
        let mut view = node.edit();
        view.pay.set(Pay::Card { number: "4".into(), cvc: 1 });
        match view.pay.variant() {
            PayEdit::Card { mut number, .. } => number.push('2'),
            PayEdit::Cash(mut cents) => *cents += 1,
            PayEdit::Nothing => {}
        }
        assert_eq!(node.changed_fields(), ["pay"]);
        assert_eq!(page.changed_fields(), ["rows"]);
    }
    assert_eq!(session.commit()?.written, 2);

    let session = cache.session();
    let nodes = session.dict::<Node>("generic");
    let mut node = nodes.get_mut("x")?.unwrap();
    if let PayEdit::Card { mut cvc, .. } = node.edit().pay.variant() {
        cvc.set(2);
    }
    assert_eq!(node.changed_fields(), ["pay.cvc"]);
    assert!(matches!(&node.pay, Pay::Card { number, cvc: 2 } if number == "42"));
    Ok(())
}

#[test]
fn sessions_guards_and_views_are_send_and_sync() -> AnyResult {
    fn both<T: Send + Sync>(_: &T) {}
    let cache = memory();
    both(&cache);
    let session = cache.session();
    both(&session);
    let carts = session.dict(&CARTS);
    both(&carts);
    let entry = carts.entry("a")?;
    both(&entry);
    let mut cart = entry.or_default();
    both(&cart);
    both(&cart.edit());
    drop(cart);
    both(&carts.get("a")?);
    Ok(())
}

#[test]
fn threads_share_a_session_inside_a_transaction() -> AnyResult {
    let cache = memory();
    cache.transaction(|session| {
        std::thread::scope(|scope| {
            for key in ["a", "b"] {
                let session = &*session;
                scope.spawn(move || *session.dict(&HITS).entry(key).unwrap().or_default() += 1);
            }
        });
        Ok(())
    })?;
    assert_eq!(cache.session().dict(&HITS).get_many(["a", "b"])?.iter().flatten().count(), 2);
    Ok(())
}

#[test]
fn savepoints() -> AnyResult {
    let cache = memory();
    cache.transaction(|session| {
        session.dict(&CARTS).insert("a", Cart { total: 1, ..Cart::default() })?;
        let outer = session.savepoint();
        session.dict(&CARTS).get_mut("a")?.unwrap().total = 2;
        let inner = session.savepoint();
        session.dict(&CARTS).get_mut("a")?.unwrap().edit().total.set(3);
        session.dict(&CARTS).entry("b")?.or_default().total = 9;
        session.rollback_to(&inner)?;
        assert_eq!(session.dict(&CARTS).get("a")?.unwrap().total, 2);
        assert!(session.dict(&CARTS).get("b")?.is_none());
        session.rollback_to(&outer)?;
        assert!(matches!(session.rollback_to(&inner), Err(Error::Savepoint { .. })));
        assert_eq!(session.dict(&CARTS).get("a")?.unwrap().total, 1);
        Ok(())
    })?;
    assert_eq!(cache.session().dict(&CARTS).get("a")?.unwrap().total, 1);
    Ok(())
}
