//! Changes of seeds that are the same in every run.

use std::{fs, path::Path};

/// How many changes are made of all seeds together.
const MANY: usize = 4_000;

/// Texts that mean something to a parser.
const WORDS: [&[u8]; 30] = [
    b"\r\n",
    b"VA ",
    b"HD",
    b"EN",
    b"MN\r\n",
    b" c1",
    b" O00",
    b" O01",
    b"VALUE k0 0 1 1\r\n",
    b"STORED\r\n",
    b"NOT_STORED\r\n",
    b"NOT_FOUND\r\n",
    b"DELETED\r\n",
    b"TOUCHED\r\n",
    b"EXISTS\r\n",
    b"END\r\n",
    b"SERVER_ERROR x\r\n",
    b"18446744073709551615",
    b"-1",
    b"\xff",
    b"@",
    b"%40",
    b"?",
    b"://",
    b",",
    b"#",
    b"memcache",
    b"CLIENT_ERROR unauthenticated\r\n",
    b"STAT time 1\r\n",
    b"35184372088832",
];

/// Calls `check` with each seed of this target, and with changes of them.
pub(super) fn of(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/seeds").join(target);
    // A packed crate has no seeds. The changes then begin with nothing.
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = files.map(|file| file.path()).collect();
    paths.sort();
    let mut seeds: Vec<Vec<u8>> = paths.iter().flat_map(fs::read).collect();
    seeds.iter().for_each(|seed| check(seed));
    seeds.push(Vec::new());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random >> 16) as usize % limit.max(1)
    };
    for round in 0..MANY {
        let mut input = seeds[round % seeds.len()].clone();
        for _ in 0..=below(4) {
            let at = below(input.len() + 1);
            match below(5) {
                0 if at < input.len() => input[at] ^= 1 << below(8),
                1 => input.truncate(at),
                2 => drop(input.drain(at..(at + below(9)).min(input.len()))),
                3 => {
                    let other = &seeds[below(seeds.len())];
                    input.extend_from_slice(&other[below(other.len())..]);
                }
                _ => drop(input.splice(at..at, WORDS[below(WORDS.len())].iter().copied())),
            }
        }
        check(&input);
    }
}
