//! What the first sketch of the API promised, in its own spellings, with types that derive.

use std::{
    collections::HashMap,
    mem,
    net::Ipv4Addr,
    num::ParseIntError,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::Duration,
};

use memdict::{
    Cache, DictDef, Entry, Error, Link, OnConflict, OnVanished, Opaque, Retry, Session, Tracked,
};

use super::{
    AnyResult, memory,
    types::{Cart, Item, Node, Page, Pay, PayEdit},
};

static CARTS: DictDef<Cart> = DictDef::new("carts").ttl_secs(3600);
static MERGED: DictDef<Cart> = DictDef::new("merged").on_conflict(OnConflict::Merge);
static HITS: DictDef<u64> = DictDef::new("hits")
    .ttl(Duration::from_secs(60))
    .on_conflict(OnConflict::LastWriteWins)
    .on_vanished(OnVanished::Fail);

#[test]
fn transactions_infer_beside_errors_of_every_make() -> AnyResult {
    #[derive(Debug, thiserror::Error)]
    enum Shop {
        #[error(transparent)]
        Cache(#[from] Error),
        #[error("sold out")]
        SoldOut,
    }
    fn own(cache: &Cache) -> memdict::Result<u64> {
        cache.transaction(|s| {
            let mut hits = s.dict(&HITS).entry("a")?.or_insert(0);
            *hits += 1;
            Ok(*hits)
        })
    }
    fn any(cache: &Cache) -> anyhow::Result<()> {
        cache.transaction(|s| {
            *s.dict(&HITS).entry("a")?.or_default() += 1;
            Ok(())
        })?;
        Ok(())
    }
    fn mine(cache: &Cache) -> Result<u64, Shop> {
        cache.try_transaction(|s| {
            let hits = s.dict(&HITS).get("a")?.ok_or(Shop::SoldOut)?;
            Ok(*hits)
        })
    }
    fn through(cache: &Cache) -> memdict::Result<()> {
        cache.transaction(|s| {
            if s.dict(&HITS).contains_key("no")? {
                return Ok(());
            }
            Err(Error::user(Shop::SoldOut))
        })
    }
    let cache = memory();
    assert_eq!(own(&cache)?, 1);
    any(&cache)?;
    assert_eq!(mine(&cache)?, 2);
    let error = through(&cache).unwrap_err();
    assert!(matches!(&error, Error::User(cause) if cause.downcast_ref::<Shop>().is_some()));
    Ok(())
}

#[test]
fn several_guards_and_dictionaries() -> AnyResult {
    let cache = memory();
    let region = "eu".to_owned();
    let session = cache.session();
    let (carts, hits) = (session.dict(&CARTS), session.dict::<u64>("hits"));
    let by_region = session.dict::<Cart>(format!("carts-{region}"));
    let typed = DictDef::<Cart>::named(format!("c-{region}")).ttl_secs(5);
    let made = session.dict(&typed);
    {
        let mut a = carts.entry("alice")?.or_insert_with(Cart::default);
        let mut b = carts.entry(("bob", 7_u32))?.or_default();
        let mut c = by_region.entry(42)?.or_default();
        let mut h = hits.entry("all")?.and_modify(|n| *n += 1).or_insert(1);
        made.insert("k", Cart::default())?;
        *h += 1;
        mem::swap(&mut a.items, &mut b.items);
        c.owner = a.owner.clone();
        assert!(matches!(carts.get("alice"), Err(Error::AlreadyBorrowed { .. })));
        let other_type = session.dict::<u64>("carts").get("alice").map(|_| ());
        assert!(matches!(other_type, Err(Error::WrongType { .. })));
        let mut v = b.edit();
        let (items, attrs) = (&mut *v.items, &mut *v.attrs); // disjoint
        items.push(Item::default());
        attrs.insert("k".into(), "v".into());
        v.owner.assign("bob");
        v.address.city.set("Lille".into());
        v.pay.set(Pay::Card { number: "4".into(), cvc: 1 });
        if let PayEdit::Card { mut number, .. } = v.pay.variant() {
            number.push('2');
        }
        match v.pay.variant() {
            PayEdit::Cash(mut cents) => *cents += 1,
            PayEdit::Card { mut cvc, .. } => *cvc = 2,
            PayEdit::Nothing => {}
        }
        *v.cached = Some(1);
        *v.hits += 1;
        assert_ne!(*v.pay, Pay::Nothing);
        // A new entry: every part, and nested structs by their fields.
        let parts = "owner items total coupon attrs address.street address.city pay hits";
        assert_eq!(b.changed_fields().join(" "), parts);
    }
    let all = carts.get_many(["alice", "nobody"])?;
    assert!(all[0].is_some() && all[1].is_none());
    carts.prefetch([1_u64, 2, 3])?;
    carts.prefetch(&["a".to_owned()])?;
    match carts.entry("x")? {
        Entry::Occupied(entry) => entry.remove(),
        Entry::Vacant(entry) => entry.insert(Cart::default()).total = 3,
    }
    let loaded: Result<_, ParseIntError> =
        hits.entry("loaded")?.or_try_insert_with(|| "12".parse());
    assert_eq!(*loaded?, 12);
    drop(all);
    assert_eq!(session.commit()?.written, 7);
    Ok(())
}

#[test]
fn merges_of_coarse_and_fine_changes() -> AnyResult {
    let cache = memory();
    let attrs: HashMap<_, _> = (0..50).map(|n| (n.to_string(), "x".to_owned())).collect();
    cache.transaction(|s| {
        s.dict(&MERGED).insert("m", Cart { attrs: attrs.clone(), ..Cart::default() })
    })?;
    let (a, b) = (cache.session(), cache.session());
    a.dict(&MERGED).get_mut("m")?.unwrap().owner = "ann".into(); // coarse: `DerefMut`
    b.dict(&MERGED).get_mut("m")?.unwrap().edit().total.set(5);
    a.commit()?;
    let report = b.commit()?;
    assert_eq!((report.written, report.merged), (1, 1));
    let session = cache.session();
    let merged = session.dict(&MERGED).get("m")?.unwrap();
    assert_eq!((merged.owner.as_str(), merged.total, &merged.attrs), ("ann", 5, &attrs));

    let (a, b) = (cache.session(), cache.session());
    a.dict(&MERGED).get_mut("m")?.unwrap().total = 1;
    b.dict(&MERGED).get_mut("m")?.unwrap().total = 2;
    a.commit()?;
    assert!(matches!(b.commit(), Err(Error::Conflict { .. })));
    Ok(())
}

#[test]
fn retries_with_borrowed_captures() -> AnyResult {
    let cache = memory().with_retry(Retry { attempts: 5, ..Retry::default() });
    let (key, mut tries, names) = (String::from("k"), 0, vec!["a", "b"]);
    let n = cache.transaction(|s| {
        tries += 1;
        let dict = s.dict::<u64>("n");
        if tries == 1 {
            cache.transaction(|other| other.dict::<u64>("n").insert(&key, 40))?;
        } else {
            for name in &names {
                dict.insert(*name, 1)?;
            }
        }
        let mut n = dict.entry(&key)?.or_insert(1);
        if tries == 1 {
            cache.transaction(|other| other.dict::<u64>("n").insert(&key, 41))?;
        }
        *n += 1;
        Ok(*n)
    })?;
    assert_eq!((n, tries), (42, 2));
    // Threads on one session, inside a transaction.
    cache.transaction(|s| {
        thread::scope(|scope| {
            for key in ["a", "b"] {
                let s = &*s;
                scope.spawn(move || *s.dict::<u64>("n").entry(key).unwrap().or_default() += 1);
            }
        });
        Ok(())
    })?;
    cache.transaction(|s| {
        thread::scope(|scope| scope.spawn(|| s.dict::<u64>("n").insert("q", 1)).join().unwrap())
    })?;
    let session = cache.session();
    let found = session.dict::<u64>("n").get_many(["a", "b", "q"])?;
    assert!(found.iter().flatten().map(|n| **n).eq([2, 2, 1]));
    Ok(())
}

#[test]
fn links_leaves_generics_shapes() -> AnyResult {
    fn generic<T: Tracked + Default>(session: &Session) -> memdict::Result<Vec<String>> {
        let dict = session.dict::<T>("g");
        let mut value = dict.entry("x")?.or_default();
        drop(value.edit());
        Ok(value.changed_fields())
    }
    let cache = memory();
    let s = cache.session();
    s.dict(&CARTS).insert("alice", Cart::default())?;
    s.dict::<Link<Cart>>("best").insert(1, Link::new(&CARTS, "alice"))?;
    let link = s.dict::<Link<Cart>>("best").get(1)?.unwrap();
    assert!(s.follow(&link)?.is_some());
    drop(link);
    let maps = s.dict::<HashMap<String, Vec<u64>>>("maps");
    maps.entry("m")?.or_default().entry("a".into()).or_default().push(1);
    s.dict::<[u8; 4]>("arrays").insert("a", [1, 2, 3, 4])?;
    s.dict::<Opaque<Ipv4Addr>>("ips").insert("a", Ipv4Addr::LOCALHOST.into())?;
    s.dict::<Pay>("pays").insert("a", Pay::Nothing)?;
    {
        let pays = s.dict::<Pay>("pays");
        let mut pay = pays.get_mut("a")?.unwrap();
        let mut view = pay.edit();
        view.set(Pay::Cash(1));
        if let PayEdit::Cash(mut cents) = view.variant() {
            *cents += 1;
        }
        assert_eq!(*pay, Pay::Cash(2));
    }
    let page = Page { rows: vec![Node::default()], number: 1 };
    s.dict::<Page<Node>>("pages").insert("a", page)?;
    assert_eq!(generic::<Node>(&s)?, ["value", "kids", "next", "pay"]);
    assert_eq!(s.commit()?.written, 8);

    // Each under a fingerprint of its own.
    let session = cache.session();
    assert!(session.dict::<Page<Node>>("pages").get("a")?.is_some());
    assert!(cache.session().dict::<Node>("pages").get("a")?.is_none());
    assert!(cache.session().dict::<Page<Cart>>("pages").get("a")?.is_none());
    assert_eq!(cache.counters().other_schema, 2);
    Ok(())
}

#[test]
fn leaked_guard_panic_and_revert() -> AnyResult {
    let cache = memory();
    let s = cache.session();
    mem::forget(s.dict::<u64>("n").entry("a")?.or_insert(1));
    assert!(matches!(s.commit(), Err(Error::StillBorrowed { .. })));

    let s = cache.session();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = s.dict::<u64>("n").entry("a").unwrap().or_insert(1);
        *guard = 2;
        panic!("half way")
    }));
    assert!(panicked.is_err());
    assert!(matches!(s.commit(), Err(Error::Poisoned { .. })));

    let s = cache.session();
    let guard = s.dict::<u64>("n").entry("a")?.or_insert(1);
    guard.revert()?;
    assert!(s.dict::<u64>("n").get("a")?.is_none());
    assert_eq!(s.commit()?.written, 0);
    Ok(())
}

#[test]
fn an_enums_changed_fields() -> AnyResult {
    let cache = memory();
    cache.transaction(|s| {
        let pay = Pay::Card { number: "1".into(), cvc: 1 };
        s.dict(&CARTS).insert("e", Cart { pay, ..Cart::default() })
    })?;
    let session = cache.session();
    let carts = session.dict(&CARTS);
    let mut cart = carts.get_mut("e")?.unwrap();
    if let PayEdit::Card { mut cvc, .. } = cart.edit().pay.variant() {
        cvc.set(2);
    }
    assert_eq!(cart.changed_fields(), ["pay.cvc"]);
    {
        let mut view = cart.edit();
        view.pay.set(Pay::Cash(1));
        view.owner.assign("bob");
    }
    assert_eq!(cart.changed_fields(), ["owner", "pay"]);
    cart.address.city.push('x'); // coarse as well: `diff` finds the path
    assert_eq!(cart.changed_fields(), ["owner", "address.city", "pay"]);
    Ok(())
}
