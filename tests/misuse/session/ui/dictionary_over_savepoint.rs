//! A handle of a dictionary that is used after a savepoint.

fn main() -> memdict::Result<()> {
    let mut session = memdict::Cache::open("memory:")?.session();
    let hits = session.dict::<u64>("hits");
    let _savepoint = session.savepoint();
    hits.insert("a", 1)?;
    Ok(())
}
