//! A library, as one would write it with ZODB: objects that refer to each other, changed like any
//! others, and sessions that write what was changed.
//!
//! What is different: there is no root that everything hangs on, for each object is an entry of a
//! dictionary with a key of its own; a reference is a [`Link`], followed when it is wanted; and an
//! object may be gone, for this is a cache. Run it as often as you like, on whatever store
//! `MEMDICT_URL` names: it begins with a library of its own.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use memdict::{Cache, DictDef, Link, Session, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Library {
    /// By title, as the shelves are.
    books: Vec<Link<Book>>,
}

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Book {
    title: String,
    author: Link<Author>,
    /// Part of the book, not objects of their own.
    loans: Vec<Loan>,
}

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Loan {
    reader: String,
    returned: bool,
}

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Author {
    name: String,
}

static LIBRARIES: DictDef<Library> = DictDef::new("zodb_libraries").ttl_secs(3600);
static BOOKS: DictDef<Book> = DictDef::new("zodb_books").ttl_secs(3600);
static AUTHORS: DictDef<Author> = DictDef::new("zodb_authors").ttl_secs(3600);

/// Where the program begins: what ZODB's root is for.
const LIBRARY: &str = "town";

const STOCK: [(&str, &str, &str); 3] = [
    ("lamp", "The Lamp on the Pier", "moor"),
    ("tides", "A Table of Tides", "moor"),
    ("wolves", "Wolves, and How to Draw Them", "ilyin"),
];

fn main() -> Result<()> {
    let cache = Cache::from_env()?;
    fill(&cache)?;
    println!("The library:");
    list(&cache.session())?;
    change_inside(&cache)?;
    abort(&cache)?;
    savepoint(&cache)?;
    same_object(&cache)?;
    lost(&cache)
}

/// Stores the objects. Links may lead anywhere, so the order is of no importance.
fn fill(cache: &Cache) -> Result<()> {
    cache.transaction(|session| {
        let books = STOCK.map(|(key, ..)| Link::new(&BOOKS, key)).into();
        session.dict(&LIBRARIES).insert(LIBRARY, Library { books })?;
        for (key, title, author) in STOCK {
            let (title, author) = (title.to_owned(), Link::new(&AUTHORS, author));
            session.dict(&BOOKS).insert(key, Book { title, author, loans: Vec::new() })?;
        }
        for (key, name) in [("moor", "Jane Moor"), ("ilyin", "Oleg Ilyin")] {
            session.dict(&AUTHORS).insert(key, Author { name: name.to_owned() })?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Follows the links from the library to its books, and from each book to its author.
fn list(session: &Session) -> Result<()> {
    let library = session.dict(&LIBRARIES).get(LIBRARY)?.context("the library is lost")?;
    // All books in one round trip; `follow` alone would make one for each.
    session.dict(&BOOKS).prefetch(library.books.iter().map(Link::key))?;
    for link in &library.books {
        // What is lost is a miss, and what a miss means is for the program to say.
        let Some(book) = session.follow(link)? else {
            println!("  {}: lost", link.key());
            continue;
        };
        let author = session.follow(&book.author)?;
        let author = author.as_ref().map_or("an author who is lost", |author| &author.name);
        let out = book.loans.iter().find(|loan| !loan.returned);
        let out = out.map(|loan| format!(", lent to {}", loan.reader)).unwrap_or_default();
        println!("  {} by {author}{out}", book.title);
    }
    Ok(())
}

/// Lends a book; false if somebody else has it.
fn lend(session: &Session, book: &str, reader: &str) -> Result<bool> {
    let mut book = session.dict(&BOOKS).get_mut(book)?.context("the book is lost")?;
    let is_out = book.loans.iter().any(|loan| !loan.returned);
    // No `_p_changed = True`: that this list is inside a book makes no difference.
    book.loans.push(Loan { reader: reader.to_owned(), returned: false });
    Ok(!is_out)
}

/// A change deep inside an object is noticed, and only that object is written.
fn change_inside(cache: &Cache) -> Result<()> {
    let session = cache.session();
    ensure!(lend(&session, "lamp", "Pia")?, "somebody else has it");
    let report = session.commit()?;
    println!("Pia takes one book: {} object written", report.written);
    Ok(())
}

/// A session that is dropped, or rolled back, writes nothing.
fn abort(cache: &Cache) -> Result<()> {
    let session = cache.session();
    session.dict(&BOOKS).remove("tides")?;
    println!("Without the second book, which this session removed and then is aborted:");
    list(&session)?;
    session.rollback();
    Ok(())
}

/// A savepoint takes back a part of a session's work.
fn savepoint(cache: &Cache) -> Result<()> {
    let mut session = cache.session();
    for book in ["tides", "lamp", "wolves"] {
        let before = session.savepoint();
        if !lend(&session, book, "Rolf")? {
            session.rollback_to(&before)?;
            println!("Rolf cannot have `{book}`: back to the savepoint");
        }
    }
    let report = session.commit()?;
    println!("Rolf takes the others: {} objects written", report.written);
    list(&cache.session())
}

/// In one session all links to an object lead to the one object.
fn same_object(cache: &Cache) -> Result<()> {
    let session = cache.session();
    let books = session.dict(&BOOKS);
    let lamp = books.get("lamp")?.context("the book is lost")?;
    let tides = books.get("tides")?.context("the book is lost")?;
    // `follow` is for reading. For writing, the link's key leads to the object.
    let authors = session.dict(&AUTHORS);
    authors.get_mut(lamp.author.key())?.context("the author is lost")?.name = "J. Moor".to_owned();
    let author = session.follow(&tides.author)?.context("the author is lost")?;
    println!("renamed by way of one book, seen from another: {}", author.name);
    drop((lamp, tides, author));
    session.commit()?;
    Ok(())
}

/// A cache may lose an object at any time, whoever links to it.
fn lost(cache: &Cache) -> Result<()> {
    cache.transaction(|session| session.dict(&AUTHORS).remove("ilyin"))?;
    println!("An author is lost:");
    list(&cache.session())?;

    // The program makes the object anew, from wherever it knows it, and stores it in its place.
    let made_anew = cache.transaction(|session| {
        let Some(book) = session.dict(&BOOKS).get("wolves")? else { return Ok(false) };
        let author = session.dict(&AUTHORS).entry(book.author.key())?;
        author.or_insert_with(|| Author { name: "Oleg Ilyin".to_owned() });
        Ok(true)
    })?;
    ensure!(made_anew, "the book is lost");
    println!("and made anew:");
    list(&cache.session())
}
