//! Runs fixed amounts of work in one process, whose instructions `bench/instructions` counts:
//! `path WORK ROUNDS`. Each round does the work for 1,000 entries, or 1,000 times with one, on the
//! embedded store. Only the instructions inside [`measured`] are counted.

#![forbid(unsafe_code)]

use std::{env, hint::black_box, process::ExitCode};

use memdict::{Cache, Error, Session};
use workload::{Profile, Workload, change, dict, fill, keys, touch};

const MANY: usize = 1_000;

/// The function at which counting begins and ends.
#[inline(never)]
fn measured<R>(work: impl FnOnce() -> R) -> R {
    black_box(work())
}

type Work = fn(&Cache, &[String]) -> Result<(), Error>;

const WORKS: [(&str, Work); 17] = [
    ("load", |cache, keys| {
        let session = cache.session();
        let dict = dict::<Profile>(&session);
        measured(|| dict.prefetch(keys))
    }),
    ("commit-changed", |cache, keys| {
        let session = session(cache, keys, change::<Profile>)?;
        measured(|| session.commit()).map(drop)
    }),
    ("free-changed", |cache, keys| {
        let session = session(cache, keys, change::<Profile>)?;
        measured(|| session.rollback());
        Ok(())
    }),
    ("commit-unchanged", |cache, keys| {
        let session = session(cache, keys, touch::<Profile>)?;
        measured(|| session.commit()).map(drop)
    }),
    ("commit-read", |cache, keys| {
        let session = session(cache, keys, |_, _| Ok(0))?;
        measured(|| session.commit()).map(drop)
    }),
    ("free-read", |cache, keys| {
        let session = session(cache, keys, |_, _| Ok(0))?;
        measured(|| session.rollback());
        Ok(())
    }),
    ("session-get", |cache, keys| {
        measured(|| {
            keys.iter().try_for_each(|key| dict::<Profile>(&cache.session()).get(key).map(drop))
        })
    }),
    ("session-fetch", |cache, keys| {
        let absent = || Err::<Profile, Error>(Error::user("the value is stored"));
        measured(|| {
            keys.iter()
                .try_for_each(|key| dict::<Profile>(&cache.session()).fetch(key, absent).map(drop))
        })
    }),
    ("session-commit", |cache, keys| {
        measured(|| {
            keys.chunks(1).try_for_each(|key| {
                let session = cache.session();
                change::<Profile>(&session, key)?;
                session.commit().map(drop)
            })
        })
    }),
    ("get", |cache, keys| {
        let session = session(cache, keys, change::<Profile>)?;
        let dict = dict::<Profile>(&session);
        measured(|| keys.iter().try_for_each(|key| dict.get(key).map(drop)))
    }),
    ("checkout", |cache, keys| {
        let session = session(cache, keys, change::<Profile>)?;
        let dict = dict::<Profile>(&session);
        measured(|| keys.iter().try_for_each(|key| dict.get_mut(key).map(drop)))
    }),
    ("read-plain", |_, _| {
        let plain = Box::new(Profile::value(0));
        measured(|| (0..MANY).for_each(|_| _ = black_box(black_box(&plain).visits)));
        Ok(())
    }),
    ("read-ref", |cache, keys| {
        let session = cache.session();
        let guard = dict::<Profile>(&session).get(&keys[0])?;
        let guard = guard.expect("it was just stored");
        measured(|| (0..MANY).for_each(|_| _ = black_box(black_box(&guard).visits)));
        Ok(())
    }),
    ("read-ref-mut", |cache, keys| {
        let session = cache.session();
        let guard = dict::<Profile>(&session).get_mut(&keys[0])?;
        let guard = guard.expect("it was just stored");
        measured(|| (0..MANY).for_each(|_| _ = black_box(black_box(&guard).visits)));
        Ok(())
    }),
    ("write-plain", |_, _| {
        let mut plain = Box::new(Profile::value(0));
        measured(|| (0..MANY as u64).for_each(|n| black_box(&mut plain).visits = n));
        Ok(())
    }),
    ("write-ref-mut", |cache, keys| {
        let session = cache.session();
        let guard = dict::<Profile>(&session).get_mut(&keys[0])?;
        let mut guard = guard.expect("it was just stored");
        measured(|| (0..MANY as u64).for_each(|n| black_box(&mut guard).visits = n));
        Ok(())
    }),
    ("write-edit", |cache, keys| {
        let session = cache.session();
        let guard = dict::<Profile>(&session).get_mut(&keys[0])?;
        let mut guard = guard.expect("it was just stored");
        measured(|| {
            (0..MANY as u64).for_each(|n| _ = black_box(&mut guard).edit().visits.set(n));
        });
        Ok(())
    }),
];

/// Makes a session that has loaded all entries and done `what` with them.
fn session(
    cache: &Cache,
    keys: &[String],
    what: fn(&Session, &[String]) -> Result<usize, Error>,
) -> Result<Session, Error> {
    let session = cache.session();
    dict::<Profile>(&session).prefetch(keys)?;
    what(&session, keys)?;
    Ok(session)
}

fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let [name, rounds] = args.as_slice() else { return usage() };
    let work = WORKS.iter().find(|(known, _)| known == name);
    let (Some((_, work)), Ok(rounds)) = (work, rounds.parse::<u32>()) else { return usage() };
    match run(*work, rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("path: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(work: Work, rounds: u32) -> Result<(), Error> {
    let cache = Cache::open("memory:")?;
    let keys = keys(MANY);
    let session = cache.session();
    fill::<Profile>(&session, &keys)?;
    session.commit()?;
    (0..rounds).try_for_each(|_| work(&cache, &keys))
}

fn usage() -> ExitCode {
    let names: Vec<_> = WORKS.iter().map(|(name, _)| *name).collect();
    eprintln!("usage: path WORK ROUNDS, where WORK is one of {}", names.join(", "));
    ExitCode::FAILURE
}
