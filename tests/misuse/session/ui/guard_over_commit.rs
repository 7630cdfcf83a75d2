//! A guard for writing that lives until after the commit.

fn main() -> memdict::Result<()> {
    let session = memdict::Cache::open("memory:")?.session();
    let mut hits = session.dict::<u64>("hits").entry("a")?.or_default();
    *hits += 1;
    session.commit()?;
    Ok(())
}
