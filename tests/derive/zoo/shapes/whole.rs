//! Attributes of types and of variants, generic types, and types with few fields or none.

use super::*;

macro_rules! wholes {
    ($(
        $(#[$lint:meta])*
        $name:ident: $type:ty { $($item:tt)* } = $value:expr; { $($changes:tt)* }
    )*) => {
        $(specimen! { $(#[$lint])* $name: $type { $($item)* } = $value; $($changes)* })*

        aviary! { $($name: $name::Shape,)* }
    };
}

/// Stores a pair in one text.
pub(crate) mod pair {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(
        a: &u32,
        b: &u8,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{a} {b}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<(u32, u8), D::Error> {
        let text = String::deserialize(deserializer)?;
        let (a, b) = text.split_once(' ').ok_or_else(|| serde::de::Error::custom("no pair"))?;
        let number = serde::de::Error::custom::<std::num::ParseIntError>;
        Ok((a.parse().map_err(number)?, b.parse().map_err(number)?))
    }
}

/// Stores what has a text as that.
pub(crate) mod as_text {
    use std::{fmt::Display, str::FromStr};

    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom("no such text"))
    }
}

wholes! {
    one_field: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo { #[serde(default)] a: u32 }
    } = Zoo { a: 1 }; {
        "a", Noticed: (it => it.a = 2) (view => *view.a = 2);
    }
    newtype: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        #[serde(transparent)]
        pub(crate) struct Zoo(#[serde(with = "halved")] u32);
    } = Zoo(2); {
        "0", Noticed: (it => it.0 = 4) (view => *view.0 = 4);
    }
    unit: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo;
    } = Zoo; {}
    nothing_stored: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo { #[serde(skip)] a: u32 }
    } = Zoo { a: 0 }; {
        "a", Skipped: (it => it.a = 2) (view => *view.a = 2);
    }
    nothing_compared: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo(#[memdict(untracked)] #[serde(with = "halved")] u32);
    } = Zoo(2); {
        "0", Untracked: (it => it.0 = 4) (view => *view.0 = 4);
    }
    units: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[serde(rename_all = "kebab-case")]
        #[memdict(merge)]
        pub(crate) enum Zoo { OneThing, #[serde(rename = "other")] AnotherThing }
    } = Zoo::OneThing; {
        "", Noticed: (it => *it = Zoo::AnotherThing) (view => { view.set(Zoo::AnotherThing); });
    }
    one_variant: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) enum Zoo { Only(#[serde(with = "halved")] u32) }
    } = Zoo::Only(2); {
        "0", Noticed:
            (it => { let Zoo::Only(a) = it; *a = 4; })
            (view => { let ZooEdit::Only(mut a) = view.variant(); *a = 4; });
    }
    other_variant: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) enum Zoo {
            Empty {},
            Named { #[serde(with = "halved")] a: u32 },
            Pair(Inner, u8),
        }
    } = Zoo::Named { a: 2 }; {
        "", Noticed:
            (it => *it = Zoo::Pair(inner("a"), 1))
            (view => **view = Zoo::Pair(inner("a"), 1));
    }
    skipped_variant: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) enum Zoo {
            #[serde(rename_all = "UPPERCASE")]
            Shape { long_name: u32 },
            #[serde(skip)]
            #[allow(dead_code, reason = "only has to be there")]
            Never(#[memdict(opaque)] Foreign),
        }
    } = Zoo::Shape { long_name: 2 }; {
        "LONG_NAME", Noticed:
            (it => if let Zoo::Shape { long_name } = it { *long_name = 4 })
            (view => if let ZooEdit::Shape { mut long_name } = view.variant() { *long_name = 4 });
    }
    variant_with: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) enum Zoo {
            #[allow(dead_code, reason = "only has to be there")]
            Before,
            #[serde(with = "pair")]
            Pair(u32, u8),
        }
    } = Zoo::Pair(1, 2); {
        "0", Noticed:
            (it => if let Zoo::Pair(a, _) = it { *a = 4 })
            (view => if let ZooEdit::Pair(mut a, _) = view.variant() { *a = 4 });
        "1", Noticed:
            (it => if let Zoo::Pair(_, b) = it { *b = 4 })
            (view => if let ZooEdit::Pair(_, mut b) = view.variant() { *b = 4 });
    }
    renamed: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[serde(rename = "Ark", rename_all = "camelCase", deny_unknown_fields)]
        #[memdict(merge, version = 3, edit = View, changes = Flags)]
        pub(crate) struct Zoo { first_name: u32, r#type: String }
    } = Zoo { first_name: 1, r#type: "a".to_owned() }; {
        "firstName", Noticed:
            (it => it.first_name = 2)
            (view => { let view: &mut View<'_> = view; *view.first_name = 2; });
        "type", Noticed: (it => it.r#type.push('b')) (view => view.r#type.push('b'));
    }
    stored_as_another: Zoo {
        #[derive(Clone, PartialEq, Serialize, Deserialize, Tracked)]
        #[serde(into = "String", try_from = "String")]
        #[memdict(merge)]
        pub(crate) struct Zoo { a: u32 }

        impl From<Zoo> for String {
            fn from(zoo: Zoo) -> Self {
                zoo.a.to_string()
            }
        }

        impl TryFrom<String> for Zoo {
            type Error = std::num::ParseIntError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse().map(|a| Self { a })
            }
        }
    } = Zoo { a: 1 }; {
        "a", Noticed: (it => it.a = 2) (view => *view.a = 2);
    }
    #[allow(deprecated, reason = "that is the shape")]
    deprecated: Zoo {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo { #[deprecated(note = "a shape")] #[serde(with = "halved")] a: u32 }
    } = Zoo { a: 2 }; {
        "a", Noticed: (it => it.a = 4) (view => *view.a = 4);
    }
    generic: Zoo<u16, 2> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo<T, const N: usize>
        where
            [T; N]: Serialize + for<'a> Deserialize<'a>,
        {
            #[serde(with = "halved")]
            a: u32,
            b: Vec<T>,
            c: [T; N],
            d: Option<Box<Inner>>,
        }
    } = Zoo { a: 2, b: vec![1], c: [1, 2], d: None }; {
        "a", Noticed: (it => it.a = 4) (view => *view.a = 4);
        "b", Noticed: (it => it.b.push(2)) (view => view.b.push(2));
        "c", Noticed: (it => it.c[0] = 2) (view => view.c[0] = 2);
        "d", Noticed:
            (it => it.d = Some(Box::new(inner("a"))))
            (view => *view.d = Some(Box::new(inner("a"))));
    }
    generic_enum: Zoo<Inner, String> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) enum Zoo<L, R = L> {
            Left(#[serde(with = "halved")] u32, L),
            #[allow(dead_code, reason = "only has to be there")]
            Right { right: R },
        }
    } = Zoo::Left(2, inner("a")); {
        "0", Noticed:
            (it => if let Zoo::Left(a, _) = it { *a = 4 })
            (view => if let ZooEdit::Left(mut a, _) = view.variant() { *a = 4 });
        "1.city", Noticed:
            (it => if let Zoo::Left(_, b) = it { b.city.push('b') })
            (view => if let ZooEdit::Left(_, mut b) = view.variant() { b.city.push('b') });
    }
    generic_opaque: Zoo<Foreign, Vec<Foreign>> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo<T, U: Clone>(#[memdict(opaque)] T, #[memdict(opaque, untracked)] U);
    } = Zoo(Foreign(1), Vec::new()); {
        "0", Noticed: (it => it.0 = Foreign(2)) (view => *view.0 = Foreign(2));
        "1", Untracked: (it => it.1.push(Foreign(2))) (view => view.1.push(Foreign(2)));
    }
    generic_with: Zoo<u64> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[serde(bound(serialize = "T: std::fmt::Display", deserialize = "T: std::str::FromStr"))]
        #[memdict(merge)]
        pub(crate) struct Zoo<T> { #[serde(with = "as_text")] a: T, b: u8 }
    } = Zoo { a: 1, b: 1 }; {
        "a", Noticed: (it => it.a = 2) (view => *view.a = 2);
        "b", Noticed: (it => it.b = 2) (view => *view.b = 2);
    }
    generic_with_on_the_field: Zoo<u64> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) enum Zoo<T> {
            Shape {
                #[serde(
                    with = "as_text",
                    bound(serialize = "T: std::fmt::Display", deserialize = "T: std::str::FromStr")
                )]
                a: T,
            },
        }
    } = Zoo::Shape { a: 1 }; {
        "a", Noticed:
            (it => { let Zoo::Shape { a } = it; *a = 2; })
            (view => { let ZooEdit::Shape { mut a } = view.variant(); *a = 2; });
    }
    generic_marker: Zoo<Foreign, 7> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo<T, const N: u8> {
            #[serde(skip)]
            of: PhantomData<fn() -> T>,
            with: PhantomData<T>,
            a: u32,
        }
    } = Zoo { of: PhantomData, with: PhantomData, a: 1 }; {
        "a", Noticed: (it => it.a = 2) (view => *view.a = 2);
    }
    generic_skipped: Zoo<String> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo<T: Default>(#[serde(skip)] Vec<T>, T, #[serde(skip)] T);
    } = Zoo(Vec::new(), "a".to_owned(), String::new()); {
        "0", Skipped: (it => it.0.push(String::new())) (view => view.0.push(String::new()));
        "1", Noticed: (it => it.1.push('b')) (view => view.1.push('b'));
        "2", Skipped: (it => it.2.push('b')) (view => view.2.push('b'));
    }
    generic_recursive: Zoo<u8> {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct Zoo<T> {
            #[serde(with = "halved")]
            a: u32,
            kids: Vec<Self>,
            other: Option<Box<Other<T>>>,
        }

        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) enum Other<T> { Back(Box<Zoo<T>>), End(T) }
    } = Zoo { a: 2, kids: Vec::new(), other: Some(Box::new(Other::End(1))) }; {
        "a", Noticed: (it => it.a = 4) (view => *view.a = 4);
        "kids", Noticed: (it => it.kids.push(Zoo::value())) (view => view.kids.push(Zoo::value()));
        "other", Noticed:
            (it => it.other = Some(Box::new(Other::Back(Box::new(Zoo::value())))))
            (view => *view.other = Some(Box::new(Other::Back(Box::new(Zoo::value())))));
    }
}
