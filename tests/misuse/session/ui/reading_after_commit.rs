//! A guard for reading that is used after the commit.

fn main() -> memdict::Result<()> {
    let session = memdict::Cache::open("memory:")?.session();
    let hits = session.dict::<u64>("hits").get("a")?;
    session.commit()?;
    drop(hits);
    Ok(())
}
