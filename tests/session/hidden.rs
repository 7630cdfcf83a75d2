//! Changes behind a `&`, which tracking cannot see, and the aid that finds them.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use memdict::{Cache, DetectUntracked, Error, MemoryStore, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
struct Counts {
    #[memdict(opaque, allow_interior)]
    read: AtomicU64,
}

#[derive(Debug, Default, Serialize, Deserialize, Tracked)]
struct Page {
    title: String,
    links: HashMap<String, u64>,
    counts: Counts,
    #[memdict(untracked)]
    seen: u64,
}

fn cache(what: DetectUntracked) -> Cache {
    let cache = Cache::builder()
        .detect_untracked(what)
        .open_store(Arc::new(MemoryStore::new()))
        .expect("no option of a store is set");
    let links = (0..20).map(|n| (n.to_string(), n)).collect();
    let session = cache.session();
    let page = Page { title: "t".into(), links, ..Page::default() };
    session.dict("pages").insert("/", page).expect("no guard lives");
    session.commit().expect("it commits");
    cache
}

fn change_behind_a_reference(cache: &Cache) -> memdict::Result<memdict::CommitReport> {
    let session = cache.session();
    let page = session.dict::<Page>("pages").get("/")?.expect("stored");
    page.counts.read.fetch_add(1, Ordering::Relaxed);
    drop(page);
    session.commit()
}

#[test]
fn a_hidden_change_is_an_error_with_key_and_field_path() {
    let cache = cache(DetectUntracked::Error);
    let error = change_behind_a_reference(&cache).unwrap_err();
    let Error::HiddenChange { id, fields, .. } = &error else { panic!("{error:?}") };
    assert_eq!(id.to_string(), "pages[/]");
    assert_eq!(fields, &["counts.read"]);
}

#[test]
fn without_the_aid_or_with_a_warning_it_is_not_written() {
    for what in [DetectUntracked::Off, DetectUntracked::Warn] {
        let cache = cache(what);
        let report = change_behind_a_reference(&cache).expect("it commits");
        assert_eq!(report.written, 0);
        let session = cache.session();
        let page = session.dict::<Page>("pages").get("/").expect("up").expect("stored");
        assert_eq!(page.counts.read.load(Ordering::Relaxed), 0);
    }
}

#[test]
fn what_was_not_changed_is_not_reported_also_with_a_hash_map_inside() {
    let cache = cache(DetectUntracked::Error);
    for _ in 0..10 {
        let session = cache.session();
        let pages = session.dict::<Page>("pages");
        assert!(pages.get("/").expect("up").is_some());
        assert_eq!(session.commit().expect("nothing is hidden").written, 0);
    }
}

#[test]
fn what_is_handed_out_for_writing_is_written_with_its_hidden_changes() {
    let cache = cache(DetectUntracked::Error);
    let session = cache.session();
    {
        let pages = session.dict::<Page>("pages");
        let mut page = pages.get_mut("/").expect("up").expect("stored");
        page.counts.read.fetch_add(1, Ordering::Relaxed);
        page.edit().title.assign("other");
    }
    assert_eq!(session.commit().expect("touched").written, 1);
    let session = cache.session();
    let page = session.dict::<Page>("pages").get("/").expect("up").expect("stored");
    assert_eq!(page.counts.read.load(Ordering::Relaxed), 1);
}
