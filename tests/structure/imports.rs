//! The modules of a crate and their imports, read from the sources.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// Returns the path of the sources of a crate of this workspace.
pub(crate) fn source(crate_name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(crate_name).join("src")
}

/// Returns each module by its path, such as `store/memory`, with its text up to its tests.
pub(crate) fn modules(crate_name: &str) -> BTreeMap<String, String> {
    fn walk(dir: &Path, prefix: &str, out: &mut BTreeMap<String, String>) {
        for file in fs::read_dir(dir).expect("a crate has sources") {
            let path = file.expect("readable").path();
            let stem = path.file_stem().expect("named").to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, &format!("{prefix}{stem}/"), out);
            } else if path.extension().is_some_and(|it| it == "rs")
                && !["lib", "tests"].contains(&&*stem)
            {
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
    walk(&source(crate_name), "", &mut out);
    out
}

/// Returns the modules that each module imports, including its parent and its children.
pub(crate) fn imports(crate_name: &str) -> BTreeMap<String, BTreeSet<String>> {
    let modules = modules(crate_name);
    let of = |(module, text): (&String, &String)| {
        let named = uses(module, text, &modules).into_iter();
        let named = named.filter_map(|path| longest(&path, &modules));
        (module.clone(), named.filter(|named| named != module).collect())
    };
    modules.iter().map(of).collect()
}

/// Returns the longest module path that a path begins with.
fn longest(path: &str, modules: &BTreeMap<String, String>) -> Option<String> {
    let mut path = path;
    while !modules.contains_key(path) {
        path = path.rsplit_once('/')?.0;
    }
    Some(path.to_owned())
}

/// Returns the paths in a file's `use` items, with `crate`, `self` and `super` resolved.
fn uses(module: &str, text: &str, modules: &BTreeMap<String, String>) -> Vec<String> {
    let mut paths = Vec::new();
    let statements = text.split(';').filter_map(|item| {
        let at = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "];
        let at = at.iter().filter_map(|keyword| item.rfind(&format!("\n{keyword}"))).max()?;
        Some(item[at..].split_once("use ")?.1.replace(['\n', ' '], ""))
    });
    for statement in statements {
        for path in expanded(&statement) {
            let parts: Vec<&str> = path.split("::").collect();
            // Inside a module, `self` is the module itself and `super` its parent.
            let mut here: Vec<&str> = module.split('/').collect();
            let mut rest = &parts[..];
            match rest {
                ["crate", after @ ..] => {
                    here.clear();
                    rest = after;
                }
                ["self", after @ ..] => rest = after,
                ["super", ..] => {
                    while let ["super", after @ ..] = rest {
                        here.pop();
                        rest = after;
                    }
                }
                [first, ..] if modules.contains_key(&format!("{module}/{first}")) => {}
                _ => continue,
            }
            here.extend(rest);
            paths.push(here.join("/"));
        }
    }
    paths
}

/// Expands `a::{b, c::d}` to `a::b` and `a::c::d`.
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

#[test]
fn parents_children_and_siblings_are_all_seen() {
    let text = |text: &str| text.to_owned();
    let modules = BTreeMap::from([
        (text("a"), text("\nuse self::b::X;\npub(crate) use c::Y;\nuse std::fmt;")),
        (text("a/b"), text("\nuse super::Z;\nuse super::super::d;\nuse crate::{a::c::{W, V}};")),
        (text("a/c"), text("")),
        (text("d"), text("")),
    ]);
    let seen = |module: &str| {
        let paths = uses(module, &modules[module], &modules);
        paths.iter().filter_map(|path| longest(path, &modules)).collect::<BTreeSet<_>>()
    };
    assert!(seen("a").iter().eq(["a/b", "a/c"]), "{:?}", seen("a"));
    assert!(seen("a/b").iter().eq(["a", "a/c", "d"]), "{:?}", seen("a/b"));
}
