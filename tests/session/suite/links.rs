//! Links: fields that name another entry.

use std::ptr;

use memdict::{DictDef, Error, Link, ToKey, Tracked};
use memdict_tests::{Bench, Cache, Cart, ONE_SECOND_LIFE, wait_until};
use serde::{Deserialize, Serialize};

use super::{Outcome, hold};

/// Links to its own type, so neither the derive nor the fingerprint may follow them forever.
#[derive(Default, Serialize, Deserialize, Tracked)]
struct User {
    name: String,
    friend: Option<Link<User>>,
    carts: Vec<Link<Cart>>,
}

static USERS: DictDef<User> = DictDef::new("users");
static CARTS: DictDef<Cart> = DictDef::new("carts");

fn user(name: &str, friend: &str) -> User {
    User { name: name.to_owned(), friend: Some(Link::new(&USERS, friend)), carts: Vec::new() }
}

/// Alice and Bob are friends, Carol is her own friend, and Dave's friend is not stored.
fn fill(cache: &Cache) -> Outcome {
    cache.transaction(|session| {
        let users = session.dict(&USERS);
        users.insert("alice", user("Alice Liddell", "bob"))?;
        users.insert("bob", user("Robert", "alice"))?;
        users.insert("carol", user("Carol", "carol"))?;
        users.insert("dave", user("Dave", "nobody"))
    })
}

fn friend(user: &User) -> &Link<User> {
    user.friend.as_ref().expect("it has one")
}

fn contains(bytes: &[u8], part: &str) -> bool {
    bytes.windows(part.len()).any(|window| window == part.as_bytes())
}

pub(crate) fn a_link_is_stored_as_a_name_and_a_key_never_as_its_target(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache)?;
        let stored = bench.stored_bytes("users", "bob");
        assert!(contains(&stored, "users") && contains(&stored, "alice"), "{stored:?}");
        assert!(!contains(&stored, "Liddell"), "{stored:?}");
        // A session that follows a link and changes the target writes only the target.
        let session = bench.cache.session();
        let users = session.dict(&USERS);
        let bob = users.get("bob")?.expect("stored");
        users.get_mut(friend(&bob).key())?.expect("stored").name.push('!');
        assert_eq!(session.follow(friend(&bob))?.expect("stored").name, "Alice Liddell!");
        drop(bob);
        assert_eq!(session.commit()?.written, 1);
        assert_eq!(bench.stored_bytes("users", "bob"), stored);
        Ok(())
    });
}

pub(crate) fn the_target_of_a_link_is_the_object_in_its_dictionary(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache)?;
        let session = bench.cache.session();
        let bob = session.dict(&USERS).get("bob")?.expect("stored");
        let loads = bench.store.loads();
        let alice = session.follow(friend(&bob))?.expect("stored");
        let same = session.dict(&USERS).get("alice")?.expect("stored");
        assert!(ptr::eq(&raw const *alice, &raw const *same));
        assert_eq!(bench.store.loads() - loads, 1, "it is loaded when it is first used, and once");
        drop((alice, same));
        // It is also one entry for guards.
        let writing = session.dict(&USERS).get_mut("alice")?.expect("stored");
        let error = session.follow(friend(&bob)).map(drop).unwrap_err();
        assert!(matches!(error, Error::AlreadyBorrowed { .. }), "{error}");
        drop(writing);
        assert!(session.follow(friend(&bob))?.is_some());
        Ok(())
    });
}

pub(crate) fn a_target_that_was_lost_is_a_miss(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache)?;
        let session = bench.cache.session();
        let (bob, dave) = (session.dict(&USERS).get("bob")?, session.dict(&USERS).get("dave")?);
        let (bob, dave) = (bob.expect("stored"), dave.expect("stored"));
        assert!(session.follow(friend(&dave))?.is_none(), "it was never stored");
        bench.store.evict(b"memdict:users:alice");
        assert!(session.follow(friend(&bob))?.is_none(), "it was evicted");
        // It is also lost with its server, while the session keeps its other values.
        let link = Link::new(&USERS, "carol");
        bench.restart();
        assert!(session.follow(&link)?.is_none());
        // A later session finds a value that is stored there again.
        fill(&bench.cache)?;
        assert!(bench.cache.session().follow(&link)?.is_some());
        Ok(())
    });
}

