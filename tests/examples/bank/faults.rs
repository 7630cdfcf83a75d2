//! A transfer between two entries, with faults in all of its operations.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicIsize, Ordering},
    },
    thread,
};

use memdict::{ApplyOut, Cache, Caps, Change, Error, Load, LoadOut, MemoryStore, Store};
use memdict_tests::{Bench, Fault, FaultyStore, Lives};

use super::{
    account::{ACCOUNTS, Account, Transfer},
    refusal::Refusal,
};

const RENT: Transfer = Transfer { id: 1, from: "anna", to: "ben", amount: 40 };

/// The operations of a transfer without faults are two loads, two looks and two changes. This
/// covers those of a second attempt as well.
const OPERATIONS: usize = 12;

fn open(cache: &Cache) {
    let opened = cache.transaction(|session| {
        let accounts = session.dict(&ACCOUNTS);
        ["anna", "ben", "cleo"].iter().try_for_each(|key| accounts.insert(*key, Account::with(100)))
    });
    opened.expect("nothing fails yet");
}

fn balance(cache: &Cache, owner: &str) -> Option<i64> {
    let session = cache.session();
    let account = session.dict(&ACCOUNTS).get(owner).expect("the store is up");
    account.map(|account| account.balance)
}

fn balances(cache: &Cache) -> [Option<i64>; 2] {
    ["anna", "ben"].map(|owner| balance(cache, owner))
}

/// Checks that each half is booked at most once; an account may also be lost.
fn once_at_most([anna, ben]: [Option<i64>; 2], when: &str) {
    assert!([None, Some(100), Some(60)].contains(&anna), "{when}: anna has {anna:?}");
    assert!([None, Some(100), Some(140)].contains(&ben), "{when}: ben has {ben:?}");
}

/// Makes a transfer during these faults, and again after them, as a client does that does not know
/// the outcome.
fn with_faults(bench: &Bench, faults: &[(usize, Fault)]) -> [Option<i64>; 2] {
    let cache = bench.strict().blocking();
    open(&cache);
    for (n, fault) in faults {
        bench.store.fail_in(*n, *fault);
    }
    let outcome = RENT.complete(&cache);
    bench.store.clear();
    let during = balances(&cache);
    once_at_most(during, &format!("{faults:?}: {outcome:?}"));

    let again = RENT.complete(&cache);
    let after = balances(&cache);
    once_at_most(after, &format!("{faults:?}: {outcome:?}, {again:?}"));
    if after.iter().all(Option::is_some) {
        assert_eq!(after, [Some(60), Some(140)], "{faults:?}: {outcome:?}, {again:?}");
    } else {
        assert!(matches!(again, Err(Refusal::Missing(_))), "{faults:?}: {again:?}");
    }
    after
}

/// Faults that keep the stored values.
const KEEPING: [Fault; 3] = [Fault::Down, Fault::AckLost, Fault::SentAndLost];

#[test]
fn a_transfer_is_made_once_whichever_operation_fails() {
    for bench in [Bench::on_memory(), Bench::on_memcached()] {
        for n in 0..OPERATIONS {
            for fault in KEEPING {
                assert_eq!(with_faults(&bench, &[(n, fault)]), [Some(60), Some(140)]);
            }
        }
    }
}

#[test]
fn a_transfer_is_made_once_whichever_two_operations_fail() {
    let bench = Bench::on_memory();
    let all = || (0..OPERATIONS).flat_map(|n| KEEPING.map(|fault| (n, fault)));
    for first in all() {
        for second in all().filter(|second| second.0 > first.0) {
            assert_eq!(with_faults(&bench, &[first, second]), [Some(60), Some(140)]);
        }
    }
}

/// A lost account loses its money and its ids, and the transfer says that the account is missing.
/// The other account has its half once or not at all.
#[test]
fn when_an_account_is_lost_the_other_one_has_its_half_at_most_once() {
    let bench = Bench::on_memory();
    let mut lost = BTreeSet::new();
    for n in 0..OPERATIONS {
        for fault in [Fault::Evicted, Fault::Refused, Fault::Restarted] {
            let after = with_faults(&bench, &[(n, fault)]);
            lost.extend(["anna", "ben"].into_iter().zip(after).filter(|(_, is)| is.is_none()));
            for (m, other) in (n + 1..OPERATIONS).flat_map(|m| KEEPING.map(|other| (m, other))) {
                with_faults(&bench, &[(n, fault), (m, other)]);
            }
        }
    }
    assert_eq!(lost.len(), 2, "each of the two was lost at least once: {lost:?}");
}

/// The account as it was read may lack what others paid since.
#[test]
fn an_account_that_was_lost_is_not_stored_as_it_was_before() {
    let bench = Bench::on_memory();
    let cache = bench.strict().blocking();
    open(&cache);
    let session = cache.session();
    RENT.enter(&session).expect("anna has 100");
    let shopping = Transfer { id: 2, from: "anna", to: "cleo", amount: 50 };
    shopping.complete(&cache).expect("anna has 100");
    bench.store.evict_all();
    let error = session.commit().expect_err("both accounts are gone");
    assert!(matches!(&error, Error::Conflict { conflicts, .. } if conflicts.len() == 2), "{error}");
    assert_eq!(balances(&cache), [None, None]);
}

