//! The `zodb` example: a small graph of objects, what is written of it, and what is lost.

use crate::run::{Ran, example, example_on, without_its_server};
use memdict_tests::Memcached;

const SHOWN: &str = "\
The library:
  The Lamp on the Pier by Jane Moor
  A Table of Tides by Jane Moor
  Wolves, and How to Draw Them by Oleg Ilyin
Pia takes one book: 1 object written
Without the second book, which this session removed and then is aborted:
  The Lamp on the Pier by Jane Moor, lent to Pia
  tides: lost
  Wolves, and How to Draw Them by Oleg Ilyin
Rolf cannot have `lamp`: back to the savepoint
Rolf takes the others: 2 objects written
  The Lamp on the Pier by Jane Moor, lent to Pia
  A Table of Tides by Jane Moor, lent to Rolf
  Wolves, and How to Draw Them by Oleg Ilyin, lent to Rolf
renamed by way of one book, seen from another: J. Moor
An author is lost:
  The Lamp on the Pier by J. Moor, lent to Pia
  A Table of Tides by J. Moor, lent to Rolf
  Wolves, and How to Draw Them by an author who is lost, lent to Rolf
and made anew:
  The Lamp on the Pier by J. Moor, lent to Pia
  A Table of Tides by J. Moor, lent to Rolf
  Wolves, and How to Draw Them by Oleg Ilyin, lent to Rolf
";

#[test]
fn links_are_followed_changes_noticed_and_a_lost_object_is_a_miss() {
    assert_eq!(Ran::of(&mut example("zodb")).ok(), SHOWN);
}

#[test]
fn on_a_memcached_only_what_was_changed_is_sent() {
    let server = Memcached::start();
    for run in 1..3 {
        assert_eq!(Ran::of(&mut example_on(&server, "zodb")).ok(), SHOWN);
        // A library, three books and two authors; then a loan, two loans, a name, and an author
        // made anew.
        assert_eq!(server.stat("cmd_set"), run * (6 + 1 + 2 + 1 + 1));
    }
}

#[test]
fn a_server_that_is_down_is_said_without_a_panic() {
    let (says, _) = without_its_server("zodb");
    assert!(says.contains("is lost"), "{says}");
}
