//! What the embedded store takes, measured by the allocator. The allocator counts all of its process.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use memdict::{Change, Condition, Expiry, MemoryStore, Op, Store};

struct Counting;

static TAKEN: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

/// Returns how many bytes a system's allocator takes, as that of glibc does: a header, 32 bytes at
/// least, and a multiple of 16.
fn takes(layout: Layout) -> usize {
    (layout.size() + 8).next_multiple_of(16).max(32)
}

// SAFETY: the system's allocator does the work, and gets what this one gets.
#[allow(unsafe_code)] // An allocator cannot be written without it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        MOST.fetch_max(TAKEN.fetch_add(takes(layout), Relaxed) + takes(layout), Relaxed);
        // SAFETY: as required of the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        TAKEN.fetch_sub(takes(layout), Relaxed);
        // SAFETY: as required of the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Stores `many` items of `length` bytes, under keys from `first` on.
fn fill(s: &MemoryStore, first: usize, many: usize, length: usize) {
    let value = vec![b'v'; length];
    let op = Op::Store { bytes: &value, expiry: Expiry::Never };
    for number in first..first + many {
        let key = format!("k{number}");
        let change = [Change::new(key.as_bytes(), op, Condition::Always)];
        s.apply_many(&change, &mut |_, outcome| assert!(outcome.is_ok(), "it fits"));
    }
}

#[test]
fn the_embedded_store_takes_at_most_its_limit_whatever_the_size_of_its_items() {
    const LIMIT: usize = 16 << 20;
    /// What a test's own keys and values take meanwhile.
    const OWN: usize = 2 << 20;

    for (lengths, many) in [
        (&[0][..], 300_000),
        (&[1], 300_000),
        (&[100], 200_000),
        (&[3_000], 20_000),
        (&[200_000], 500),
        (&[1_000_000], 100),
        // After small items, the table is large.
        (&[1, 1_000_000, 1, 3_000], 100_000),
    ] {
        let before = TAKEN.load(Relaxed);
        let s = MemoryStore::new().max_bytes(LIMIT);
        MOST.store(before, Relaxed);
        for (round, &length) in lengths.iter().enumerate() {
            let many = many.min((30 * LIMIT / (length + 100)).max(100));
            // New keys, and then the same ones again.
            fill(&s, round * 1_000_000, many, length);
            fill(&s, round * 1_000_000 + many / 2, many / 2, length);
            let taken = TAKEN.load(Relaxed) - before;
            assert!(s.evictions() > 0 && taken <= LIMIT, "{length}: {taken} bytes");
            // It is not wasted either.
            assert!(taken > LIMIT / 2, "{length}: only {taken} bytes");
        }
        let most = MOST.load(Relaxed) - before;
        assert!(most <= LIMIT + OWN, "{lengths:?}: {most} bytes at most");
    }
}