pub(crate) fn links_may_form_a_circle_or_refer_to_their_own_entry(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache)?;
        let session = bench.cache.session();
        let alice = session.dict(&USERS).get("alice")?.expect("stored");
        let bob = session.follow(friend(&alice))?.expect("stored");
        let again = session.follow(friend(&bob))?.expect("stored");
        assert!(ptr::eq(&raw const *alice, &raw const *again));
        let carol = session.dict(&USERS).get("carol")?.expect("stored");
        let herself = session.follow(friend(&carol))?.expect("stored");
        assert!(ptr::eq(&raw const *carol, &raw const *herself));
        assert_eq!(bench.store.loads(), 3);
        Ok(())
    });
}

pub(crate) fn a_link_may_be_an_entry(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| {
            session.dict(&CARTS).insert(7, Cart::of("alice", 2))?;
            session.dict::<Link<Cart>>("best").insert("today", Link::new(&CARTS, 7))
        })?;
        let session = bench.cache.session();
        let best = session.dict::<Link<Cart>>("best").get("today")?.expect("stored");
        assert_eq!((best.dict(), best.key()), ("carts", &7.to_key()));
        assert_eq!(session.follow(&best)?.expect("stored").owner, "alice");
        Ok(())
    });
}

pub(crate) fn many_targets_are_loaded_in_one_batch_by_their_keys(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| {
            (0..5).try_for_each(|n| session.dict(&CARTS).insert(n, Cart::of("alice", n)))?;
            let carts = (0..6).map(|n| Link::new(&CARTS, n)).collect();
            session.dict(&USERS).insert("alice", User { carts, ..User::default() })
        })?;
        let session = bench.cache.session();
        let alice = session.dict(&USERS).get("alice")?.expect("stored");
        let found = session.dict(&CARTS).get_many(alice.carts.iter().map(Link::key))?;
        let items: Vec<_> = found.iter().map(|cart| Some(cart.as_ref()?.items.len())).collect();
        assert_eq!(items, [Some(0), Some(1), Some(2), Some(3), Some(4), None]);
        let loads = bench.store.loads();
        for link in &alice.carts {
            assert_eq!(session.follow(link)?.is_some(), link.key() != &5.to_key());
        }
        assert_eq!(bench.store.loads(), loads, "all of them are known");
        Ok(())
    });
}

pub(crate) fn assigning_an_equal_link_marks_nothing(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache)?;
        let session = bench.cache.session();
        let mut alice = session.dict(&USERS).get_mut("alice")?.expect("stored");
        assert!(!alice.edit().friend.set(Some(Link::new(&USERS, "bob"))));
        assert!(!alice.edit().friend.is_dirty());
        assert!(alice.edit().friend.set(Some(Link::new(&USERS, "carol"))));
        assert!(alice.edit().carts.set(vec![Link::new(&CARTS, 1)]));
        assert_eq!(alice.changed_fields(), ["friend", "carts"]);
        let elsewhere = DictDef::named("friends");
        assert!(alice.edit().friend.set(Some(Link::new(&elsewhere, "carol"))));
        alice.edit().friend.set(Some(Link::new(&USERS, "bob")));
        alice.edit().carts.set(Vec::new());
        assert!(alice.changed_fields().is_empty());
        drop(alice);
        assert_eq!(session.commit()?.written, 0);
        Ok(())
    });
}

pub(crate) fn a_link_to_a_name_of_another_type_is_the_wrong_type(bench: &Bench) {
    hold(bench, |bench| {
        fill(&bench.cache)?;
        let session = bench.cache.session();
        let link = Link::new(&DictDef::<Cart>::named("users"), "alice");
        assert!(session.dict(&USERS).get("alice")?.is_some());
        let Err(Error::WrongType { id, is, asked, .. }) = session.follow(&link).map(drop) else {
            panic!("two types")
        };
        assert!(&*id.dict == "users" && is.ends_with("User") && asked.ends_with("Cart"));
        // Following a link also uses the name.
        let session = bench.cache.session();
        assert!(session.follow(&link)?.is_none(), "the stored value is of another schema");
        assert_eq!(bench.cache.counters().other_schema, 1);
        assert!(matches!(session.dict(&USERS).get("alice"), Err(Error::WrongType { .. })));
        Ok(())
    });
}

mod v2 {
    use super::*;

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Target {
        pub(super) name: String,
        pub(super) age: u8,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Holder(pub(super) Link<Target>);
}

mod v1 {
    use super::*;

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Target {
        pub(super) name: String,
    }

