//! Envelopes, as anyone who can write to the server may make them.

use crate::{
    codec::Codec,
    envelope::{Content, Found, Seal, Sealed, Secrets, nonce, open, repack, seal},
    key::name::Name,
};

/// Reads the input as an envelope under several names, with and without secrets. Whatever is read
/// has one reading: sealed again, it is the same bytes. What one name reads, no other does.
///
/// The first byte says whether the checksum is set to the one that belongs to the rest, since no
/// fuzzer would find that.
pub fn envelope(data: &[u8]) {
    let Some((&how, value)) = data.split_first() else { return };
    let (mut signing, mut knowing) = (Secrets::default(), Secrets::default());
    signing.add(b"secret");
    knowing.add(b"another");
    knowing.add(b"secret");
    let names = names();
    for (index, name) in names.iter().enumerate() {
        let value = if usize::from(how) % 4 == index { checked(value, name) } else { value.into() };
        let Ok(opened) = open(&value, name, Secrets::NONE) else { continue };
        if let Found::Value(sealed) = opened.found {
            // Whatever was packed unpacks to its length, or does not.
            let raw = sealed.unpacked(None);
            assert!(
                raw.is_err()
                    || sealed.packed.is_none_or(|length| raw.is_ok_and(|it| it.len() == length))
            );
        }
        assert_eq!(nonce(&value, name, Secrets::NONE), Some(opened.nonce));
        let is_signed = value[4] & 0b1000 != 0;
        let secrets = if is_signed { &signing } else { Secrets::NONE };
        let again = sealed(&opened, name, secrets);
        assert_eq!(again.len(), value.len(), "one reading has one length");
        if !is_signed {
            assert_eq!(again, value, "one reading has one encoding");
            assert!(open(&value, name, &knowing).is_err(), "it is not signed");
        } else if open(&value, name, &knowing).is_ok() {
            assert_eq!(again, value, "no other signature verifies");
        }
        for other in names.iter().filter(|other| other.full() != name.full()) {
            assert!(open(&value, other, Secrets::NONE).is_err(), "it belongs to one name");
        }
    }
}

fn names() -> [Name; 4] {
    let keys: [(&[u8], &[u8]); 4] =
        [(b"n:d:", b"a"), (b"n:d:", b"a b"), (b"m:d:", b"a"), (b"n:d:", &[b'x'; 300])];
    keys.map(|(prefix, key)| {
        // These four are names; a fuzzer that runs on others would show nothing.
        Name::new(&"d".into(), prefix, &mut key.to_vec()).unwrap_or_else(|why| panic!("{why}"))
    })
}

/// Returns the value with the checksum that it has under this name, if it is long enough for one.
fn checked(value: &[u8], name: &Name) -> Vec<u8> {
    let mut value = value.to_vec();
    crate::envelope::set_checksum(&mut value, name);
    value
}

fn sealed(opened: &crate::envelope::Opened<'_>, name: &Name, secrets: &Secrets) -> Vec<u8> {
    let (mut out, mut lineage) = (Vec::new(), Vec::new());
    let (content, payload) = match opened.found {
        Found::Value(sealed) => {
            lineage.extend(sealed.lineage.fingerprints());
            let codec: Codec = sealed.codec;
            let fingerprint = sealed.fingerprint;
            (Content::Value { codec, fingerprint, lineage: &lineage }, sealed.payload)
        }
        Found::Tombstone => (Content::Tombstone, &[][..]),
        Found::Absence => (Content::Absence, &[][..]),
    };
    let encode = |out: &mut Vec<u8>| {
        out.extend_from_slice(payload);
        Ok::<_, usize>(())
    };
    let seal = seal(
        &Seal { nonce: opened.nonce, generation: opened.generation, content },
        name,
        secrets,
        &mut out,
        encode,
        |n| n,
    );
    // The fuzzer seals less than an envelope may hold.
    let payload_at = seal.unwrap_or_else(|length| panic!("{length} bytes do not fit"));
    if let Found::Value(Sealed { packed: Some(raw_len), .. }) = opened.found {
        // The length before compression is what the envelope says.
        let raw_len = u32::try_from(raw_len).unwrap_or_else(|_| panic!("it was four bytes"));
        out[32..36].copy_from_slice(&raw_len.to_le_bytes());
        repack(&mut out, [0, payload_at], payload, name, secrets);
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_seed_and_thousands_of_changes_of_it_hold() {
        crate::harness::mutations::of("envelope", super::envelope);
    }
}
