//! A library, written as one would write it with ZODB: objects that refer to each other and are
//! changed like any others, and sessions that write what was changed.
//!
//! Three things differ from ZODB. There is no root object, because each object is an entry of a
//! dictionary with a key of its own. A reference is a [`Link`], which is followed on demand. And an
//! object may be lost, because this is a cache. The example can run any number of times, on the
//! store that `MEMDICT_URL` names: each run starts with a new library.
#![forbid(unsafe_code)]

use anyhow::{Context, Result, ensure};
use memdict::{Cache, DictDef, Link, Session, Tracked};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Library {
    /// In the order of the shelves.
    books: Vec<Link<Book>>,
}

#[derive(Debug, Serialize, Deserialize, Tracked)]
struct Book {
    title: String,
    author: Link<Author>,
    /// The loans are part of the book, not objects of their own.
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

/// The key where the program starts. In ZODB this would be the root.
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

/// Stores the objects. Links may refer to objects that are not stored yet, so the order does not
/// matter.
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
    // This loads all books in one round trip; `follow` alone would need one for each.
    session.dict(&BOOKS).prefetch(library.books.iter().map(Link::key))?;
    for link in &library.books {
        // A lost object is a miss, and the program decides what a miss means.
        let Some(book) = session.follow(link)? else {
            println!("  {}: lost", link.key());
            continue;
        };
        let author = session.follow(&book.author)?;
        let author = author.as_ref().map_or("an unknown author", |author| &author.name);
        let out = book.loans.iter().find(|loan| !loan.returned);
        let out = out.map(|loan| format!(", lent to {}", loan.reader)).unwrap_or_default();
        println!("  {} by {author}{out}", book.title);
    }
    Ok(())
}

/// Lends a book. Returns `false` if it is already lent.
fn lend(session: &Session, book: &str, reader: &str) -> Result<bool> {
    let mut book = session.dict(&BOOKS).get_mut(book)?.context("the book is lost")?;
    let is_out = book.loans.iter().any(|loan| !loan.returned);
    // ZODB would need `_p_changed = True`, because this list is inside a book.
    book.loans.push(Loan { reader: reader.to_owned(), returned: false });
    Ok(!is_out)
}

/// A change deep inside an object is noticed, and only that object is written.
fn change_inside(cache: &Cache) -> Result<()> {
    let session = cache.session();
    ensure!(lend(&session, "lamp", "Pia")?, "the book is already lent");
    let report = session.commit()?;
    println!("Pia takes one book: {} object written", report.written);
    Ok(())
}

/// A session that is dropped, or rolled back, writes nothing.
fn abort(cache: &Cache) -> Result<()> {
    let session = cache.session();
    session.dict(&BOOKS).remove("tides")?;
    println!("A session removes the second book, and then is rolled back. Before that, it sees:");
    list(&session)?;
    session.rollback();
    Ok(())
}

/// A rollback to a savepoint undoes a part of a session's work.
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

/// In one session, all links to an object lead to the same object.
fn same_object(cache: &Cache) -> Result<()> {
    let session = cache.session();
    let books = session.dict(&BOOKS);
    let lamp = books.get("lamp")?.context("the book is lost")?;
    let tides = books.get("tides")?.context("the book is lost")?;
    // `follow` returns the object for reading. The link's key gives access for writing.
    let authors = session.dict(&AUTHORS);
    authors.get_mut(lamp.author.key())?.context("the author is lost")?.name = "J. Moor".to_owned();
    let author = session.follow(&tides.author)?.context("the author is lost")?;
    println!("An author is renamed through one book; another book sees: {}", author.name);
    drop((lamp, tides, author));
    session.commit()?;
    Ok(())
}

/// A cache may lose an object at any time, even if others link to it.
fn lost(cache: &Cache) -> Result<()> {
    cache.transaction(|session| session.dict(&AUTHORS).remove("ilyin"))?;
    println!("An author is lost:");
    list(&cache.session())?;

    // The program creates the object again, from its own knowledge, and stores it under its key.
    let restored = cache.transaction(|session| {
        let Some(book) = session.dict(&BOOKS).get("wolves")? else { return Ok(false) };
        let author = session.dict(&AUTHORS).entry(book.author.key())?;
        author.or_insert_with(|| Author { name: "Oleg Ilyin".to_owned() });
        Ok(true)
    })?;
    ensure!(restored, "the book is lost");
    println!("The author is stored again:");
    list(&cache.session())
}