    #[derive(Serialize, Deserialize, Tracked)]
    pub(super) struct Holder(pub(super) Link<Target>);
}

pub(crate) fn a_value_that_only_links_to_a_changed_type_is_still_read(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| {
            let target = DictDef::named("targets");
            session.dict(&target).insert("a", v1::Target { name: "old".into() })?;
            session.dict("holders").insert("a", v1::Holder(Link::new(&target, "a")))
        })?;
        let session = bench.cache.session();
        let holder = session.dict::<v2::Holder>("holders").get("a")?.expect("it has not changed");
        assert!(session.follow(&holder.0)?.is_none(), "it has");
        assert_eq!(bench.cache.counters().other_schema, 1);
        Ok(())
    });
}

/// A key with any bytes.
struct Form(Vec<u8>);

impl ToKey for Form {
    fn write_key(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

pub(crate) fn any_stored_link_is_a_miss_or_a_key_error(bench: &Bench) {
    hold(bench, |bench| {
        let forms = [
            &b""[..],
            b"\xff\xfe",
            b"a\r\nflush_all\r\n",
            b"#not a number",
            b"(,",
            b"~0",
            b"%",
            &[0; 300],
            &[b'x'; 65_000],
            &[b'x'; 70_000],
        ];
        let dicts = ["users", "", "a:b", "a b\r\n~%", &*"n".repeat(70_000)];
        let links = dicts.iter().flat_map(|dict| {
            let def = DictDef::<User>::named((*dict).to_owned());
            forms.map(move |form| Link::new(&def, Form(form.to_vec())))
        });
        let links: Vec<_> = links.collect();
        bench.cache.transaction(|session| {
            let all = session.dict::<Link<User>>("links");
            links.iter().zip(0..).try_for_each(|(link, n)| all.insert(n, link.clone()))
        })?;
        let session = bench.cache.session();
        for (stored, n) in links.iter().zip(0..) {
            let link = session.dict::<Link<User>>("links").get(n)?.expect("stored");
            assert!(*link == *stored, "{link:?}");
            let usable = !link.dict().is_empty()
                && link.dict().len() < 60_000
                && *link
                    != Link::new(&DictDef::named(link.dict().to_owned()), Form(forms[9].into()));
            match session.follow(&link) {
                Ok(None) => assert!(usable, "{link:?}"),
                Err(Error::Key { id, .. }) => {
                    assert!(!usable && *id.dict == *link.dict(), "{link:?}")
                }
                other => panic!("{link:?}: {other:?}"),
            }
            let by_name = session.dict::<User>(link.dict());
            assert_eq!(by_name.get(link.key()).is_ok(), usable, "{link:?}");
        }
        Ok(())
    });
}

pub(crate) fn a_link_leads_into_the_namespace_of_the_cache_that_follows_it(bench: &Bench) {
    hold(bench, |bench| {
        let of = |name: &str| bench.open(memdict::Cache::builder().namespace(name));
        let (a, b) = (of("a"), of("b"));
        fill(&a)?;
        let link = Link::new(&USERS, "alice");
        assert!(b.session().follow(&link)?.is_none());
        b.transaction(|session| session.dict(&USERS).insert("alice", user("of b", "bob")))?;
        assert_eq!(b.session().follow(&link)?.expect("stored").name, "of b");
        assert_eq!(a.session().follow(&link)?.expect("stored").name, "Alice Liddell");
        Ok(())
    });
}

pub(crate) fn a_target_that_was_followed_is_written_with_the_options_of_its_definition(
    bench: &Bench,
) {
    static SHORT: DictDef<User> = DictDef::new("users").ttl_secs(1);
    hold(bench, |bench| {
        fill(&bench.cache)?;
        let session = bench.cache.session();
        let link = Link::new(&SHORT, "alice");
        assert!(session.follow(&link)?.is_some());
        session.dict(&SHORT).get_mut(link.key())?.expect("stored").name.push('!');
        assert_eq!(session.commit()?.written, 1);
        wait_until(ONE_SECOND_LIFE, "a lifetime ends", || {
            bench.cache.session().follow(&link).is_ok_and(|alice| alice.is_none())
        });
        let session = bench.cache.session();
        assert!(session.follow(&Link::new(&SHORT, "bob"))?.is_some(), "a link has no options");
        Ok(())
    });
}
