//! Each kind of field type.

/// Types that are one part.
pub(crate) mod leaf {
    use crate::zoo::shapes::*;

    three_of_each! {
        number: {
            [] {i128} -1, 1, Noticed, "", "" (part => assert!(part.set(1) && !part.set(1)))
        }
        float: {
            [] {f64} 0.5, 1.5, Noticed, "", "" (part => assert!(part.set(1.5) && !part.set(1.5)))
        }
        text: {
            [] {String} "a".to_owned(), "b".to_owned(), Noticed, "", ""
            (part => assert!(part.assign("b") && !part.assign("b")))
        }
        list: {
            [] {Vec<Inner>} vec![inner("a")], vec![inner("a"), inner("b")], Noticed, "", ""
            (part => part.push(inner("b")))
        }
        map: {
            [] {HashMap<String, Option<Inner>>}
            (0..9).map(|n| (n.to_string(), None)).collect(),
            HashMap::from([("a".to_owned(), Some(inner("a")))]), Noticed, "", ""
            (part => { part.clear(); part.insert("a".to_owned(), Some(inner("a"))); })
        }
        sorted_map: {
            [] {BTreeMap<(u8, String), [u16; 3]>}
            BTreeMap::new(), BTreeMap::from([((1, "a".to_owned()), [1, 2, 3])]), Noticed, "", ""
            (part => { part.entry((1, "a".to_owned())).or_insert([1, 2, 3]); })
        }
        set: {
            [] {HashSet<Vec<u8>>} HashSet::from([vec![1]]), HashSet::new(), Noticed, "", ""
            (part => part.clear())
        }
        shared: {
            [] {Arc<str>} "a".into(), "b".into(), Noticed, "", ""
            (part => assert!(part.assign("b")))
        }
        shared_list: {
            [] {Arc<[Inner]>} Arc::new([]), Arc::new([inner("a")]), Noticed, "", ""
            (part => assert!(part.assign(&[inner("a")][..])))
        }
        tuple: {
            [] {(u8, (Inner,))} (1, (inner("a"),)), (1, (inner("b"),)), Noticed, "", ""
            (part => part.1.0.city = "b".to_owned())
        }
    }
}

/// Types that are views in the view, and types that contain such types.
pub(crate) mod nested {
    use crate::zoo::shapes::*;

    three_of_each! {
        plain: {
            [] {Inner} inner("a"), inner("b"), Noticed, "", ".city"
            (part => assert!(part.city.assign("b")))
        }
        with: {
            [] {Inner} inner("a"), Inner { size: 4, ..inner("a") }, Noticed, "", ".size"
            (part => *part.size = 4)
        }
        untracked: {
            [#[memdict(untracked)]] {Inner} inner("a"), inner("b"), Untracked, "", ""
            (part => **part = inner("b"))
        }
        choice: {
            [] {Choice} Choice::Left, Choice::Right(2), Noticed, "", ""
            (part => assert!(part.set(Choice::Right(2))))
        }
        inside_choice: {
            [] {Choice} Choice::Right(2), Choice::Right(4), Noticed, "", ".0"
            (part => if let ChoiceEdit::Right(mut number) = part.variant() { *number = 4 })
        }
        option: {
            [] {Option<Box<Inner>>} None, Some(Box::new(inner("a"))), Noticed, "", ""
            (part => part.get_or_insert_with(|| Box::new(inner("a"))).size = 2)
        }
        recursive: {
            [] {Option<Box<Zoo>>} None, Some(Box::new(Zoo::value())), Noticed, "", ""
            (part => **part = Some(Box::new(Zoo::value())))
        }
        wrapped: {
            [] {Opaque<Foreign>} Opaque(Foreign(1)), Opaque(Foreign(2)), Noticed, "", ""
            (part => part.0.0 = 2)
        }
        qualified: {
            [] {::std::option::Option<<Vec<u8> as IntoIterator>::Item>}
            None, Some(1), Noticed, "", ""
            (part => assert!(part.set(Some(1))))
        }
    }
}
