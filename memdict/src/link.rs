//! A field that names another entry.

use std::{
    borrow::Borrow,
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    def::DictDef,
    key::{Key, ToKey},
    track::leaf::leaves,
};

// Without the shape of `T`: what is linked to is stored under its own fingerprint, which is checked
// when it is loaded. So a type may link to itself, and one that changes takes nothing with it that
// only links to it.
leaves! {
    "link" [T: 'static] Link<T>, [] (), |a, b| a == b;
}

/// A field that holds the place of another entry, by dictionary and key.
///
/// It is stored as these two, never as what stands there, and loads nothing by itself:
/// [`Session::follow`](crate::Session::follow) loads the target when it is asked to. That is the
/// one object that its dictionary hands out as well.
///
/// ```
/// use memdict::{Cache, DictDef, Link, Tracked};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Tracked)]
/// struct User {
///     name: String,
///     friend: Option<Link<User>>,
/// }
///
/// #[derive(Serialize, Deserialize, Tracked)]
/// struct Cart {
///     owner: Link<User>,
/// }
///
/// static USERS: DictDef<User> = DictDef::new("users");
/// static CARTS: DictDef<Cart> = DictDef::new("carts");
///
/// let cache = Cache::open("memory:")?;
/// cache.transaction(|session| {
///     let alice = User { name: "Alice".into(), friend: Some(Link::new(&USERS, "bob")) };
///     session.dict(&USERS).insert("alice", alice)?;
///     session.dict(&CARTS).insert(7, Cart { owner: Link::new(&USERS, "alice") })
/// })?;
///
/// let session = cache.session();
/// let cart = session.dict(&CARTS).get(7)?.expect("it was stored");
/// let owner = session.follow(&cart.owner)?.expect("it was stored");
/// assert_eq!(owner.name, "Alice");
/// // Nobody has stored Bob, or he was lost: a miss like any other.
/// let bob = owner.friend.as_ref().expect("she has one");
/// assert!(session.follow(bob)?.is_none());
/// drop(owner);
///
/// // The key leads to the target for writing, too, and to many of them in one batch.
/// let users = session.dict(&USERS);
/// users.get_mut(cart.owner.key())?.expect("it was stored").name.push('!');
/// let links = [Link::new(&USERS, "bob"), cart.owner.clone()];
/// let found = users.get_many(links.iter().map(Link::key))?;
/// assert!(found[0].is_none() && found[1].as_ref().is_some_and(|user| user.name == "Alice!"));
/// # Ok::<_, memdict::Error>(())
/// ```
///
/// Links are equal, and ordered, by dictionary and key, whatever `T` can do. The namespace is not
/// stored: a link leads to the entry of the cache whose session follows it.
///
/// The [schema fingerprint](crate::Shape) knows a link as a link, and not to what: `T` is checked
/// where it is stored itself. Nothing keeps a target alive, and nothing removes a link to one that
/// is gone.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Link<T> {
    dict: Box<str>,
    #[serde(serialize_with = "write_form", deserialize_with = "read_form")]
    key: Key,
    #[serde(skip)]
    to: PhantomData<fn() -> T>,
}

impl<T> Link<T> {
    /// A link to the entry of this key, whether it is there or not.
    ///
    /// Of the definition only the name is kept. A key that is too long is an
    /// [`Error::Key`](crate::Error::Key) where the link is followed.
    #[must_use]
    pub fn new(def: &DictDef<T>, key: impl ToKey) -> Self {
        Self { dict: def.name().into(), key: key.to_key(), to: PhantomData }
    }

    /// The dictionary's name.
    #[must_use]
    pub fn dict(&self) -> &str {
        &self.dict
    }

    /// The key, which a dictionary takes as it is.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    fn place(&self) -> (&str, &Key) {
        (&self.dict, &self.key)
    }
}

/// The canonical form: any bytes, for an application may have keys that are no text.
fn write_form<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
    let form: &[u8] = key.borrow();
    form.serialize(serializer)
}

/// Takes whatever was stored. Whether it is a usable key turns out where it is used.
fn read_form<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
    Vec::<u8>::deserialize(deserializer).map(|form| Key::of(&form))
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        Self { dict: self.dict.clone(), key: self.key.clone(), to: PhantomData }
    }
}

impl<T> PartialEq for Link<T> {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl<T> Eq for Link<T> {}

impl<T> PartialOrd for Link<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Link<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.place().cmp(&other.place())
    }
}

impl<T> Hash for Link<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place().hash(state);
    }
}

/// Where it leads, not what is there.
impl<T> fmt::Debug for Link<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({}[{}])", self.dict.escape_debug(), self.key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        codec::Codec,
        track::{Schema, Tracked},
    };

    /// Can do nothing at all.
    struct Target;

    type ToTarget = Link<Target>;

    fn link(dict: &str, key: impl ToKey) -> ToTarget {
        Link { dict: dict.into(), key: key.to_key(), to: PhantomData }
    }

    #[test]
    fn nothing_is_asked_of_what_it_leads_to() {
        fn tracked<T: Tracked + Clone + Eq + Ord + Hash + fmt::Debug>() {}
        tracked::<ToTarget>();
        assert_eq!(Schema::of::<ToTarget>(), Schema::of::<Link<u8>>());
    }

    #[test]
    fn it_is_stored_as_name_and_key_in_these_bytes() {
        let mut bytes = Vec::new();
        let stored = link("users", ("alice", 7));
        Codec::default().encode(&stored, &mut bytes).expect("it encodes");
        assert_eq!(bytes, b"\x05users\x0a(alice,#7)");
        assert_eq!(Codec::default().decode::<ToTarget>(&bytes).expect("it decodes"), stored);
    }

    #[test]
    fn it_is_compared_by_name_and_key_and_shows_where_it_leads() {
        let sorted = [link("a", "x"), link("a", "y"), link("b", "a"), link("b", b"\n")];
        let mut links = sorted.to_vec();
        links.reverse();
        links.sort();
        assert!(links.iter().eq([&sorted[0], &sorted[1], &sorted[3], &sorted[2]]), "{links:?}");
        let set = std::collections::HashSet::from(sorted);
        assert!(set.contains(&link("b", "a")) && !set.contains(&link("b", "x")));
        assert_eq!(format!("{:?}", link("a\n", "x\r")), "Link(a\\n[x\\r])");
    }

    proptest! {
        #[test]
        fn whatever_was_stored_decodes_to_a_link_or_not_at_all(bytes: Vec<u8>) {
            let decoded = Codec::default().decode::<ToTarget>(&bytes);
            if let Ok(link) = decoded {
                let mut again = Vec::new();
                Codec::default().encode(&link, &mut again).expect("it encodes");
                let _ = format!("{link:?}");
                prop_assert_eq!(Codec::default().decode::<ToTarget>(&again).ok(), Some(link));
            }
        }

        #[test]
        fn a_key_of_any_bytes_comes_back(dict: String, form: Vec<u8>) {
            let stored: ToTarget =
                Link { dict: dict.into(), key: Key::of(&form), to: PhantomData };
            let mut bytes = Vec::new();
            Codec::default().encode(&stored, &mut bytes).expect("it encodes");
            prop_assert_eq!(Codec::default().decode::<ToTarget>(&bytes).ok(), Some(stored));
        }
    }
}
