//! The work of a transaction, as a bound of the calls that run it. Both traits are public only with
//! the feature `tokio`, whose calls name them.

/// The work of a transaction: an async closure, or any function that returns a future.
///
/// A closure needs no annotation to be one: write `async |session| { .. }`. The trait names the
/// future that the closure returns, so that a bound can require it to be `Send` for every lifetime
/// of the session. So a transaction can be spawned, even if its closure borrows.
#[cfg_attr(not(feature = "tokio"), allow(unreachable_pub))]
pub trait Body<S, R>: AsyncFnMut(S) -> R + FnMut(S) -> <Self as Body<S, R>>::Fut {
    /// The future.
    type Fut: Future<Output = R>;
}

impl<F, S, R, Fut> Body<S, R> for F
where
    F: AsyncFnMut(S) -> R + FnMut(S) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}

/// The work of [`update_each`](crate::AsyncCache::update_each), which gets a key and its entry:
/// [`Body`] of two arguments.
#[cfg_attr(not(feature = "tokio"), allow(unreachable_pub))]
pub trait BodyOfEach<K, S, R>:
    AsyncFnMut(K, S) -> R + FnMut(K, S) -> <Self as BodyOfEach<K, S, R>>::Fut
{
    /// The future.
    type Fut: Future<Output = R>;
}

impl<F, K, S, R, Fut> BodyOfEach<K, S, R> for F
where
    F: AsyncFnMut(K, S) -> R + FnMut(K, S) -> Fut,
    Fut: Future<Output = R>,
{
    type Fut = Fut;
}
