use super::*;

const VALUE: Content<'_> = Content::Value {
    codec: Codec::Bincode,
    fingerprint: 0x0102_0304_0506_0708,
    lineage: &[0x2122_2324_2526_2728],
};

const SEAL: Seal<'_> = Seal { nonce: 0x1112_1314_1516_1718, generation: 0, content: VALUE };
const TOMBSTONE: Seal<'_> = Seal { content: Content::Tombstone, ..SEAL };
const ABSENCE: Seal<'_> = Seal { content: Content::Absence, ..SEAL };

fn name(prefix: &[u8], key: &[u8]) -> Name {
    Name::new(&"d".into(), prefix, &mut key.to_vec()).expect("it is a name")
}

/// A name that is sent as it is, and one of which a hash is sent.
fn names() -> [Name; 2] {
    [name(b"n:d:", b"ab"), name(b"n:d:", b"a b")]
}

fn secrets(secrets: &[&str]) -> Secrets {
    let mut all = Secrets::default();
    secrets.iter().for_each(|secret| all.add(secret.as_bytes()));
    all
}

fn sealed(seal: &Seal<'_>, name: &Name, secrets: &Secrets, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let encode = |out: &mut Vec<u8>| {
        out.extend_from_slice(payload);
        Ok::<_, usize>(())
    };
    super::seal(seal, name, secrets, &mut out, encode, |length| length).expect("it is short");
    out
}

fn opened<'a>(value: &'a [u8], name: &Name, secrets: &Secrets) -> Opened<'a> {
    open(value, name, secrets).unwrap_or_else(|why| panic!("{why}"))
}

fn refused(value: &[u8], name: &Name) -> Option<Unusable> {
    open(value, name, Secrets::NONE).err()
}

