//! A table of calls that the state of an entry does not allow: the error names the call and the
//! state. What the types can refuse does not compile (`tests/misuse/session/ui`).

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
};

use memdict::{BorrowKind, DictDef, Error};
use memdict_tests::{Bench, Dict};

use super::hold;

static HITS: DictDef<u64> = DictDef::new("hits");

/// The state of the entry, and whether each call is refused then.
const TABLE: &str = "
    call         | read    | written | leaked  | poisoned
    get          | yes     | writing | writing | poisoned
    get_mut      | reading | writing | writing | poisoned
    entry        | reading | writing | writing | poisoned
    insert       | reading | writing | writing | poisoned
    remove       | reading | writing | writing | poisoned
    contains_key | yes     | writing | writing | poisoned
    get_many     | yes     | writing | writing | poisoned
    prefetch     | yes     | yes     | yes     | yes
    read_current | yes     | yes     | yes     | yes
";

fn call(hits: &Dict<'_, u64>, name: &str) -> memdict::Result<()> {
    match name {
        "get" => hits.get("a").map(drop),
        "get_mut" => hits.get_mut("a").map(drop),
        "entry" => hits.entry("a").map(drop),
        "insert" => hits.insert("a", 2),
        "remove" => hits.remove("a"),
        "contains_key" => hits.contains_key("a").map(drop),
        "get_many" => hits.get_many(["b", "a"]).map(drop),
        "prefetch" => hits.prefetch(["b", "a"]),
        "read_current" => hits.read_current("a"),
        _ => panic!("no {name}"),
    }
}

/// Panics while the value is changed.
fn poison(hits: &Dict<'_, u64>) {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut value = hits.get_mut("a").expect("it is free").expect("it is there");
        *value += 1;
        panic!("half way");
    }));
    assert!(panicked.is_err());
}

fn outcome(refused: memdict::Result<()>, asked: &str) -> &'static str {
    let error = match refused {
        Ok(()) => return "yes",
        Err(error) => error,
    };
    let text = error.to_string();
    assert!(text.contains(&format!("`{asked}` of `hits[a]`: ")), "{text}");
    match error {
        Error::AlreadyBorrowed { id, call, state, .. } => {
            assert_eq!((&*id.to_string(), call), ("hits[a]", asked));
            assert!(text.contains(&format!("it is {state} in this session")), "{text}");
            match state {
                BorrowKind::Reading => "reading",
                BorrowKind::Writing => "writing",
                _ => panic!("{state}"),
            }
        }
        Error::Poisoned { id, call, .. } => {
            assert_eq!((&*id.to_string(), call), ("hits[a]", asked));
            assert!(text.contains("a panic interrupted"), "{text}");
            "poisoned"
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn the_error_of_a_refused_call_names_the_call_and_the_state(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&HITS).insert("a", 1))?;
        for row in TABLE.trim().lines().skip(1) {
            let mut columns = row.split('|').map(str::trim);
            let name = columns.next().expect("the first column");
            for (state, expected) in ["read", "written", "leaked", "poisoned"].iter().zip(columns) {
                let session = bench.cache.session();
                let hits = session.dict(&HITS);
                let (mut reading, mut writing) = (None, None);
                match *state {
                    "read" => reading = hits.get("a")?,
                    "written" => writing = hits.get_mut("a")?,
                    "leaked" => mem::forget(hits.get_mut("a")?),
                    _ => poison(&hits),
                }
                assert_eq!(outcome(call(&hits, name), name), expected, "{name}, {state}");
                drop((reading, writing));
            }
        }
        Ok(())
    });
}

pub(crate) fn the_error_of_a_refused_commit_names_the_state(bench: &Bench) {
    hold(bench, |bench| {
        bench.cache.transaction(|session| session.dict(&HITS).insert("a", 1))?;
        let session = bench.cache.session();
        poison(&session.dict(&HITS));
        assert_eq!(outcome(session.commit().map(drop), "commit"), "poisoned");

        let session = bench.cache.session();
        mem::forget(session.dict(&HITS).get_mut("a")?);
        let error = session.commit().expect_err("its value cannot be known");
        assert!(
            matches!(&error, Error::StillBorrowed { id, .. } if &*id.dict == "hits"),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains("`commit`") && text.contains("`hits[a]` is still borrowed for writing"),
            "{text}"
        );
        Ok(())
    });
}
