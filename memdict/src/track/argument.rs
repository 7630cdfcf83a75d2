//! The arguments of a generic type, as the schema fingerprint writes those that are not stored.

use std::{any, fmt};

/// Returns the name of `T`, without the modules that lead to it.
///
/// The compiler's [`type_name`](any::type_name) is the only name of a type that need not be
/// tracked. It is not promised to be the same for each compiler; where it is not, stored values
/// are misses, and never values of another type. Modules are left out, as they are for declared
/// types, so that a type that was moved keeps its stored values.
#[must_use]
pub fn name_of<T: ?Sized>() -> String {
    short(any::type_name::<T>())
}

/// Returns the value of a constant parameter, as it is written in source.
#[must_use]
pub fn written(value: impl fmt::Debug) -> String {
    format!("{value:?}")
}

/// Removes the modules from the name of a type, and the lifetimes, which not every compiler writes.
fn short(name: &str) -> String {
    let name = ["<'_>", "'_, ", " + '_", "'_ "]
        .into_iter()
        .fold(name.to_owned(), |name, lifetime| name.replace(lifetime, ""));
    let mut parts = name.split("::").peekable();
    let mut short = String::new();
    while let Some(part) = parts.next() {
        let is_module = parts.peek().is_some();
        let of_word = |c: char| c.is_alphanumeric() || c == '_';
        short.push_str(if is_module { part.trim_end_matches(of_word) } else { part });
    }
    short
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, marker::PhantomData};

    use super::*;

    struct Usd;
    struct Of<T>(PhantomData<T>);

    #[test]
    fn the_name_of_a_type_is_without_modules() {
        assert_eq!(name_of::<Usd>(), "Usd");
        assert_eq!(name_of::<Of<(Usd, u8)>>(), "Of<(Usd, u8)>");
        assert_eq!(
            name_of::<HashMap<String, [Option<Usd>; 2]>>(),
            "HashMap<String, [Option<Usd>; 2]>"
        );
        assert_eq!(name_of::<fn(Usd) -> Of<u8>>(), "fn(Usd) -> Of<u8>");
        assert_eq!(name_of::<str>(), "str");
    }

    #[test]
    fn lifetimes_are_left_out_whether_the_compiler_writes_them_or_not() {
        for (written, name) in [
            ("&str", "&str"),
            ("&'_ str", "&str"),
            ("a::Of<'_>", "Of"),
            ("a::Of<'_, b::C>", "Of<C>"),
            ("a::Of<'_, ':', 'é'>", "Of<':', 'é'>"),
            ("fn(&'_ u8) -> a::b::Of<'_>", "fn(&u8) -> Of"),
            ("dyn a::B<C = d::E> + '_", "dyn B<C = E>"),
            ("a::b::{{closure}}", "{{closure}}"),
            ("::", ""),
        ] {
            assert_eq!(short(written), name, "{written}");
        }
    }

    #[test]
    fn values_are_written_as_in_source() {
        assert_eq!(
            [written(3_u64), written(-3_i8), written(true), written('\'')],
            ["3", "-3", "true", r"'\''"]
        );
    }
}
