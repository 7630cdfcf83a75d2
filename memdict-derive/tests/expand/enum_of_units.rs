#[derive(Tracked)]
enum Level {
    Low,
    High,
}
