//! Each attribute of a field, at each place.

/// Attributes of serde.
pub(crate) mod of_serde {
    use crate::zoo::shapes::*;

    at_every_place! {
        plain: { [] {u32} 2, 4, Noticed, "", "" (part => **part = 4) }
        skip: {
            [#[serde(skip)]]
            {Option<Foreign>} None, Some(Foreign(1)), Skipped, "", ""
            (part => **part = Some(Foreign(1)))
        }
        skip_both: {
            [#[serde(skip_serializing, skip_deserializing, default = "u32::default")]]
            {u32} 0, 4, Skipped, "", "" (part => **part = 4)
        }
        rename: {
            [#[serde(rename = "other", alias = "third")]]
            {u32} 2, 4, Noticed, "other", "" (part => **part = 4)
        }
        rename_halves: {
            [#[serde(rename(serialize = "stored", deserialize = "loaded"))]]
            {u32} 2, 4, Noticed, "stored", "" (part => **part = 4)
        }
        documented: {
            [
                /// Never read as `Self`.
                #[doc(hidden)]
                #[cfg(not(any()))]
            ]
            {u32} 2, 4, Noticed, "", "" (part => **part = 4)
        }
    }
}

/// serde's `with` and the like, alone and beside attributes of memdict.
pub(crate) mod with {
    use crate::zoo::shapes::*;

    at_every_place! {
        with: { [#[serde(with = "halved")]] {u32} 2, 4, Noticed, "", "" (part => **part = 4) }
        serialize_with: {
            [#[serde(
                serialize_with = "halved::serialize",
                deserialize_with = "halved::deserialize"
            )]]
            {u32} 2, 4, Noticed, "", "" (part => **part = 4)
        }
        deserialize_with: {
            [#[serde(deserialize_with = "u32::deserialize")]]
            {u32} 2, 4, Noticed, "", "" (part => **part = 4)
        }
        untracked: {
            [#[serde(with = "halved")] #[memdict(untracked)]]
            {u32} 2, 4, Untracked, "", "" (part => **part = 4)
        }
        merge: {
            [#[serde(with = "halved")] #[memdict(merge = theirs)]]
            {u32} 2, 4, Ruled, "", "" (part => **part = 4)
        }
    }
}

/// Attributes of memdict.
pub(crate) mod of_memdict {
    use crate::zoo::shapes::*;

    at_every_place! {
        untracked: { [#[memdict(untracked)]] {u32} 2, 4, Untracked, "", "" (part => **part = 4) }
        opaque: {
            [#[memdict(opaque, version = 2)]]
            {Foreign} Foreign(1), Foreign(2), Noticed, "", "" (part => **part = Foreign(2))
        }
        opaque_untracked: {
            [#[memdict(opaque, untracked)]]
            {Vec<Foreign>} Vec::new(), vec![Foreign(2)], Untracked, "", ""
            (part => part.push(Foreign(2)))
        }
        opaque_merge: {
            [#[memdict(opaque, merge = ours)]]
            {Foreign} Foreign(1), Foreign(2), Ruled, "", "" (part => part.0 = 2)
        }
        merge: { [#[memdict(merge = max)]] {u32} 2, 4, Ruled, "", "" (part => **part = 4) }
        merge_with: {
            [#[memdict(merge = with(greater))]]
            {u32} 2, 4, Ruled, "", "" (part => **part = 4)
        }
    }
}
