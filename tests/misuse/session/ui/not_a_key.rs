//! A key that is none.

fn main() -> memdict::Result<()> {
    let session = memdict::Cache::open("memory:")?.session();
    session.dict::<u64>("hits").get(1.5)?;
    Ok(())
}
