//! How two changes of a value are brought together.

use proc_macro2::TokenStream;
use quote::quote;

use super::Names;

pub(super) fn expand(names: &Names) -> TokenStream {
    let Names { krate, changes, .. } = names;
    let (_, flags, _) = names.bounded.split_for_impl();
    quote! {
        fn merge(
            __memdict_base: &Self,
            __memdict_ours: &mut Self,
            __memdict_theirs: &mut Self,
            __memdict_changes: &#changes #flags,
            __memdict_path: &str,
        ) -> ::core::result::Result<(), #krate::MergeConflict> {
            #krate::__private::merge_as_one::<Self>(
                __memdict_base,
                __memdict_ours,
                __memdict_theirs,
                __memdict_changes,
                __memdict_path,
            )
        }
    }
}
