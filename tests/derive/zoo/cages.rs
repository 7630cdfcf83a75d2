//! The macros that make a specimen of a shape. A field is written as
//! `{ [attributes] {type} value, changed, counts, "name", "path inside" (part => edit) }`; an empty
//! name is that of the field.

/// A type of one shape, as it is written, with the changes of its fields.
macro_rules! specimen {
    (
        $(#[$lint:meta])* $name:ident: $type:ty { $($item:tt)* }
        = $value:expr;
        $($path:expr, $counts:ident: ($it:ident => $change:expr) ($view:ident => $edit:expr);)*
    ) => {
        $(#[$lint])*
        pub(crate) mod $name {
            #[allow(unused_imports, reason = "not every shape needs all of them")]
            use super::*;

            $($item)*

            impl Specimen for $type {
                const COUNT: usize = <[&str]>::len(&[$($path),*]);

                fn fields() -> Vec<(String, Counts)> {
                    vec![$(($path.to_owned(), Counts::$counts)),*]
                }

                fn value() -> Self {
                    $value
                }

                fn change(&mut self, field: usize) {
                    let mut places = 0..;
                    $(if places.next() == Some(field) {
                        let $it = &mut *self;
                        $change;
                    })*
                    let _ = (field, places.next());
                }

                fn change_in(view: &mut <Self as Tracked>::Edit<'_>, field: usize) {
                    let mut places = 0..;
                    $(if places.next() == Some(field) {
                        let $view = &mut *view;
                        $edit;
                    })*
                    let _ = (view, field, places.next());
                }
            }

            pub(crate) type Shape = $type;
        }
    };
}

/// All of these specimens in one type: so that sessions are compiled for one type and not for each.
macro_rules! aviary {
    ($($name:ident: $type:ty,)*) => {
        #[derive(PartialEq, Serialize, Deserialize, Tracked)]
        #[memdict(merge)]
        pub(crate) struct All {
            $($name: $type,)*
        }

        impl Specimen for All {
            const COUNT: usize = 0 $(+ <$type>::COUNT)*;

            fn fields() -> Vec<(String, Counts)> {
                let mut fields = Vec::new();
                $(fields.extend(<$type>::fields().into_iter().map(|(path, counts)| {
                    let separator = if path.is_empty() { "" } else { "." };
                    (format!("{}{separator}{path}", stringify!($name)), counts)
                }));)*
                fields
            }

            fn value() -> Self {
                Self { $($name: <$type>::value()),* }
            }

            fn change(&mut self, mut field: usize) {
                $(match field.checked_sub(<$type>::COUNT) {
                    None => return self.$name.change(field),
                    Some(rest) => field = rest,
                })*
                panic!("there is no field {field} more");
            }

            fn change_in(view: &mut <Self as Tracked>::Edit<'_>, mut field: usize) {
                $(match field.checked_sub(<$type>::COUNT) {
                    None => return <$type>::change_in(&mut view.$name, field),
                    Some(rest) => field = rest,
                })*
                panic!("there is no field {field} more");
            }
        }
    };
}

/// The path of a field's change: its own name or that of its attribute, and a path inside.
macro_rules! path {
    ($own:literal, "", $inside:literal) => {
        concat!($own, $inside)
    };
    ($own:literal, $name:literal, $inside:literal) => {
        concat!($name, $inside)
    };
}

/// Three fields, in each kind of type.
macro_rules! cages {
    (
        $module:ident:
        {
            [$($a_attr:tt)*] {$($a_type:tt)*} $a:expr, $a_changed:expr, $a_counts:ident,
            $a_name:tt, $a_inside:literal ($a_part:ident => $a_edit:expr)
        }
        {
            [$($b_attr:tt)*] {$($b_type:tt)*} $b:expr, $b_changed:expr, $b_counts:ident,
            $b_name:tt, $b_inside:literal ($b_part:ident => $b_edit:expr)
        }
        {
            [$($c_attr:tt)*] {$($c_type:tt)*} $c:expr, $c_changed:expr, $c_counts:ident,
            $c_name:tt, $c_inside:literal ($c_part:ident => $c_edit:expr)
        }
    ) => {
        pub(crate) mod $module {
            use super::*;

            specimen! {
                named: Zoo {
                    #[derive(PartialEq, Serialize, Deserialize, Tracked)]
                    #[memdict(merge)]
                    pub(crate) struct Zoo {
                        $($a_attr)* a: $($a_type)*,
                        $($b_attr)* b: $($b_type)*,
                        $($c_attr)* c: $($c_type)*,
                    }
                } = Zoo { a: $a, b: $b, c: $c };
                path!("a", $a_name, $a_inside), $a_counts: (it => it.a = $a_changed)
                    (view => { let $a_part = &mut view.a; $a_edit });
                path!("b", $b_name, $b_inside), $b_counts: (it => it.b = $b_changed)
                    (view => { let $b_part = &mut view.b; $b_edit });
                path!("c", $c_name, $c_inside), $c_counts: (it => it.c = $c_changed)
                    (view => { let $c_part = &mut view.c; $c_edit });
            }

            specimen! {
                tuple: Zoo {
                    #[derive(PartialEq, Serialize, Deserialize, Tracked)]
                    #[memdict(merge)]
                    pub(crate) struct Zoo(
                        $($a_attr)* $($a_type)*,
                        $($b_attr)* $($b_type)*,
                        $($c_attr)* $($c_type)*,
                    );
                } = Zoo($a, $b, $c);
                path!("0", $a_name, $a_inside), $a_counts: (it => it.0 = $a_changed)
                    (view => { let $a_part = &mut view.0; $a_edit });
                path!("1", $b_name, $b_inside), $b_counts: (it => it.1 = $b_changed)
                    (view => { let $b_part = &mut view.1; $b_edit });
                path!("2", $c_name, $c_inside), $c_counts: (it => it.2 = $c_changed)
                    (view => { let $c_part = &mut view.2; $c_edit });
            }

            specimen! {
                variant: Zoo {
                    #[derive(PartialEq, Serialize, Deserialize, Tracked)]
                    #[memdict(merge)]
                    pub(crate) enum Zoo {
                        #[allow(dead_code, reason = "only has to be there")]
                        Before,
                        Shape {
                            $($a_attr)* a: $($a_type)*,
                            $($b_attr)* b: $($b_type)*,
                            $($c_attr)* c: $($c_type)*,
                        },
                    }
                } = Zoo::Shape { a: $a, b: $b, c: $c };
                path!("a", $a_name, $a_inside), $a_counts:
                    (it => if let Zoo::Shape { a, .. } = it { *a = $a_changed })
                    (view => if let ZooEdit::Shape { mut a, .. } = view.variant() {
                        let $a_part = &mut a;
                        $a_edit
                    });
                path!("b", $b_name, $b_inside), $b_counts:
                    (it => if let Zoo::Shape { b, .. } = it { *b = $b_changed })
                    (view => if let ZooEdit::Shape { mut b, .. } = view.variant() {
                        let $b_part = &mut b;
                        $b_edit
                    });
                path!("c", $c_name, $c_inside), $c_counts:
                    (it => if let Zoo::Shape { c, .. } = it { *c = $c_changed })
                    (view => if let ZooEdit::Shape { mut c, .. } = view.variant() {
                        let $c_part = &mut c;
                        $c_edit
                    });
            }

            specimen! {
                tuple_variant: Zoo {
                    #[derive(PartialEq, Serialize, Deserialize, Tracked)]
                    #[memdict(merge)]
                    pub(crate) enum Zoo {
                        Shape(
                            $($a_attr)* $($a_type)*,
                            $($b_attr)* $($b_type)*,
                            $($c_attr)* $($c_type)*,
                        ),
                        #[allow(dead_code, reason = "only has to be there")]
                        After(u8),
                    }
                } = Zoo::Shape($a, $b, $c);
                path!("0", $a_name, $a_inside), $a_counts:
                    (it => if let Zoo::Shape(a, ..) = it { *a = $a_changed })
                    (view => if let ZooEdit::Shape(mut a, ..) = view.variant() {
                        let $a_part = &mut a;
                        $a_edit
                    });
                path!("1", $b_name, $b_inside), $b_counts:
                    (it => if let Zoo::Shape(_, b, _) = it { *b = $b_changed })
                    (view => if let ZooEdit::Shape(_, mut b, _) = view.variant() {
                        let $b_part = &mut b;
                        $b_edit
                    });
                path!("2", $c_name, $c_inside), $c_counts:
                    (it => if let Zoo::Shape(.., c) = it { *c = $c_changed })
                    (view => if let ZooEdit::Shape(.., mut c) = view.variant() {
                        let $c_part = &mut c;
                        $c_edit
                    });
            }

            aviary! {
                named: named::Shape,
                tuple: tuple::Shape,
                variant: variant::Shape,
                tuple_variant: tuple_variant::Shape,
            }
        }
    };
}

/// A field at the first place, in the middle and at the last one.
macro_rules! at_every_place {
    ($($module:ident: $field:tt)*) => {
        $(pub(crate) mod $module {
            use super::*;

            cages! { first: $field
                { [] {String} "b".into(), "bb".into(), Noticed, "", "" (p => **p = "bb".into()) }
                { [] {u8} 3, 4, Noticed, "", "" (p => **p = 4) }
            }
            cages! { middle:
                { [] {u8} 3, 4, Noticed, "", "" (p => **p = 4) }
                $field
                { [] {String} "b".into(), "bb".into(), Noticed, "", "" (p => **p = "bb".into()) }
            }
            cages! { last:
                { [] {String} "b".into(), "bb".into(), Noticed, "", "" (p => **p = "bb".into()) }
                { [] {u8} 3, 4, Noticed, "", "" (p => **p = 4) }
                $field
            }

            aviary! { first: first::All, middle: middle::All, last: last::All, }
        })*

        aviary! { $($module: $module::All,)* }
    };
}

/// A field beside two others of its kind.
macro_rules! three_of_each {
    ($($module:ident: $field:tt)*) => {
        $(cages! { $module: $field $field $field })*

        aviary! { $($module: $module::All,)* }
    };
}
