#[derive(Tracked)]
enum Never {}
