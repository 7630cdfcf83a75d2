//! A dictionary of a type that is not tracked.

#[derive(serde::Serialize, serde::Deserialize)]
struct Plain(u32);

fn main() -> memdict::Result<()> {
    let session = memdict::Cache::open("memory:")?.session();
    session.dict::<Plain>("plain");
    Ok(())
}
