//! Keys that are long, unsafe or similar, and namespaces.

use memdict::{DictDef, Error, ToKey};
use memdict_tests::Bench;

use super::hold;

static NAMES: DictDef<String> = DictDef::new("names");

pub(crate) fn long_and_unsafe_keys_work_and_never_collide(bench: &Bench) {
    let long = "x".repeat(1_000);
    let longer = "x".repeat(1_001);
    let keys = [
        "plain".to_key(),
        "with space".to_key(),
        "line\r\nbreak".to_key(),
        "schlüssel".to_key(),
        "".to_key(),
        long.to_key(),
        longer.to_key(),
        "x".repeat(235).to_key(),
        "x".repeat(236).to_key(),
        7.to_key(),
        "7".to_key(),
        b"7".to_key(),
        ("a", "b:c").to_key(),
        ("a:b", "c").to_key(),
    ];
    hold(bench, |bench| {
        bench.cache.transaction(|session| {
            // The third dictionary's name makes every key long.
            for dict in ["d", "d:e", "with space", &*"n".repeat(300)] {
                let names = session.dict::<String>(dict);
                for key in &keys {
                    names.insert(key, format!("{dict} {key}"))?;
                }
            }
            Ok(())
        })?;
        let session = bench.cache.session();
        for dict in ["d", "d:e", "with space", &*"n".repeat(300)] {
            let names = session.dict::<String>(dict);
            for (key, name) in keys.iter().zip(names.get_many(&keys)?) {
                assert_eq!(name.as_deref(), Some(&format!("{dict} {key}")), "{dict}[{key}]");
            }
        }
        Ok(())
    });
}

pub(crate) fn namespaces_keep_caches_apart(bench: &Bench) {
    hold(bench, |bench| {
        let of = |name: &str| bench.open(memdict::Cache::builder().namespace(name));
        let (a, b) = (of("a"), of("a:names"));
        a.transaction(|session| session.dict(&NAMES).insert("k", "of a".into()))?;
        assert!(b.session().dict(&NAMES).get("k")?.is_none());
        assert!(b.session().dict::<String>("").get("k").is_err());
        b.transaction(|session| session.dict(&NAMES).insert("k", "of b".into()))?;
        assert_eq!(*a.session().dict(&NAMES).get("k")?.unwrap(), "of a");
        Ok(())
    });
}

pub(crate) fn a_key_that_is_too_long_is_an_error(bench: &Bench) {
    let session = bench.cache.session();
    let error = session.dict(&NAMES).insert("x".repeat(70_000), String::new()).unwrap_err();
    let Error::Key { id, reason, .. } = &error else { panic!("{error:?}") };
    assert!(
        id.to_string().len() < 500 && &*id.dict == "names" && reason.contains("65,535"),
        "{error}"
    );
}
