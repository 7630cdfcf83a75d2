//! How generated code names things: always by absolute paths, and never by a name of the user's.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{Type, ext::IdentExt};

/// Returns the path of memdict in the user's program: `given`, or the usual one.
pub(crate) fn krate(given: Option<&syn::Path>) -> TokenStream {
    match given {
        Some(path) => path.to_token_stream(),
        None => quote!(::memdict),
    }
}

/// Returns `name` without `r#`.
pub(crate) fn plain(name: &Ident) -> String {
    name.unraw().to_string()
}

/// Returns the name of a generated type: that of the declared type, with `word` appended.
pub(crate) fn derived(name: &Ident, word: &str) -> Ident {
    format_ident!("{}{}", name.unraw(), word, span = name.span())
}

/// Returns the tokens as text that does not depend on how a compiler spaces them.
pub(crate) fn text(tokens: impl ToTokens) -> String {
    fn write(tokens: TokenStream, out: &mut String) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => {
                    let (open, close) = match group.delimiter() {
                        proc_macro2::Delimiter::Parenthesis => ("(", ")"),
                        proc_macro2::Delimiter::Brace => ("{", "}"),
                        proc_macro2::Delimiter::Bracket => ("[", "]"),
                        // Around an argument of a macro; it has no written form.
                        proc_macro2::Delimiter::None => ("", ""),
                    };
                    out.push_str(open);
                    write(group.stream(), out);
                    out.push_str(close);
                }
                TokenTree::Ident(ident) => word(&plain(&ident), out),
                TokenTree::Literal(literal) => word(&literal.to_string(), out),
                TokenTree::Punct(punct) => out.push(punct.as_char()),
            }
        }
    }
    /// Separates two words, which would otherwise run together.
    fn word(word: &str, out: &mut String) {
        if out.ends_with(|last: char| last.is_alphanumeric() || last == '_') {
            out.push(' ');
        }
        out.push_str(word);
    }
    let mut out = String::new();
    write(tokens.to_token_stream(), &mut out);
    out
}

/// Returns `tokens` with `Self` spelled out: in a generated type it would mean that type.
pub(crate) fn without_self(tokens: TokenStream, this: &TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "Self" => {
                let goes_on =
                    matches!(tokens.peek(), Some(TokenTree::Punct(p)) if p.as_char() == ':');
                out.extend(if goes_on { quote!(<#this>) } else { this.clone() });
            }
            TokenTree::Group(group) => {
                let inside = without_self(group.stream(), this);
                let mut replaced = proc_macro2::Group::new(group.delimiter(), inside);
                replaced.set_span(group.span());
                out.extend([TokenTree::Group(replaced)]);
            }
            other => out.extend([other]),
        }
    }
    out
}

/// Returns `tokens` with `'static` for each of the `lifetimes`.
pub(crate) fn with_static(tokens: TokenStream, lifetimes: &[Ident]) -> TokenStream {
    let mut after_quote = false;
    let replaced = tokens.into_iter().map(|token| {
        let of_lifetime = after_quote;
        after_quote = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '\'');
        match token {
            TokenTree::Ident(ident) if of_lifetime && lifetimes.contains(&ident) => {
                TokenTree::Ident(Ident::new("static", ident.span()))
            }
            TokenTree::Group(group) => {
                let inside = with_static(group.stream(), lifetimes);
                let mut replaced = proc_macro2::Group::new(group.delimiter(), inside);
                replaced.set_span(group.span());
                TokenTree::Group(replaced)
            }
            other => other,
        }
    });
    replaced.collect()
}

/// Returns whether `name` occurs anywhere in `tokens`.
pub(crate) fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == *name,
        TokenTree::Group(group) => mentions(group.stream(), name),
        _ => false,
    })
}

/// Returns `ty` without the invisible group or the parentheses that a macro may have put around it.
pub(crate) fn ungrouped(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            other => return other,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_does_not_depend_on_spacing_or_groups() {
        let spaced = quote!(std :: collections :: HashMap < r#String , [ u8 ; 4 ] >);
        assert_eq!(text(spaced), "std::collections::HashMap<String,[u8;4]>");
        assert_eq!(text(quote!(dyn Fn(u8) -> u8)), "dyn Fn(u8)->u8");
    }

    #[test]
    fn self_is_spelled_out() {
        let this = quote!(Node<T>);
        let spelled = without_self(quote!(Option<Box<(Self, [u8; Self::N])>>), &this);
        assert_eq!(text(spelled), "Option<Box<(Node<T>,[u8;<Node<T>>::N])>>");
    }

    #[test]
    fn lifetimes_become_static() {
        let lifetimes = [Ident::new("a", proc_macro2::Span::call_site())];
        let spelled = with_static(quote!((&'a a, Cow<'a, &'b [u8]>)), &lifetimes);
        assert_eq!(text(spelled), "(&'static a,Cow<'static,&'b[u8]>)");
    }
}
