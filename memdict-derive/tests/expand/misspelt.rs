#[derive(Tracked)]
struct Cart {
    #[memdict(opague)]
    owner: Foreign,
}
