//! Pages that are no operations: health, metrics, version, the API document, the development inbox.

pub mod html;
pub mod inbox;
pub mod verify_email;

use axum::Router;

/// Adds the pages to the operations.
pub fn mount(router: Router) -> Router {
    router
        .route("/healthz", axum::routing::get(|| async { "ok" }))
        .route("/readyz", axum::routing::get(|| async { "ok" }))
}
