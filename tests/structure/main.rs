//! The structure that `docs/design.md` promises, read from the sources: imports run one way and not
//! in a circle, pure files are pure, and no file is too long to read.

mod imports;
mod links;

use std::{collections::BTreeSet, fs};

use imports::{imports, modules, source};

/// The layers, lowest first: files, and folders with all their files.
const LAYERS: &[&[&str]] = &[
    &[
        "conflict", "counters", "entry_id", "error", "health", "export", "key", "latency", "log",
        "lookup", "outages", "quote", "random", "report", "trace", "unusable",
    ],
    &["as_json", "codec", "envelope", "pack", "track"],
    &["store"],
    &["counter", "def", "dict", "face", "link", "session"],
    &["cache", "harness", "inspect", "open", "private", "testing", "url"],
];

/// The modules that do no I/O: files, and folders with all their files, except for the exceptions.
const PURE: &[&str] = &[
    "as_json",
    "codec",
    "counters",
    "def",
    "envelope",
    "error",
    "inspect",
    "key",
    "link",
    "pack",
    "report",
    "session/commit",
    "session/entry",
    "store/classic/text",
    "store/cluster/answer",
    "store/faulty/fault",
    "store/faulty/rates",
    "store/limits",
    "store/memcached/change",
    "store/memcached/doubt",
    "store/memcached/gets",
    "store/memcached/inbox",
    "store/memcached/load",
    "store/memcached/proto",
    "store/memcached/refusal",
    "store/memcached/talk",
    "store/memcached/work",
    "store/operation",
    "store/placement",
    "store/servers",
    "track",
    "url",
];
const IMPURE: &[&str] = &["session/commit/run"];

/// Modules that are only data: a pure file may import them from the stores.
const DATA_OF_STORES: &[&str] = &[
    "store/caps",
    "store/credentials",
    "store/expiry",
    "store/limits",
    "store/operation",
    "store/ttl",
];

/// The only files that may use what reaches beyond the process.
const NETWORK: &[&str] = &[
    "store/classic/link",
    "store/classic/stream",
    "store/cluster/ask",
    "store/cluster/line",
    "store/memcached/resolve",
    "store/memcached/tasks/connect",
    "store/memcached/tasks/socket",
    "store/memcached/wire",
];

/// Names of what reaches beyond the process.
const CONNECTIONS: &[&str] = &[
    "TcpStream",
    "UnixStream",
    "ToSocketAddrs",
    "lookup_host",
    "MetaClient",
    "ConnectionManager",
    "memcache::Pool",
];

/// The only folder that may use the `memcache` crate.
const CLIENTS: &[&str] = &["store/classic"];

/// Returns whether `module` is one of these, or in one of them.
fn is_in(module: &str, places: &[&str]) -> bool {
    places.iter().any(|place| {
        module.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// Returns the lines of a text that are not comments.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.trim_start().starts_with("//"))
}

fn layer(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|layer| is_in(module, layer))
        .unwrap_or_else(|| panic!("`{module}` is in no layer: say which, here and in the design"))
}

#[test]
fn imports_go_to_the_same_layer_or_a_lower_one() {
    let imports = imports("memdict");
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 50, "{imports:#?}");
    for (module, named) in &imports {
        for import in named {
            assert!(layer(import) <= layer(module), "{module} imports {import}, a layer above it");
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle_parents_and_children_included() {
    for crate_name in ["memdict", "memdict-derive"] {
        let mut left = imports(crate_name);
        assert!(left.len() > 10, "{left:?}");
        // A module that imports no remaining module, or that none imports, is not in a circle.
        loop {
            let imported: BTreeSet<_> = left.values().flatten().cloned().collect();
            let before = left.len();
            left.retain(|module, _| imported.contains(module));
            let there: BTreeSet<_> = left.keys().cloned().collect();
            left.values_mut().for_each(|named| named.retain(|named| there.contains(named)));
            left.retain(|_, named| !named.is_empty());
            if left.len() == before {
                break;
            }
        }
        assert!(left.is_empty(), "circles in {crate_name}: {left:#?}");
    }
}

#[test]
fn files_that_the_design_calls_pure_know_no_store_and_do_no_io() {
    let (imports, modules) = (imports("memdict"), modules("memdict"));
    for place in PURE.iter().chain(IMPURE) {
        assert!(modules.keys().any(|module| is_in(module, &[place])), "there is no {place}");
    }
    for (module, text) in &modules {
        let pure = is_in(module, PURE) && !is_in(module, IMPURE);
        for import in imports[module].iter().filter(|_| pure) {
            let of_stores = is_in(import, &["store"]) && !is_in(import, DATA_OF_STORES);
            let is_pure = is_in(import, PURE) && !is_in(import, IMPURE);
            let io = of_stores && !is_pure || is_in(import, &["session/drive", "session/load"]);
            assert!(!io, "{module} is pure and imports {import}");
        }
        for word in
            ["std::net::Tcp", "std::fs", "thread::sleep", "Instant", "async ", ".await;", ".await?"]
        {
            let says = code(text).any(|line| line.contains(word));
            assert!(!pure || !says, "{module} is pure and says `{word}`");
        }
    }
}

#[test]
fn only_a_few_files_reach_beyond_the_process() {
    for (module, text) in modules("memdict") {
        let named = CONNECTIONS.iter().any(|connection| text.contains(connection));
        assert!(!named || is_in(&module, NETWORK), "{module} reaches for the network");
        let allowed = is_in(&module, CLIENTS);
        let begins = |at: usize| !text[..at].ends_with(|before: char| before.is_alphanumeric());
        let named = text.match_indices("memcache::").any(|(at, _)| begins(at));
        assert!(!named || allowed, "{module} names the memcache crate");
    }
}

#[test]
fn only_the_protocol_knows_how_a_line_ends() {
    for (module, text) in modules("memdict") {
        let knows = code(&text).any(|line| line.contains("\\r\\n") || line.contains("b'\\n'"));
        let is_engine = is_in(&module, &["store/memcached"]);
        let may = is_in(&module, &["store/memcached/proto"]);
        assert!(!is_engine || may || !knows, "{module} knows it as well");
    }
}

#[test]
fn only_the_key_layer_knows_how_long_a_key_may_be() {
    for (module, text) in modules("memdict") {
        let known = code(&text).filter(|it| it.contains("250") || it.contains("MAX_KEY_LENGTH"));
        assert!(module == "key" || known.count() == 0, "{module} knows it as well");
    }
}

#[test]
fn no_source_file_is_longer_than_400_lines() {
    for crate_name in ["memdict", "memdict-derive"] {
        let mut folders = vec![source(crate_name)];
        while let Some(folder) = folders.pop() {
            for file in fs::read_dir(folder).expect("a folder of sources") {
                let path = file.expect("readable").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let lines = fs::read_to_string(&path).expect("text").lines().count();
                assert!(lines <= 400, "{} has {lines} lines", path.display());
            }
        }
    }
}
