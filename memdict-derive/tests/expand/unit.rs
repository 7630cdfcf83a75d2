#[derive(Tracked)]
struct Unit;