/// Sets the checksum to that of the rest.
fn with_checksum(mut value: Vec<u8>, name: &Name) -> Vec<u8> {
    set_checksum(&mut value, name);
    value
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn version_2_has_these_bytes_for_ever() {
    let [plain, hashed] = names();
    let none = Secrets::NONE;
    let golden = "4d4402010001000008070605040302010000000000000000181716151413121103\
                  00000003c0fe8e2827262524232221616263";
    assert_eq!(hex(&sealed(&SEAL, &plain, none, b"abc")), golden);
    let golden = "4d4402010401070008070605040302010000000000000000181716151413121103\
                  0000000c6c82056e3a643a6120622827262524232221616263";
    assert_eq!(hex(&sealed(&SEAL, &hashed, none, b"abc")), golden);
    let golden = "4d4402011000000000000000000000000000000000000000181716151413121100\
                  0000005e93968a";
    assert_eq!(hex(&sealed(&TOMBSTONE, &plain, none, b"")), golden);
    let golden = "4d4402010801000008070605040302010000000000000000181716151413121103\
                  0000004155eea62827262524232221eddba6e2d6261c76ea5dd1de36872733a1ec\
                  32052b412b4e47bc956a5832ece3616263";
    assert_eq!(hex(&sealed(&SEAL, &plain, &secrets(&["s"]), b"abc")), golden);
}

#[test]
fn a_sealed_value_opens() {
    for name in names() {
        for secrets in [secrets(&[]), secrets(&["s"])] {
            for payload in [&b""[..], b"x", &[7; 1000]] {
                let value = sealed(&SEAL, &name, &secrets, payload);
                let read = opened(&value, &name, &secrets);
                let Found::Value(found) = read.found else { panic!("it is a value") };
                assert_eq!(found.payload, payload);
                assert_eq!((found.fingerprint, read.nonce), (0x0102_0304_0506_0708, SEAL.nonce));
                assert!(found.lineage.contains(0x2122_2324_2526_2728));
                assert!(!found.lineage.contains(found.fingerprint));
                assert_eq!(nonce(&value, &name, &secrets), Some(SEAL.nonce));
            }
            let tombstone = sealed(&TOMBSTONE, &name, &secrets, b"");
            let read = opened(&tombstone, &name, &secrets);
            assert!(matches!(read.found, Found::Tombstone));
            let absence = sealed(&ABSENCE, &name, &secrets, b"");
            assert!(matches!(opened(&absence, &name, &secrets).found, Found::Absence));
        }
    }
}

#[test]
fn a_value_has_the_generation_that_it_was_written_in() {
    for name in names() {
        for (seal, payload) in [(SEAL, &b"abc"[..]), (TOMBSTONE, b"")] {
            let seal = Seal { generation: 0x3132_3334_3536_3738, ..seal };
            let value = sealed(&seal, &name, Secrets::NONE, payload);
            assert_eq!(hex(&value[16..24]), "3837363534333231");
            assert_eq!(opened(&value, &name, Secrets::NONE).generation, seal.generation);
        }
    }
}

#[test]
fn every_flipped_bit_and_every_cut_is_a_miss() {
    for name in names() {
        for secrets in [secrets(&[]), secrets(&["s"])] {
            let value = sealed(&SEAL, &name, &secrets, b"payload");
            for bit in 0..value.len() * 8 {
                let mut damaged = value.clone();
                damaged[bit / 8] ^= 1 << (bit % 8);
                assert!(open(&damaged, &name, &secrets).is_err(), "bit {bit}");
                assert_eq!(nonce(&damaged, &name, &secrets), None, "bit {bit}");
            }
            for cut in 0..value.len() {
                assert!(open(&value[..cut], &name, &secrets).is_err(), "cut at {cut}");
            }
        }
    }
}

#[test]
fn each_mismatch_has_its_own_reason() {
    let [plain, hashed] = names();
    let value = sealed(&SEAL, &plain, Secrets::NONE, b"abc");
    assert_eq!(refused(b"", &plain), Some(Unusable::Foreign));
    assert_eq!(refused(b"another program's", &plain), Some(Unusable::Foreign));
    assert_eq!(refused(b"MD", &plain), Some(Unusable::Damaged));
    let other = sealed(&SEAL, &name(b"n:d:", b"x y"), Secrets::NONE, b"abc");
    assert_eq!(refused(&other, &hashed), Some(Unusable::OtherKey));
    let mut newer = value;
    newer[2] = 3;
    assert_eq!(refused(&newer, &plain), Some(Unusable::Newer));
}

#[test]
fn a_value_belongs_to_its_namespace_dictionary_and_key() {
    for (mine, theirs) in [
        (name(b"n:d:", b"alice"), name(b"n:d:", b"mallory")),
        (name(b"n:d:", b"alice"), name(b"n:banned:", b"alice")),
        (name(b"n:d:", b"alice"), name(b"m:d:", b"alice")),
        (name(b"n:d:", b"a b"), name(b"n:d:", b"a c")),
        (name(b"n:d:", b"a b"), name(b"n:d:", b"ab")),
    ] {
        for secrets in [secrets(&[]), secrets(&["s"])] {
            for seal in [SEAL, TOMBSTONE, ABSENCE] {
                let payload: &[u8] = if seal.content == VALUE { b"abc" } else { b"" };
                let value = sealed(&seal, &mine, &secrets, payload);
                assert!(open(&value, &theirs, &secrets).is_err());
                assert_eq!(nonce(&value, &theirs, &secrets), None);
            }
        }
    }
}

#[test]
fn an_envelope_has_one_reading() {
    let [plain, hashed] = names();
    let changed = |name: &Name, seal: &Seal<'_>, payload: &[u8], at: usize, to: &[u8]| {
        let mut value = sealed(seal, name, Secrets::NONE, payload);
        value[at..at + to.len()].copy_from_slice(to);
        refused(&with_checksum(value, name), name)
    };
    for bit in [0b10, 0b100_0000, 0b1000_0000] {
        assert_eq!(changed(&plain, &SEAL, b"abc", 4, &[bit]), Some(Unusable::Newer), "{bit:b}");
    }
    assert_eq!(changed(&plain, &SEAL, b"abc", 3, &[255]), Some(Unusable::Newer), "codec");
    let damaged = Some(Unusable::Damaged);
    assert_eq!(changed(&plain, &SEAL, b"abc", 6, &[1]), damaged, "a key length without its bit");
    assert_eq!(changed(&plain, &SEAL, b"abc", 4, &[0b100]), damaged, "a key bit without a key");
    assert_eq!(changed(&plain, &SEAL, b"abc", 4, &[0b1000]), damaged, "a signature without room");
    assert_eq!(changed(&hashed, &SEAL, b"abc", 4, &[0]), damaged, "a key without its bit");
    assert_eq!(changed(&plain, &SEAL, b"abc", 32, &[4]), damaged, "the length of the payload");
    assert_eq!(changed(&plain, &SEAL, b"abc", 5, &[0]), damaged, "the length of the lineage");
    assert_eq!(changed(&plain, &SEAL, b"abc", 5, &[255]), damaged, "a lineage without room");
    assert_eq!(changed(&plain, &SEAL, b"", 4, &[0b1_0000]), damaged, "a tombstone with a schema");
    assert_eq!(changed(&plain, &TOMBSTONE, b"", 8, &[1]), damaged, "a tombstone with a schema");
    assert_eq!(changed(&plain, &SEAL, b"", 4, &[0b10_0000]), damaged, "an absence with a schema");
    assert_eq!(changed(&plain, &ABSENCE, b"", 8, &[1]), damaged, "an absence with a schema");
    assert_eq!(changed(&plain, &TOMBSTONE, b"", 4, &[0b1_0001]), damaged, "a packed tombstone");
    let both = changed(&plain, &ABSENCE, b"", 4, &[0b11_0000]);
    assert_eq!(both, damaged, "a tombstone and an absence");
    for (seal, what) in [(TOMBSTONE, "a tombstone"), (ABSENCE, "an absence")] {
        let full = sealed(&seal, &plain, Secrets::NONE, b"x");
        assert_eq!(refused(&full, &plain), damaged, "{what} with a payload");
    }
}

