//! Links work wherever a page is read: in the repository, on the registry and in the reference.

use std::{fs, path::Path};

const GUIDES: &str = "https://docs.rs/memdict/latest/memdict/docs/";

/// Returns the targets of the links in a page of Markdown: `](target)` and `[name]: target`.
fn targets(page: &str) -> Vec<&str> {
    let inline = page.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let named = page.lines().filter(|line| line.starts_with('['));
    let named = named.filter_map(|line| line.split_once("]: "));
    inline.map(|(target, _)| target).chain(named.map(|(_, target)| target)).collect()
}

#[test]
fn links_of_the_readme_and_the_guides_work_outside_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let modules = fs::read_to_string(root.join("memdict/src/docs.rs")).unwrap();
    let guides = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut found = 0;
    for path in guides.chain([root.join("README.md")]) {
        let page = fs::read_to_string(&path).unwrap();
        for target in targets(&page) {
            assert!(target.starts_with("https://"), "{}: {target}", path.display());
            if let Some(guide) = target.strip_prefix(GUIDES) {
                let name = guide.split('/').next().unwrap_or_default();
                assert!(
                    modules.contains(&format!("pub mod {name} ")),
                    "{}: {target}",
                    path.display()
                );
                found += 1;
            }
        }
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let included = modules.contains(&format!("../docs/{name}"));
        assert!(included || name == "README.md", "{name} is not in the reference");
    }
    assert!(found > 4, "only {found} links lead to guides");
}
