//! A web service with shopping carts: axum in front, memdict behind.
//!
//! ```sh
//! cargo run --example async_service -- 127.0.0.1:8080
//! curl -X POST 'http://127.0.0.1:8080/carts/blue/items' -H 'content-type: application/json' \
//!     -d '{"sku": "hat", "price": 20}'
//! curl http://127.0.0.1:8080/carts/blue
//! ```
//!
//! Carts are in the store that `MEMDICT_URL` names, or in this process without that variable. A cart
//! may be lost, and a server may be down: the service then continues with an empty cart, and says so
//! in the log. It never fails because of its cache.
#![forbid(unsafe_code)]

mod cart;
mod reply;

use std::time::Duration;

use anyhow::{Context, Result};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{delete, get, post},
};
use memdict::{AsyncCache, Cache};
use tokio::{net::TcpListener, signal};

use cart::{CARTS, Item};
use reply::{Failure, Shown};

/// How long to wait, at the end, for commits whose requests have been given up.
const LAST_COMMITS: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let cache = Cache::builder()
        .after_commit(|report| {
            for lost in report.lost.iter().chain(&report.refused) {
                eprintln!("not stored: {lost}");
            }
            Ok(())
        })
        .open_from_env()?
        .to_async()?;
    let listener = TcpListener::bind(&address).await.with_context(|| address.clone())?;
    println!("listening on http://{}", listener.local_addr()?);
    let service = axum::serve(listener, routes(cache.clone()));
    service.with_graceful_shutdown(asked_to_end()).await?;
    let unfinished = cache.drain(LAST_COMMITS).await;
    println!("{:?}, {unfinished} commits unfinished", cache.counters());
    Ok(())
}

async fn asked_to_end() {
    // Without the signal, the service runs until it is killed.
    if signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn routes(cache: AsyncCache) -> Router {
    Router::new()
        .route("/carts/{cart}", get(show))
        .route("/carts/{cart}", delete(empty))
        .route("/carts/{cart}/items", post(add))
        .route("/carts/{cart}/items/{sku}", delete(take_out))
        .route("/carts/{cart}/into/{other}", post(move_into))
        .with_state(cache)
}

/// Shows a cart. A cart that nobody has filled, or that is lost, is empty.
async fn show(
    State(cache): State<AsyncCache>,
    Path(cart): Path<String>,
) -> Result<Json<Shown>, Failure> {
    let session = cache.session();
    let found = session.dict(&CARTS).get(&cart).await?;
    Ok(Json(found.as_deref().map(Shown::from).unwrap_or_default()))
}

/// Adds an item. Two visitors who add to one cart at the same time both succeed: the transaction of
/// the second runs again.
async fn add(
    State(cache): State<AsyncCache>,
    Path(cart): Path<String>,
    Json(item): Json<Item>,
) -> Result<(StatusCode, Json<Shown>), Failure> {
    item.check()?;
    let shown = cache.transaction(async |session| {
        let mut cart = session.dict(&CARTS).entry(&cart).await?.or_default();
        cart.add(item.clone());
        Ok(Shown::from(&*cart))
    });
    Ok((StatusCode::CREATED, Json(shown.await?)))
}

/// Takes one item out.
async fn take_out(
    State(cache): State<AsyncCache>,
    Path((cart, sku)): Path<(String, String)>,
) -> Result<Json<Shown>, Failure> {
    let shown = cache.try_transaction(async |session| {
        let carts = session.dict(&CARTS);
        let mut cart = carts.get_mut(&cart).await?.ok_or(Failure::NoSuchItem)?;
        if !cart.take_out(&sku) {
            return Err(Failure::NoSuchItem);
        }
        Ok(Shown::from(&*cart))
    });
    Ok(Json(shown.await?))
}

/// Moves everything into another cart. The two carts are two entries, and memcached changes them one
/// by one: the items are added first, so that a failure between the two shows them twice and never
/// not at all.
async fn move_into(
    State(cache): State<AsyncCache>,
    Path((from, into)): Path<(String, String)>,
) -> Result<Json<Shown>, Failure> {
    if from == into {
        return show(State(cache), Path(from)).await;
    }
    let session = cache.session();
    let items = match session.dict(&CARTS).get(&from).await? {
        Some(cart) => cart.items.clone(),
        None => return show(State(cache), Path(into)).await,
    };
    let shown = cache.update(&CARTS, &into, async |entry| {
        let mut cart = entry.or_default();
        items.iter().for_each(|item| cart.add(item.clone()));
        Ok(Shown::from(&*cart))
    });
    let shown = shown.await?;
    empty(State(cache), Path(from)).await?;
    Ok(Json(shown))
}

/// Empties a cart, whatever is in it.
async fn empty(
    State(cache): State<AsyncCache>,
    Path(cart): Path<String>,
) -> Result<StatusCode, Failure> {
    cache.transaction(async |session| session.dict(&CARTS).remove(&cart)).await?;
    Ok(StatusCode::NO_CONTENT)
}
