//! What a visitor is told.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use crate::cart::Cart;

/// A cart as a visitor sees it.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Shown {
    items: Vec<String>,
    total: u64,
}

impl From<&Cart> for Shown {
    fn from(cart: &Cart) -> Self {
        let items = cart.items.iter().map(|item| item.sku.clone()).collect();
        Self { items, total: cart.total }
    }
}

/// Why a request is not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("there is no such item")]
    NoSuchItem,
    #[error(transparent)]
    Cache(#[from] memdict::Error),
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::NoSuchItem => StatusCode::NOT_FOUND,
            // The visitor may ask again: others were faster, ten times in a row.
            Self::Cache(memdict::Error::Conflict { .. }) => StatusCode::CONFLICT,
            // The name of the cart is too long.
            Self::Cache(memdict::Error::Key { .. }) => StatusCode::BAD_REQUEST,
            Self::Cache(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        (status, self.to_string()).into_response()
    }
}
