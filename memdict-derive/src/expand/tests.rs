//! The generated code of each type in `tests/expand` is that of the file beside it. After an
//! intended change, run the tests with `MEMDICT_SNAPSHOTS=overwrite` and read the difference.

use std::{fs, path::Path};

use syn::{File, Item, parse_quote};

use super::derive;

fn expansion(source: &str) -> String {
    let file: File = syn::parse_str(source).unwrap();
    let [item] = &file.items[..] else {
        panic!("one type in each file");
    };
    let declared = match item {
        Item::Struct(item) => parse_quote!(#item),
        Item::Enum(item) => parse_quote!(#item),
        _ => panic!("neither a struct nor an enum"),
    };
    prettyplease::unparse(&syn::parse2(derive(&declared)).unwrap())
}

#[test]
fn generated_code_is_that_of_the_snapshots() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expand");
    let overwrite = std::env::var_os("MEMDICT_SNAPSHOTS").is_some();
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let now = expansion(&fs::read_to_string(&path).unwrap());
        let beside = path.with_extension("expanded");
        if overwrite {
            fs::write(&beside, &now).unwrap();
        }
        let was = fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(now, was, "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 12);
}
