//! A definition without a name.

static NAMELESS: memdict::DictDef<u64> = memdict::DictDef::new("");

fn main() {
    let _ = &NAMELESS;
}
