//! The passes of the derive import each other in no circle, a module and its parent included.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use syn::{Item, UseTree};

/// A module by its path from the crate, such as `["attr", "list"]`; the crate itself is empty.
type Module = Vec<String>;

/// The modules that each module declares or imports from.
type Edges = BTreeMap<Module, BTreeSet<Module>>;

/// Reads the file of `module` and of each module that it declares, tests excepted.
fn read(file: &Path, folder: &Path, module: &Module, edges: &mut Edges) {
    let text = fs::read_to_string(file).expect("a declared module has a file");
    let items = syn::parse_file(&text).expect("it compiles, so it parses").items;
    let mut paths = Vec::new();
    for item in &items {
        match item {
            Item::Mod(declared) if declared.content.is_none() && !is_test(&declared.attrs) => {
                let name = declared.ident.to_string();
                let child = [module.clone(), vec![name.clone()]].concat();
                let inside = folder.join(&name);
                let nested = inside.join("mod.rs");
                let file = if nested.exists() { nested } else { inside.with_extension("rs") };
                read(&file, &inside, &child, edges);
                paths.push(child);
            }
            Item::Use(import) => flatten(&import.tree, &mut Vec::new(), module, &mut paths),
            _ => {}
        }
    }
    edges.insert(module.clone(), paths.into_iter().collect());
}

fn is_test(attrs: &[syn::Attribute]) -> bool {
    attrs.iter().any(|attr| attr.path().is_ident("cfg"))
}

/// The paths of a `use` item from the crate; those of other crates are left out.
fn flatten(tree: &UseTree, before: &mut Vec<String>, module: &Module, paths: &mut Vec<Module>) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, module, paths);
            before.pop();
        }
        UseTree::Group(group) => {
            group.items.iter().for_each(|tree| flatten(tree, before, module, paths));
        }
        leaf => {
            let mut path = before.clone();
            path.extend(match leaf {
                UseTree::Name(name) => Some(name.ident.to_string()),
                UseTree::Rename(rename) => Some(rename.ident.to_string()),
                _ => None,
            });
            paths.extend(resolved(path, module));
        }
    }
}

fn resolved(path: Vec<String>, module: &Module) -> Option<Module> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let (start, skipped) = match path.first().map(String::as_str) {
        Some("crate") => (&[][..], 1),
        Some("self") => (&module[..], 1),
        Some("super") => (&module[..module.len() - supers], supers),
        _ => return None,
    };
    Some([start, &path[skipped..]].concat())
}

fn edges() -> Edges {
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut edges = Edges::new();
    read(&source.join("lib.rs"), &source, &Module::new(), &mut edges);
    let modules: BTreeSet<Module> = edges.keys().cloned().collect();
    for (module, named) in &mut edges {
        // What is imported stands in the longest module that its path begins with.
        let longest = |mut path: Module| {
            while !modules.contains(&path) {
                path.pop();
            }
            path
        };
        *named = named.iter().cloned().map(longest).filter(|named| named != module).collect();
    }
    edges
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    fn visit<'a>(
        module: &'a Module,
        edges: &'a Edges,
        path: &mut Vec<&'a Module>,
        done: &mut BTreeSet<&'a Module>,
    ) {
        assert!(!path.contains(&module), "a circle: {path:?} {module:?}");
        if done.contains(module) {
            return;
        }
        path.push(module);
        edges[module].iter().for_each(|import| visit(import, edges, path, done));
        path.pop();
        done.insert(module);
    }
    let edges = edges();
    assert!(edges.len() > 15 && edges.values().map(BTreeSet::len).sum::<usize>() > 50, "{edges:?}");
    let mut done = BTreeSet::new();
    edges.keys().for_each(|module| visit(module, &edges, &mut Vec::new(), &mut done));
}
