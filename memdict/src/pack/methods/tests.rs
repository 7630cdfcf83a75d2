//! Round trips, what is not worth it, and bytes that nobody packed.

use proptest::prelude::*;

use super::*;

/// A dictionary of raw content, which needs no training.
static TRAINED_TO: &[u8] = b"{\"name\":\"\",\"price\":0,\"tags\":[\"new\",\"sale\"]}";
static OTHER: &[u8] = b"<p class=\"item\"></p>";

fn all() -> [Packing; 4] {
    let packing = |how, trained| Packing { how: Some(how), from: Some(0), trained };
    let zstd = Compression::Zstd { level: 3 };
    [
        packing(Compression::Lz4, None),
        packing(zstd, None),
        packing(Compression::Zstd { level: -5 }, None),
        packing(zstd, Some(TRAINED_TO)),
    ]
}

fn text() -> Vec<u8> {
    "{\"name\":\"lamp\",\"price\":12,\"tags\":[\"new\",\"sale\"]},".repeat(120).into_bytes()
}

#[test]
fn what_is_packed_is_unpacked() {
    for packing in all() {
        for length in [1_000, 5_300, 100_000] {
            let raw: Vec<u8> = text().into_iter().cycle().take(length).collect();
            let packed = pack(&raw, &packing).expect("it repeats itself");
            assert!(packed.len() <= raw.len() - raw.len() / 8);
            assert_eq!(unpack(&packed, raw.len(), packing.trained), Ok(raw), "{packing:?}");
        }
    }
}

#[test]
fn what_is_short_or_does_not_become_an_eighth_shorter_stays_as_it_is() {
    let noise: Vec<u8> =
        (0..40_000).map(|n: u64| (xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes())) as u8).collect();
    for packing in all() {
        assert_eq!(pack(&noise, &packing), None, "{packing:?}");
        assert_eq!(pack(b"", &packing), None, "{packing:?}");
        // A tenth of it repeats.
        let mut little = noise.clone();
        little[36_000..].fill(7);
        assert_eq!(pack(&little, &packing), None, "{packing:?}");
        little[30_000..].fill(7);
        assert!(pack(&little, &packing).is_some(), "{packing:?}");
        let above = Packing { from: Some(5_001), ..packing };
        assert_eq!(pack(&text()[..5_000], &above), None);
        assert!(pack(&text()[..5_001], &above).is_some());
    }
    assert_eq!(pack(&text(), &Packing::UNSET), None);
}

#[test]
fn a_bomb_takes_no_more_memory_than_a_value_may_have() {
    let bomb = vec![0; MAX_RAW + 1];
    for packing in all() {
        assert_eq!(pack(&bomb, &packing), None, "it could not be unpacked");
        let packed = compress(&bomb, packing.how.expect("it is set"), packing.trained);
        let packed = packed.expect("it is all zeros");
        for claimed in [MAX_RAW + 1, MAX_RAW, 1, 0] {
            let unpacked = unpack(&packed, claimed, packing.trained);
            assert_eq!(unpacked, Err(NotUnpacked::Damaged), "{packing:?} {claimed}");
        }
    }
}

#[test]
fn a_length_that_is_not_true_is_damage() {
    for packing in all() {
        let packed = pack(&text(), &packing).expect("it repeats itself");
        for claimed in [0, 1, text().len() - 1, text().len() + 1, MAX_RAW] {
            let unpacked = unpack(&packed, claimed, packing.trained);
            assert_eq!(unpacked, Err(NotUnpacked::Damaged), "{packing:?} {claimed}");
        }
    }
}

#[test]
fn without_its_trained_dictionary_a_value_is_not_unpacked() {
    let [.., packing] = all();
    let packed = pack(&text(), &packing).expect("it repeats itself");
    for trained in [None, Some(OTHER)] {
        assert_eq!(unpack(&packed, text().len(), trained), Err(NotUnpacked::Lacking));
    }
    assert_eq!(unpack(&packed, text().len(), packing.trained), Ok(text()));
    assert_eq!(unpack(&[9, 1, 2], 3, None), Err(NotUnpacked::Lacking), "an unknown method");
    assert_eq!(unpack(&[], 0, None), Err(NotUnpacked::Damaged));
}

#[test]
fn a_trained_dictionary_makes_small_values_of_its_kind_smaller() {
    let [_, plain, _, trained] = all();
    let small = &text()[..53];
    let length =
        |packing: &Packing| compress(small, packing.how?, packing.trained).map(|it| it.len());
    assert!(length(&trained) < length(&plain), "{:?} {:?}", length(&trained), length(&plain));
}

proptest! {
    #[test]
    fn whatever_is_unpacked_has_the_length_that_was_claimed(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        method in 0_u8..5,
        claimed in 0_usize..300,
    ) {
        let packed = [&[method][..], &bytes].concat();
        if let Ok(raw) = unpack(&packed, claimed, Some(TRAINED_TO)) {
            prop_assert_eq!(raw.len(), claimed);
        }
    }

    #[test]
    fn a_packed_value_that_was_changed_is_an_error_or_has_its_length(
        at in 0_usize..100,
        bit in 0_u32..8,
    ) {
        for packing in all() {
            let mut packed = pack(&text(), &packing).expect("it repeats itself");
            let at = at % packed.len();
            packed[at] ^= 1 << bit;
            if let Ok(raw) = unpack(&packed, text().len(), packing.trained) {
                prop_assert_eq!(raw.len(), text().len());
            }
        }
    }
}
