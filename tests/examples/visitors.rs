//! The `visitors` example on the embedded store: its counts, its output and its notes.

use crate::log::{BAD, Log};
use crate::run::{Ran, example, root};
use serde_json::{Map, Value};

const LABELS: [&str; 10] = [
    "lines",
    "bad lines",
    "visitors",
    "pages",
    "loads",
    "writes",
    "explicit writes",
    "unchanged",
    "lost",
    "seconds",
];

fn visitors(args: &[&str]) -> Ran {
    Ran::of(example("visitors").args(args))
}

/// Returns the labels of the table's rows.
fn labels(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| !line.starts_with("visitors: "));
    rows.map(|row| row.rsplit_once(' ').map_or("", |(label, _)| label.trim())).collect()
}

#[test]
fn without_arguments_the_sample_is_counted_and_a_table_shown() {
    let ran = visitors(&[]);
    assert_eq!(labels(ran.ok()), LABELS);
    let notes: Vec<_> = ran.err.lines().collect();
    assert_eq!(notes.len(), BAD.len(), "{notes:?}");
    for (note, (number, reason)) in notes.iter().zip(BAD) {
        assert!(note.starts_with(&format!("visitors: line {number}: ")), "{note}");
        assert!(note.contains(reason) && note.ends_with("skipped"), "{note}");
    }
}

#[test]
fn the_dump_is_what_awk_counts_for_every_batch_size() {
    for log in Log::all() {
        let path = log.path().to_str().expect("the path is text");
        for batch in ["100", "1", "7", "1000000"] {
            let ran = visitors(&["--dump", "--batch", batch, path]);
            assert!(ran.ok() == log.dump(1), "{path}, batches of {batch}");
            assert_eq!(labels(&ran.err), LABELS);
        }
    }
}

#[test]
fn the_line_of_json_has_exactly_these_keys_and_its_sums_are_right() {
    for log in Log::all() {
        let ran = Ran::of(example("visitors").arg("--json").arg(log.path()));
        assert_eq!(ran.ok().lines().count(), 1);
        assert_eq!(labels(&ran.err), LABELS);
        let json: Map<String, Value> = serde_json::from_str(&ran.out).expect("it is an object");
        let mut keys: Vec<_> = json.keys().map(String::as_str).collect();
        keys.sort_unstable();
        let names = "bad_lines explicit_writes lines loads lost pages unchanged visitors writes";
        assert_eq!(keys.join(" "), names);
        let number = |key: &str| json[key].as_u64().expect("a number");
        assert_eq!(number("lines"), log.lines());
        assert_eq!(number("bad_lines"), log.bad_lines());
        assert_eq!(number("visitors"), log.dump(1).lines().count() as u64);
        assert_eq!(number("lost"), 0);
        assert_eq!(number("writes") + number("unchanged"), number("explicit_writes"));
        // Each object that was borrowed for writing was loaded once in its session, and no other.
        assert_eq!(number("loads"), number("explicit_writes"));
        assert!(number("unchanged") > 0 && number("writes") < number("loads"), "{json:?}");
    }
}

#[test]
fn json_and_dump_together_are_the_dump_and_then_the_line_of_json() {
    let ran = visitors(&["--json", "--dump"]);
    let (line, dump) = (ran.ok().lines().last(), Log::sample().dump(1));
    let line = line.expect("there is a line");
    assert!(line.starts_with("{\"lines\":202,\"bad_lines\":6,"), "{line}");
    assert_eq!(ran.out, format!("{dump}{line}\n"));
}

#[test]
fn standard_input_is_read_and_unusual_bytes_do_not_stop_it() {
    let log = [
        &b"192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET /\xff HTTP/1.1\" 200 5 \"-\" \"\xfe\"\n"[..],
        b"\xff\xfe\x00\n",
        b"192.0.2.1 - - [17/May/2015:10:05:04 +0000] \"-\" 408 -\r\n",
        b"192.0.2.1 - - [17/May/2015:10:05:05 +0000] \"GET / HTTP/1.1\" 200 7",
    ];
    let ran = Ran::fed(example("visitors").args(["--dump", "-"]), &log.concat());
    assert_eq!(ran.ok(), "192.0.2.1 3 12\n");
    assert!(ran.err.contains("visitors: line 2: "), "{}", ran.err);
    // There is no progress bar and no colour, because this is not a terminal.
    assert!(!ran.err.contains('\x1b') && !ran.err.contains('\r'), "{:?}", ran.err);

    let ran = Ran::fed(example("visitors").args(["--json", "-"]), b"");
    assert!(ran.ok().starts_with("{\"lines\":0,"), "{ran:?}");
}

#[test]
fn an_invalid_command_line_ends_with_2_and_names_the_mistake() {
    for (args, part) in [
        (&["--bogus"][..], "--bogus"),
        (&["-x"], "-x"),
        (&["--batch", "0"], "--batch"),
        (&["--batch", "many"], "many"),
        (&["--batch"], "--batch"),
        (&["--store"], "--store"),
        (&["--json=yes"], "--json"),
        (&["a.log", "b.log"], "b.log"),
    ] {
        let ran = visitors(args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(part) && ran.err.contains("--help"), "{args:?}: {ran:?}");
    }
}

#[test]
fn a_failure_ends_with_1_and_is_named() {
    let root = root().to_str().expect("the path is text");
    for (args, part) in [
        (&["--store", "redis://127.0.0.1"][..], "memcache://"),
        (&["--store", "memory:?maxbytes=1MiB"], "max_bytes"),
        (&["--store", "memcache://"], "memcache:"),
        (&["no/such.log"], "no/such.log"),
        (&[root], "cannot be read"),
    ] {
        let ran = visitors(args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{args:?}: {ran:?}");
        assert!(ran.err.contains(part) && !ran.err.contains("panicked"), "{args:?}: {ran:?}");
    }
    let ran = Ran::of(example("visitors").env("MEMDICT_URL", "nowhere:"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("nowhere"), "{ran:?}");
}

#[test]
fn a_store_that_is_too_small_loses_values_and_the_run_succeeds() {
    let ran = visitors(&["--json", "--store", "memory:?max_bytes=4KiB"]);
    assert!(ran.ok().contains("\"lines\":202,"), "{ran:?}");
    assert!(ran.err.contains("not in the store"), "{ran:?}");
}

#[test]
fn help_names_every_option() {
    let ran = visitors(&["--help"]);
    for option in ["--store", "--batch", "--json", "--dump", "FILE", "MEMDICT_URL"] {
        assert!(ran.ok().contains(option), "{option}");
    }
}
