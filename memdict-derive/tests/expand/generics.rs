#[derive(Tracked)]
pub struct Page<T, K: Ord = u8, const N: usize = 2>
where
    Vec<Self>: Sized,
{
    rows: Vec<T>,
    raw: [u8; N],
    marker: PhantomData<K>,
}
