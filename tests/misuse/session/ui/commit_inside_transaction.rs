//! A commit by hand inside a transaction, which commits itself.

fn main() -> memdict::Result<()> {
    let cache = memdict::Cache::open("memory:")?;
    cache.transaction(|session| session.commit())?;
    Ok(())
}
