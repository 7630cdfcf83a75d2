//! Packs and unpacks.

use super::compression::{Compression, Packing};

/// The largest payload that is packed, and that is believed to come out of a packed one.
const MAX_RAW: usize = 64 << 20;

/// A shorter payload is not packed, unless that is set.
const FROM: usize = 1 << 10;

/// Of a payload, this part has to be saved, or it stays as it is.
const WORTH: usize = 8;

/// The methods, as a packed payload begins with them.
#[cfg(feature = "lz4")]
const LZ4: u8 = 1;
#[cfg(feature = "zstd")]
const ZSTD: u8 = 2;
#[cfg(feature = "zstd")]
const TRAINED: u8 = 3;

/// Why a payload was not unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotUnpacked {
    /// This program lacks the method, or has another trained dictionary.
    Lacking,
    Damaged,
}

/// Returns the payload in its packed form, if it is to be packed and that saves enough.
pub(crate) fn pack(payload: &[u8], packing: &Packing) -> Option<Vec<u8>> {
    let from = packing.from.unwrap_or(FROM);
    let how = packing.how.filter(|_| (from..=MAX_RAW).contains(&payload.len()))?;
    let packed = compress(payload, how, packing.trained)?;
    (packed.len() <= payload.len() - payload.len() / WORTH).then_some(packed)
}

fn compress(payload: &[u8], how: Compression, trained: Option<&'static [u8]>) -> Option<Vec<u8>> {
    #[cfg(not(feature = "zstd"))]
    let _ = trained;
    #[cfg(not(any(feature = "lz4", feature = "zstd")))]
    let _ = payload;
    match how {
        #[cfg(feature = "lz4")]
        Compression::Lz4 => {
            let most = lz4_flex::block::get_maximum_output_size(payload.len());
            let mut packed = vec![0; 1 + most];
            packed[0] = LZ4;
            let length = lz4_flex::block::compress_into(payload, &mut packed[1..]).ok()?;
            packed.truncate(1 + length);
            Some(packed)
        }
        #[cfg(feature = "zstd")]
        Compression::Zstd { level } => {
            let frame = zstandard::compress(payload, level, trained)?;
            let mut packed = vec![ZSTD];
            if let Some(trained) = trained {
                packed[0] = TRAINED;
                packed.extend(zstandard::name(trained));
            }
            packed.extend(frame);
            Some(packed)
        }
    }
}

/// Returns the payload of a packed one, which has this length.
///
/// # Errors
///
/// It cannot be unpacked, or has another length.
pub(crate) fn unpack(
    packed: &[u8],
    raw_len: usize,
    trained: Option<&'static [u8]>,
) -> Result<Vec<u8>, NotUnpacked> {
    #[cfg(not(feature = "zstd"))]
    let _ = trained;
    #[cfg_attr(
        not(any(feature = "lz4", feature = "zstd")),
        allow(unused_variables, reason = "nothing is unpacked without a method")
    )]
    let (&method, packed) = packed.split_first().ok_or(NotUnpacked::Damaged)?;
    if raw_len > MAX_RAW {
        return Err(NotUnpacked::Damaged);
    }
    match method {
        #[cfg(feature = "lz4")]
        LZ4 => lz4(packed, raw_len).ok_or(NotUnpacked::Damaged),
        #[cfg(feature = "zstd")]
        ZSTD => zstandard::decompress(packed, raw_len, None).ok_or(NotUnpacked::Damaged),
        #[cfg(feature = "zstd")]
        TRAINED => {
            let (name, frame) = packed.split_at_checked(4).ok_or(NotUnpacked::Damaged)?;
            let trained = trained.filter(|trained| zstandard::name(trained) == name);
            let trained = trained.ok_or(NotUnpacked::Lacking)?;
            zstandard::decompress(frame, raw_len, Some(trained)).ok_or(NotUnpacked::Damaged)
        }
        _ => Err(NotUnpacked::Lacking),
    }
}

#[cfg(feature = "lz4")]
fn lz4(block: &[u8], raw_len: usize) -> Option<Vec<u8>> {
    // No block becomes more than 255 times as long, so no more memory is taken for one.
    if raw_len / 255 > block.len() {
        return None;
    }
    let mut raw = vec![0; raw_len];
    let length = lz4_flex::block::decompress_into(block, &mut raw).ok()?;
    (length == raw_len).then_some(raw)
}

/// Zstandard, whose contexts are large: each thread keeps the one that it used last.
#[cfg(feature = "zstd")]
mod zstandard {
    use std::cell::RefCell;

    use xxhash_rust::xxh3::xxh3_64;
    use zstd::bulk::{Compressor, Decompressor};

    /// A trained dictionary, which is the same only at the same address.
    type Trained = Option<&'static [u8]>;

    /// What a context was made for, and the context.
    type Used<K, C> = RefCell<Option<(K, C)>>;

    thread_local! {
        static COMPRESSOR: Used<(i32, Trained), Compressor<'static>> = const { RefCell::new(None) };
        static DECOMPRESSOR: Used<Trained, Decompressor<'static>> = const { RefCell::new(None) };
    }

    /// Returns the name of a trained dictionary in a packed payload.
    pub(super) fn name(trained: &[u8]) -> [u8; 4] {
        (xxh3_64(trained) as u32).to_le_bytes()
    }

    fn is_same(one: Trained, other: Trained) -> bool {
        one.map(<[u8]>::as_ptr_range) == other.map(<[u8]>::as_ptr_range)
    }

    pub(super) fn compress(payload: &[u8], level: i32, trained: Trained) -> Option<Vec<u8>> {
        COMPRESSOR.with_borrow_mut(|used| {
            if !used.as_ref().is_some_and(|((for_level, with), _)| {
                *for_level == level && is_same(*with, trained)
            }) {
                let made = Compressor::with_dictionary(level, trained.unwrap_or_default()).ok()?;
                *used = Some(((level, trained), made));
            }
            used.as_mut()?.1.compress(payload).ok()
        })
    }

    pub(super) fn decompress(frame: &[u8], raw_len: usize, trained: Trained) -> Option<Vec<u8>> {
        // A frame says how long it becomes. One that lies is not unpacked, and takes no memory.
        let said = zstd::zstd_safe::get_frame_content_size(frame).ok()??;
        if usize::try_from(said) != Ok(raw_len) {
            return None;
        }
        DECOMPRESSOR.with_borrow_mut(|used| {
            if !used.as_ref().is_some_and(|(with, _)| is_same(*with, trained)) {
                *used = Some((
                    trained,
                    Decompressor::with_dictionary(trained.unwrap_or_default()).ok()?,
                ));
            }
            let raw = used.as_mut()?.1.decompress(frame, raw_len).ok()?;
            (raw.len() == raw_len).then_some(raw)
        })
    }
}

#[cfg(all(test, feature = "lz4", feature = "zstd"))]
mod tests;
