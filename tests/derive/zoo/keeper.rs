//! What is promised of a value of any type, through sessions on the embedded store.

use memdict::{Cache, DictDef, OnConflict, RefMut, Tracked};

/// What a change of a field is to memdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    /// It is noticed and written.
    Noticed,
    /// It is as well, and the same change on both sides is no conflict, by a rule.
    Ruled,
    /// It is stored with other changes, and is none by itself.
    Untracked,
    /// It is not stored.
    Skipped,
}

impl Counts {
    fn is_noticed(self) -> bool {
        matches!(self, Self::Noticed | Self::Ruled)
    }
}

/// A type with a value, and a change of each of its fields.
pub(crate) trait Specimen: Tracked + PartialEq {
    /// The number of fields.
    const COUNT: usize;

    /// For each field: the path of its change, and what that counts.
    fn fields() -> Vec<(String, Counts)>;

    fn value() -> Self;

    /// Changes a field by plain Rust.
    fn change(&mut self, field: usize);

    /// Makes the same change through the view.
    fn change_in(view: &mut Self::Edit<'_>, field: usize);
}

/// Checks all that is promised of a type.
pub(crate) fn check<T: Specimen>() {
    let def = DictDef::named("zoo");
    let run = || -> memdict::Result<()> {
        it_comes_back::<T>(&def)?;
        let fields = T::fields();
        let other = fields.iter().position(|(_, counts)| counts.is_noticed());
        for (field, counts) in fields.iter().enumerate() {
            a_change_counts::<T>(&def, field, counts, |entry| entry.change(field))?;
            let in_view = |entry: &mut RefMut<'_, T>| T::change_in(&mut entry.edit(), field);
            a_change_counts::<T>(&def, field, counts, in_view)?;
            if let Some(other) = other.filter(|other| *other != field) {
                it_is_stored_with_another_change::<T>(&def, field, counts, other)?;
            }
        }
        if T::MERGES { changes_merge::<T>(&def.on_conflict(OnConflict::Merge)) } else { Ok(()) }
    };
    run().unwrap_or_else(|error| panic!("{error:?}"));
}

fn stored<T: Specimen>(def: &DictDef<T>) -> memdict::Result<Cache> {
    let cache = Cache::open("memory:")?;
    let session = cache.session();
    session.dict(def).insert("a", T::value())?;
    assert_eq!(session.commit()?.written, 1);
    Ok(cache)
}

/// Returns whether a new session loads this value.
fn is_stored<T: Specimen>(cache: &Cache, def: &DictDef<T>, value: &T) -> memdict::Result<bool> {
    let session = cache.session();
    Ok(session.dict(def).get("a")?.is_some_and(|loaded| *loaded == *value))
}

/// What is loaded is what was stored, and lending it for writing changes nothing.
fn it_comes_back<T: Specimen>(def: &DictDef<T>) -> memdict::Result<()> {
    let cache = stored::<T>(def)?;
    assert!(is_stored(&cache, def, &T::value())?);
    let session = cache.session();
    let mut entry = session.dict(def).get_mut("a")?.expect("it is stored");
    let _: &mut T = &mut entry;
    assert!(entry.is_dirty());
    assert_eq!(entry.changed_fields(), [""; 0]);
    drop(entry);
    assert_eq!(session.commit()?.written, 0);
    Ok(())
}

fn a_change_counts<T: Specimen>(
    def: &DictDef<T>,
    field: usize,
    (path, counts): &(String, Counts),
    change: impl Fn(&mut RefMut<'_, T>),
) -> memdict::Result<()> {
    let cache = stored::<T>(def)?;
    let session = cache.session();
    let mut entry = session.dict(def).get_mut("a")?.expect("it is stored");
    assert!(!entry.is_dirty());
    change(&mut entry);
    let mut expected = T::value();
    expected.change(field);
    assert!(expected != T::value() && *entry == expected, "the change of `{path}`");
    let noticed = counts.is_noticed();
    assert!(entry.is_dirty() || !noticed, "`{path}`");
    assert_eq!(entry.changed_fields(), if noticed { vec![&**path] } else { Vec::new() });
    drop(entry);
    assert_eq!(session.commit()?.written, usize::from(noticed), "`{path}`");
    let stored = if noticed { expected } else { T::value() };
    assert!(is_stored(&cache, def, &stored)?, "`{path}`");
    Ok(())
}

/// A field that does not count is stored when another one is written, unless serde skips it.
fn it_is_stored_with_another_change<T: Specimen>(
    def: &DictDef<T>,
    field: usize,
    (path, counts): &(String, Counts),
    other: usize,
) -> memdict::Result<()> {
    let cache = stored::<T>(def)?;
    let session = cache.session();
    let mut entry = session.dict(def).get_mut("a")?.expect("it is stored");
    let mut expected = T::value();
    expected.change(other);
    entry.change(other);
    entry.change(field);
    if *counts != Counts::Skipped {
        expected.change(field);
    }
    drop(entry);
    assert_eq!(session.commit()?.written, 1, "`{path}`");
    assert!(is_stored(&cache, def, &expected)?, "`{path}`");
    Ok(())
}

/// Two sessions that change different fields are merged. Two that change one field are in conflict,
/// which names it, unless it has a rule.
fn changes_merge<T: Specimen>(def: &DictDef<T>) -> memdict::Result<()> {
    let fields = T::fields();
    let noticed: Vec<_> =
        fields.iter().enumerate().filter(|(_, (_, counts))| counts.is_noticed()).collect();
    for (at, (ours, (path, counts))) in noticed.iter().enumerate() {
        let next = noticed[(at + 1) % noticed.len()].0;
        for theirs in [*ours, next] {
            let cache = stored::<T>(def)?;
            let (one, other) = (cache.session(), cache.session());
            for (session, field) in [(&one, *ours), (&other, theirs)] {
                session.dict(def).get_mut("a")?.expect("it is stored").change(field);
            }
            other.commit()?;
            let merged = one.commit();
            let mut expected = T::value();
            expected.change(*ours);
            if *ours == theirs && *counts == Counts::Noticed {
                let conflict = merged.expect_err("both sides changed it").to_string();
                let part = if path.is_empty() { String::new() } else { format!("`{path}`: ") };
                let why = format!("not merged: {part}changed on both sides");
                assert!(conflict.contains(&why), "{conflict}");
            } else {
                assert_eq!(merged?.merged, 1, "`{path}`");
                if *ours != theirs {
                    expected.change(theirs);
                }
            }
            assert!(is_stored(&cache, def, &expected)?, "`{path}`");
        }
    }
    Ok(())
}
