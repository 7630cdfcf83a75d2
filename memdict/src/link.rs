//! Links: fields that name another entry.

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
    quote::Quoted,
    track::leaf::leaves,
};

// The shape of `T` is left out: the target is stored under its own fingerprint, which is checked
// when it is loaded. So a type may link to itself, and where a type changes, values that only link
// to it stay readable.
leaves! {
    "link" [T: 'static] Link<T>, [] (), |a, b| a == b;
}

/// A field that names another entry, by dictionary and key.
///
/// A link stores these two, never the value of the entry, and it loads nothing by itself.
/// [`Session::follow`](crate::Session::follow) loads the target, and returns the same object as the
/// dictionary does.
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
/// if let Some(cart) = session.dict(&CARTS).get(7)? {
///     if let Some(owner) = session.follow(&cart.owner)? {
///         assert_eq!(owner.name, "Alice");
///         if let Some(friend) = &owner.friend {
///             assert!(session.follow(friend)?.is_none()); // Bob is not stored: a miss
///         }
///     }
///
///     // The key of a link also works in the dictionary, for writing or for many targets at once.
///     let users = session.dict(&USERS);
///     if let Some(mut owner) = users.get_mut(cart.owner.key())? {
///         owner.name.push('!');
///     }
///     let links = [Link::new(&USERS, "bob"), cart.owner.clone()];
///     let found = users.get_many(links.iter().map(Link::key))?;
///     assert!(found[0].is_none() && found[1].as_ref().is_some_and(|user| user.name == "Alice!"));
/// }
/// # Ok::<_, memdict::Error>(())
/// ```
///
/// Links are compared and ordered by dictionary and key, whatever `T` implements. A link does not
/// store the namespace: it leads to the entry of the cache whose session follows it.
///
/// The schema fingerprint of a type contains only that a field is a link, not the type of its
/// target, which is checked when the target is loaded. A link keeps no target alive, and a link to
/// a target that is gone stays.
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
    /// Makes a link to the entry with this key, whether the entry exists or not.
    ///
    /// The link keeps only the name of the definition. If the key is too long, following the link
    /// returns an [`Error::Key`](crate::Error::Key).
    #[must_use]
    pub fn new(def: &DictDef<T>, key: impl ToKey) -> Self {
        Self { dict: def.name().into(), key: key.to_key(), to: PhantomData }
    }

    /// Returns the name of the target's dictionary.
    #[must_use]
    pub fn dict(&self) -> &str {
        &self.dict
    }

    /// Returns the key of the target, which the dictionary accepts.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }

    fn place(&self) -> (&str, &Key) {
        (&self.dict, &self.key)
    }
}

/// Writes the canonical form, which may be any bytes, because an application may have such keys.
fn write_form<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
    let form: &[u8] = key.borrow();
    form.serialize(serializer)
}

/// Reads any bytes. Whether they are a usable key is checked when the link is followed.
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

/// Shows the dictionary and the key, never the value of the entry.
impl<T> fmt::Debug for Link<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({}[{}])", Quoted(&self.dict), self.key)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        codec::{Codec, Limits},
        track::{Schema, Tracked},
    };

    /// A type without any traits.
    struct Target;

    type ToTarget = Link<Target>;

    fn link(dict: &str, key: impl ToKey) -> ToTarget {
        Link { dict: dict.into(), key: key.to_key(), to: PhantomData }
    }

    #[test]
    fn the_type_of_the_target_needs_no_traits() {
        fn tracked<T: Tracked + Clone + Eq + Ord + Hash + fmt::Debug>() {}
        tracked::<ToTarget>();
        assert_eq!(Schema::of::<ToTarget>().fingerprint, Schema::of::<Link<u8>>().fingerprint);
    }

    #[test]
    fn a_link_stores_the_dictionary_and_the_key() {
        let mut bytes = Vec::new();
        let stored = link("users", ("alice", 7));
        Codec::default().copy(&stored, Limits::DEFAULT, &mut bytes).expect("it encodes");
        assert_eq!(bytes, b"\x05users\x0a(alice,#7)");
        assert_eq!(
            Codec::default().decode::<ToTarget>(&bytes, Limits::DEFAULT).expect("it decodes"),
            stored
        );
    }

    #[test]
    fn a_link_is_compared_by_dictionary_and_key_and_shows_both() {
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
        fn any_stored_bytes_decode_to_a_link_or_are_an_error(bytes: Vec<u8>) {
            let decoded = Codec::default().decode::<ToTarget>(&bytes, Limits::DEFAULT);
            if let Ok(link) = decoded {
                let mut again = Vec::new();
                Codec::default().copy(&link, Limits::DEFAULT, &mut again).expect("it encodes");
                let _ = format!("{link:?}");
                prop_assert_eq!(Codec::default().decode::<ToTarget>(&again, Limits::DEFAULT).ok(), Some(link));
            }
        }

        #[test]
        fn a_key_of_any_bytes_is_stored_unchanged(dict: String, form: Vec<u8>) {
            let stored: ToTarget =
                Link { dict: dict.into(), key: Key::of(&form), to: PhantomData };
            let mut bytes = Vec::new();
            Codec::default().copy(&stored, Limits::DEFAULT, &mut bytes).expect("it encodes");
            prop_assert_eq!(Codec::default().decode::<ToTarget>(&bytes, Limits::DEFAULT).ok(), Some(stored));
        }
    }
}
