#[derive(Tracked)]
struct Pair(pub u8, #[serde(skip)] u8, String);
