//! Imports run one way: a file imports from its own layer or a lower one, and files import each
//! other in no circle. Reads the `use` lines of memdict itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The layers, lowest first: files, and folders with all that is in them.
const LAYERS: &[&[&str]] = &[
    &["counters", "error", "key", "log", "random", "report"],
    &["codec", "envelope", "track"],
    &["store"],
    &["def", "dict", "link", "session"],
    &["cache", "open", "private", "url"],
];

/// The only files that may name what is beyond the process.
const NETWORK: &[&str] = &["store/classic/link", "store/memcached/socket"];

/// Op reaches beyond the process.
const CONNECTIONS: &[&str] =
    &["TcpStream", "UnixStream", "MetaClient", "ConnectionManager", "memcache::Pool"];

/// The only folder that may name the `memcache` crate.
const CLIENTS: &[&str] = &["store/classic"];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../memdict/src")
}

/// Each module by its path, such as `store/memory`, with its text up to its tests.
fn modules() -> BTreeMap<String, String> {
    fn walk(dir: &Path, prefix: &str, out: &mut BTreeMap<String, String>) {
        for file in fs::read_dir(dir).expect("memdict has sources") {
            let path = file.expect("readable").path();
            let stem = path.file_stem().expect("named").to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, &format!("{prefix}{stem}/"), out);
            } else if !["lib", "tests"].contains(&&*stem) {
                let text = fs::read_to_string(&path).expect("readable");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
                let name = match &*stem {
                    "mod" => prefix.trim_end_matches('/').to_owned(),
                    _ => format!("{prefix}{stem}"),
                };
                out.insert(name, text);
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(&source(), "", &mut out);
    out
}

/// The paths that a file's `use` items name, with `crate` and `super` resolved.
fn uses(module: &str, text: &str, is_folder: impl Fn(&str) -> bool) -> Vec<String> {
    let mut paths = Vec::new();
    let statements = text.split(';').filter_map(|item| {
        let at = item.rfind("\nuse ").or_else(|| item.rfind("pub use "))?;
        Some(item[at..].split_once("use ")?.1.replace(['\n', ' '], ""))
    });
    for statement in statements {
        for path in expanded(&statement) {
            let mut parts: Vec<&str> = path.split("::").collect();
            let mut here: Vec<&str> = module.split('/').collect();
            if !is_folder(module) {
                here.pop();
            }
            match parts[0] {
                "crate" => here.clear(),
                "self" => {}
                "super" => {
                    if is_folder(module) {
                        here.pop();
                    }
                    while parts.get(1) == Some(&"super") {
                        here.pop();
                        parts.remove(0);
                    }
                }
                first if is_folder(module) && is_folder(&format!("{module}/{first}")) => {
                    here.push(first);
                }
                _ => continue,
            }
            here.extend(&parts[1..]);
            paths.push(here.join("/"));
        }
    }
    paths
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn expanded(path: &str) -> Vec<String> {
    let Some((before, inside)) = path.split_once('{') else { return vec![path.to_owned()] };
    let inside = inside.strip_suffix('}').unwrap_or(inside);
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let parts = parts.into_iter().filter(|part| !part.is_empty());
    parts.flat_map(|part| expanded(&format!("{before}{part}"))).collect()
}

/// Which modules each module imports.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let modules = modules();
    let is_folder =
        |name: &str| modules.keys().any(|module| module.starts_with(&format!("{name}/")));
    modules
        .iter()
        .map(|(module, text)| {
            let named = uses(module, text, is_folder).into_iter().filter_map(|path| {
                // The longest module that the path begins with.
                let mut path = path.as_str();
                while !modules.contains_key(path) {
                    path = path.rsplit_once('/')?.0;
                }
                Some(path.to_owned())
            });
            (module.clone(), named.filter(|named| named != module).collect())
        })
        .collect()
}

fn layer(module: &str) -> usize {
    let top = module.split('/').next().unwrap_or(module);
    LAYERS
        .iter()
        .position(|layer| layer.contains(&top))
        .unwrap_or_else(|| panic!("`{module}` is in no layer: say which, here and in the design"))
}

#[test]
fn imports_go_to_the_same_layer_or_a_lower_one() {
    let imports = imports();
    assert!(imports.values().map(BTreeSet::len).sum::<usize>() > 50, "{imports:#?}");
    for (module, named) in &imports {
        for import in named {
            assert!(layer(import) <= layer(module), "{module} imports {import}, a layer above it");
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    fn visit<'a>(
        module: &'a str,
        imports: &'a BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<&'a str>,
        done: &mut BTreeSet<&'a str>,
    ) {
        if done.contains(module) {
            return;
        }
        assert!(!path.contains(&module), "a circle: {path:?} {module}");
        path.push(module);
        for import in &imports[module] {
            // A folder's own file declares and re-exports what is inside.
            if !import.starts_with(&format!("{module}/")) {
                visit(import, imports, path, done);
            }
        }
        path.pop();
        done.insert(module);
    }
    let imports = imports();
    let mut done = BTreeSet::new();
    for module in imports.keys() {
        visit(module, &imports, &mut Vec::new(), &mut done);
    }
}

#[test]
fn plan_settle_and_entry_know_no_store_and_do_no_io() {
    let imports = imports();
    for module in ["session/commit/plan", "session/commit/settle", "session/entry/state"] {
        for import in &imports[module] {
            let io = import.starts_with("store/") || import == "session/drive";
            assert!(!io, "{module} imports {import}");
        }
    }
    for (module, text) in modules() {
        let named = CONNECTIONS.iter().any(|connection| text.contains(connection));
        assert!(!named || NETWORK.contains(&&*module), "{module} reaches for the network");
        let allowed = CLIENTS.iter().any(|folder| module.starts_with(folder));
        assert!(!text.contains("memcache::") || allowed, "{module} names the memcache crate");
    }
}

#[test]
fn only_the_protocol_knows_how_a_line_ends() {
    for (module, text) in modules() {
        let is_engine = module.starts_with("store/memcached/");
        let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let knows = code.any(|line| line.contains("\\r\\n") || line.contains("b'\\n'"));
        let may = module.starts_with("store/memcached/proto");
        assert!(!is_engine || may || !knows, "{module} knows it as well");
    }
}

#[test]
fn only_the_key_layer_knows_how_long_a_key_may_be() {
    for (module, text) in modules() {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let known = code.filter(|line| line.contains("250") || line.contains("MAX_KEY_LENGTH"));
        assert!(module == "key" || known.count() == 0, "{module} knows it as well");
    }
}

#[test]
fn no_source_file_is_above_400_lines() {
    for crate_name in ["memdict", "memdict-derive"] {
        let mut folders = vec![source().join("../..").join(crate_name).join("src")];
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