/// A store that calls `act` just before one of the changes.
struct Interrupted {
    store: Arc<FaultyStore<MemoryStore>>,
    /// The number of changes before that.
    left: AtomicIsize,
    act: Box<dyn Fn() + Send + Sync>,
}

impl fmt::Debug for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Interrupted").field(&self.store).finish()
    }
}

impl Store for Interrupted {
    fn load_many(&self, loads: &[Load<'_>], out: &mut LoadOut<'_>) {
        self.store.load_many(loads, out);
    }

    fn apply_many(&self, changes: &[Change<'_>], out: &mut ApplyOut<'_>) {
        for (index, change) in changes.iter().enumerate() {
            if self.left.fetch_sub(1, Ordering::Relaxed) == 0 {
                (self.act)();
            }
            self.store.apply_many(&[*change], &mut |_, outcome| out(index, outcome));
        }
    }

    fn caps(&self) -> Caps {
        self.store.caps()
    }
}

/// Returns two caches. In the first, cleo pays 5 to this account between the check of the first
/// commit and its change with this number. Nothing interrupts the second.
fn interrupted(to: &'static str, change: isize) -> (Cache, Cache) {
    let store = Arc::new(FaultyStore::with_lives(MemoryStore::new(), Lives::Told));
    let others = Cache::builder()
        .strict(true)
        .open_store(Arc::clone(&store) as _)
        .expect("no option of a store is set");
    open(&others);
    let cleo = others.clone();
    let act = Box::new(move || {
        let tip = Transfer { id: 2, from: "cleo", to, amount: 5 };
        tip.complete(&cleo).expect("nothing interrupts this one");
    });
    let store = Interrupted { store, left: AtomicIsize::new(change), act };
    (
        Cache::builder()
            .strict(true)
            .open_store(Arc::new(store))
            .expect("no option of a store is set"),
        others,
    )
}

#[test]
fn a_conflict_after_half_was_written_is_reported_and_never_debits_twice() {
    for (changed, change, written, halves) in [
        ("ben", 0, "anna", [60, 105]),
        ("ben", 1, "anna", [60, 105]),
        ("anna", 0, "ben", [105, 140]),
    ] {
        let (cache, others) = interrupted(changed, change);
        let mut runs = 0;
        let outcome = cache.try_transaction(|session| {
            runs += 1;
            RENT.enter(session)
        });
        let Err(Refusal::Cache(error)) = outcome else { panic!("{outcome:?}") };
        assert!(!error.is_transient(), "{error}");
        assert_eq!(runs, 1, "it does not run again by itself");
        let Error::Conflict { conflicts, report, .. } = &error else { panic!("{error:?}") };
        let written_keys: Vec<_> = report.written_keys().map(|id| id.key.to_string()).collect();
        assert_eq!(written_keys, [written]);
        let [conflict] = &conflicts[..] else { panic!("{error}") };
        assert_eq!(
            (conflict.id.key.to_string(), conflict.ours.join(" ")),
            (changed.to_owned(), "balance done".to_owned())
        );
        assert_eq!(balances(&others), halves.map(Some));

        for _ in 0..2 {
            RENT.complete(&cache).expect("nothing interrupts it twice");
            let tip = |owner| if owner == changed { 5 } else { 0 };
            assert_eq!(balances(&cache), [Some(60 + tip("anna")), Some(140 + tip("ben"))]);
        }
        assert_eq!(balance(&cache, "cleo"), Some(95));
    }
}

#[test]
fn a_half_written_transfer_is_completed_even_if_the_money_is_gone_by_then() {
    let (cache, others) = interrupted("anna", 0);
    let outcome = cache.try_transaction(|session| RENT.enter(session));
    assert!(matches!(outcome, Err(Refusal::Cache(Error::Conflict { .. }))), "{outcome:?}");
    let shopping = Transfer { id: 3, from: "anna", to: "cleo", amount: 100 };
    shopping.complete(&others).expect("anna has 105");
    RENT.complete(&others).expect("ben has it already");
    assert_eq!(balances(&others), [Some(-35), Some(140)]);
    // A transfer that has not begun is refused.
    let more = Transfer { id: 4, from: "anna", to: "ben", amount: 1 };
    assert!(matches!(more.complete(&others), Err(Refusal::Overdraft { has: -35, .. })));
}

#[test]
fn threads_that_transfer_between_entries_keep_the_sum() {
    let bench = Bench::on_memory();
    let cache = bench.strict().blocking();
    open(&cache);
    let owners = ["anna", "ben", "cleo"];
    thread::scope(|scope| {
        for me in 0..3 {
            let cache = &cache;
            scope.spawn(move || {
                for n in 0..50 {
                    let (from, to) = (owners[me], owners[(me + 1) % 3]);
                    let transfer = Transfer { id: (me * 50 + n) as u64, from, to, amount: 7 };
                    match transfer.complete(cache) {
                        Ok(()) | Err(Refusal::Overdraft { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
    });
    let sum: Option<i64> = owners.iter().map(|owner| balance(&cache, owner)).sum();
    assert_eq!(sum, Some(300));
}
