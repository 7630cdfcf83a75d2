//! Names: keys, dictionaries and namespaces that a program takes from anywhere.

use std::collections::HashSet;

use crate::{
    Key, ToKey,
    key::{
        MAX_WIRE,
        name::{Name, push_name},
        with_form,
    },
};

/// Makes names of parts of the input, in every form of key. A name on the wire is short and has no
/// white space and no control characters. Two names that differ have different full keys. Text that
/// is shown has no control characters.
pub fn names(data: &[u8]) {
    let parts: Vec<&[u8]> = data.splitn(4, |byte| *byte == 0xfe).collect();
    let [namespace, dict, one, other] =
        [0, 1, 2, 3].map(|part| *parts.get(part).unwrap_or(&&[][..]));
    let (namespace, dict) = (String::from_utf8_lossy(namespace), String::from_utf8_lossy(dict));
    let (one_text, other_text) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let number = one.iter().fold(0_i128, |number, byte| number << 8 | i128::from(*byte));

    // The forms of different keys differ. Equal keys are equal whatever their type.
    let mut forms = HashSet::new();
    for key in [&one_text, &other_text].into_iter().collect::<HashSet<_>>() {
        assert!(forms.insert(key.to_key()), "text {key:?}");
    }
    for key in [one, other].into_iter().collect::<HashSet<_>>() {
        assert!(forms.insert(key.to_key()), "bytes {key:?}");
        assert_eq!(key.to_key(), key.to_vec().to_key());
    }
    assert!(forms.insert(number.to_key()), "{number}");
    let mut pairs = HashSet::new();
    for pair in [(&one_text, &other_text), (&other_text, &one_text)] {
        assert_eq!(forms.insert(pair.to_key()), pairs.insert(pair), "{pair:?}");
    }
    assert!(forms.insert((&one_text, &other_text, number).to_key()));
    assert!(forms.insert(Some(&*one_text).to_key()));
    assert!(forms.insert(None::<&str>.to_key()));
    assert!(forms.insert((one, (&one_text, true)).to_key()));

    let named = |namespace: &str, dict: &str, key: &Key| {
        let mut prefix = Vec::new();
        push_name(namespace, &mut prefix);
        push_name(dict, &mut prefix);
        with_form(key, |form| Name::new(&dict.into(), &prefix, form))
    };
    let mut full_keys = HashSet::new();
    let mut places = vec![(&*namespace, &*dict), (&*dict, &*namespace)];
    places.dedup();
    for (namespace, dict) in places {
        for key in &forms {
            let Ok(name) = named(namespace, dict, key) else { continue };
            let wire = name.wire();
            assert!((1..=MAX_WIRE).contains(&wire.len()), "{wire:?}");
            assert!(wire.iter().all(|byte| *byte > b' ' && *byte != 127), "{wire:?}");
            let text = std::str::from_utf8(wire);
            assert!(text.is_ok_and(|text| !text.contains(char::is_whitespace)), "{wire:?}");
            assert!(full_keys.insert(name.full().to_vec()), "{namespace:?}, {dict:?}, {key}");
            let shown = name.to_string();
            assert!(!shown.contains(char::is_control), "{shown:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_seed_and_thousands_of_changes_of_it_hold() {
        crate::harness::mutations::of("names", super::names);
    }
}
