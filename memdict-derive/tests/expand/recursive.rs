#[derive(Tracked)]
struct Node {
    kids: Vec<Self>,
    next: Option<Box<Node>>,
}
