//! A table of answers, and what they mean.

use std::sync::Arc;

use super::*;
use crate::{
    def::DictDef,
    pack::Packing,
    session::{
        core::{Core, VerifyFirst},
        entry::any_slot::Stamp,
    },
    store::operation::Token,
};

const TOKEN: Token = Token::new(1, 2, 3);

/// `bytes, left, stale, renewal | without a grace | with a grace of 30 seconds`. What is left of the
/// life is in seconds, `-` if it is not told.
const TABLE: &str = "
    value   60 fresh open  | serve        | serve
    value   60 fresh taken | serve        | serve
    value   60 fresh won   | renew        | renew
    value   20 fresh open  | serve        | serve stale
    value   20 fresh taken | serve        | serve stale
    value   20 fresh won   | renew        | renew
    value    - fresh open  | serve        | serve
    value   60 stale open  | claim        | serve stale
    value   60 stale taken | wait         | serve stale
    value   60 stale won   | make         | renew
    absence 20 fresh open  | serve        | serve
    absence 20 fresh won   | serve        | serve
    absence 20 stale taken | wait         | serve stale
    absence 20 stale won   | make         | renew
    foreign 20 fresh open  | claim        | claim
    foreign 20 fresh taken | wait         | wait
    foreign 20 fresh won   | make         | make
    foreign 20 stale won   | make         | make
    cleared 60 fresh open  | claim        | claim
    cleared 60 stale won   | make         | make
    cleared 60 stale taken | wait         | wait
";

fn name_of(next: &Next) -> &'static str {
    match next {
        Next::Serve => "serve",
        Next::ServeStale => "serve stale",
        Next::Renew(_) => "renew",
        Next::Make(_) => "make",
        Next::Claim(_) => "claim",
        Next::Wait(_) => "wait",
        Next::Lock => "lock",
        Next::Alone => "alone",
    }
}

/// Returns an entry, with the stored bytes of this kind.
fn stored(kind: &str) -> (Arc<Slot<u64>>, Vec<u8>) {
    let core = Core::new(Arc::default(), VerifyFirst::No);
    let options = Some(DictDef::<u64>::new("d").options());
    let space = core.identity.space::<u64>("d", options, "", &core.settings.counting);
    let Ok((space, _)) = space else { panic!("it is new") };
    let slot = space.slot(&"a").expect("it is a key");
    let (stamp, mut bytes) =
        (Stamp { nonce: 7, secrets: Secrets::NONE, packing: Packing::UNSET }, Vec::new());
    match kind {
        "absence" => slot.seal_absence(stamp, &mut bytes).map(drop),
        "foreign" => {
            bytes.extend(b"foreign");
            Ok(())
        }
        _ => slot.seal(&5, DictOptions::DEFAULT.codec, stamp, &mut bytes).map(drop),
    }
    .expect("it encodes");
    (slot, bytes)
}

fn judged(terms: Terms, kind: &str, hit: Loaded<'_>) -> Answer<u64> {
    let (slot, bytes) = stored(kind);
    let heard = terms.hear(&slot, Ok(hit.with_bytes(&bytes)), Secrets::NONE);
    terms.judge(heard, (kind == "cleared").then_some(&Now::Is(9)))
}

fn terms(grace: u64, on_unusable: OnUnusable) -> Terms {
    let grace = Duration::from_secs(grace);
    Terms { grace, serves_stale: !grace.is_zero(), on_unusable, what_for: For::Reading }
}

#[test]
fn each_answer_means_what_the_table_says() {
    for line in TABLE.trim().lines() {
        let columns: Vec<_> = line.split('|').map(str::trim).collect();
        let words: Vec<_> = columns[0].split_whitespace().collect();
        let [kind, left, stale, renewal] = words[..] else { panic!("{line}") };
        let mut hit = Loaded::hit(&[], TOKEN).renewed_by(match renewal {
            "open" => Renewal::Open,
            "taken" => Renewal::Taken,
            _ => Renewal::Won,
        });
        if stale == "stale" {
            hit = hit.made_stale();
        }
        if let Ok(left) = left.parse() {
            hit = hit.with_life(Life::of(Duration::from_secs(left)));
        }
        for (grace, expected) in [(0, columns[1]), (30, columns[2])] {
            let answer = judged(terms(grace, OnUnusable::Replace), kind, hit.with_bytes(&[]));
            assert_eq!(name_of(&answer.next), expected, "{line}, with a grace of {grace}");
            // What is returned has a value, or says that there is none; everything else has not.
            let has = matches!(answer.decoded, Decoded::Value(..) | Decoded::Absence(..));
            let returns = matches!(answer.next, Next::Serve | Next::ServeStale | Next::Renew(_));
            assert_eq!(has, returns, "{line}");
        }
    }
}

#[test]
fn bytes_that_have_to_stay_are_not_replaced() {
    let hit = || Loaded::hit(&[], TOKEN);
    let answer = judged(terms(0, OnUnusable::Keep), "foreign", hit());
    assert_eq!(name_of(&answer.next), "alone");
    let answer =
        judged(terms(0, OnUnusable::Keep), "value", hit().made_stale().renewed_by(Renewal::Won));
    assert_eq!(name_of(&answer.next), "make", "a stale value may be replaced");
}

#[test]
fn a_right_is_given_back_as_it_was_got() {
    let won = || Loaded::hit(&[], TOKEN).renewed_by(Renewal::Won);
    let release = |hit: Loaded<'_>| match judged(terms(30, OnUnusable::Replace), "value", hit).next
    {
        Next::Renew(right) => right.release,
        next => panic!("{}", name_of(&next)),
    };
    assert!(matches!(release(won().made_stale()), Release::Invalidate));
    let put_back = release(won().with_life(Life::of(Duration::from_secs(20))));
    let Release::PutBack { bytes, life: Some(_) } = put_back else { panic!("{put_back:?}") };
    assert_eq!(bytes, stored("value").1);
    let (slot, _) = stored("value");
    let placeholder = |won| {
        let heard = terms(0, OnUnusable::Replace).hear(
            &slot,
            Ok(Loaded::leased(TOKEN, won)),
            Secrets::NONE,
        );
        terms(0, OnUnusable::Replace).judge(heard, None).next
    };
    let Next::Make(right) = placeholder(true) else { panic!("it is won") };
    assert!(matches!(right.release, Release::Delete) && right.excludes());
    assert!(matches!(placeholder(false), Next::Wait(_)));
}
