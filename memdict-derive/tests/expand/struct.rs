/// A cart.
#[derive(Tracked)]
pub struct Cart {
    /// Who pays.
    pub owner: String,
    pub(crate) items: Vec<Item>,
    address: Address,
    #[serde(skip)]
    cache: Option<u32>,
}