#[test]
fn a_packed_value_says_so_and_tells_the_length_before() {
    let [name, _] = names();
    for secrets in [secrets(&[]), secrets(&["s"])] {
        let mut value = b"before".to_vec();
        let encode = |out: &mut Vec<u8>| {
            out.extend_from_slice(&[7; 300]);
            Ok::<_, usize>(())
        };
        let payload = seal(&SEAL, &name, &secrets, &mut value, encode, |length| length);
        let payload = payload.expect("it is short");
        repack(&mut value, [6, payload], b"\x09packed", &name, &secrets);
        let value = &value[6..];
        assert_eq!((value[4] & 1, &value[32..36]), (1, &[44, 1, 0, 0][..]));
        assert!(value.ends_with(b"\x09packed"));
        let Found::Value(found) = opened(value, &name, &secrets).found else { panic!("a value") };
        assert_eq!((found.payload, found.packed), (&b"\x09packed"[..], Some(300)));
        // No program knows this method.
        assert_eq!(found.unpacked(None), Err(Unusable::Newer));
        for bit in 0..value.len() * 8 {
            let mut damaged = value.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(open(&damaged, &name, &secrets).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_signed_value_needs_one_of_the_secrets() {
    let [name, _] = names();
    let value = sealed(&SEAL, &name, &secrets(&["new", "old"]), b"abc");
    let read = |value: &[u8], known: &[&str]| open(value, &name, &secrets(known)).err();
    assert_eq!(read(&value, &["new"]), None);
    assert_eq!(read(&value, &["newer", "new"]), None);
    assert_eq!(read(&value, &["old"]), Some(Unusable::Unverified), "the first one signs");
    assert_eq!(read(&value, &[]), None, "without secrets, signatures are not looked at");
    let unsigned = sealed(&SEAL, &name, Secrets::NONE, b"abc");
    assert_eq!(read(&unsigned, &["new"]), Some(Unusable::Unverified));
    assert_eq!(nonce(&unsigned, &name, &secrets(&["new"])), None);
}

#[test]
fn a_signature_covers_every_byte_even_if_the_checksum_is_made_anew() {
    let other = name(b"n:d:", b"a c");
    for name in names() {
        let secrets = secrets(&["s"]);
        let value = sealed(&SEAL, &name, &secrets, b"payload");
        for byte in (3..CHECKED).chain(HEADER..value.len()) {
            let mut forged = value.clone();
            forged[byte] ^= 1;
            let forged = with_checksum(forged, &name);
            assert!(open(&forged, &name, &secrets).is_err(), "byte {byte}");
        }
        let moved = with_checksum(value.clone(), &other);
        assert!(open(&moved, &other, &secrets).is_err());
    }
}
