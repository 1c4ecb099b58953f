//! Pages that are no operations: health, metrics, version, the API document, the development inbox.

use axum::Router;

/// Adds the pages to the operations.
pub fn mount(router: Router) -> Router {
    router
        .route("/healthz", axum::routing::get(|| async { "ok" }))
        .route("/readyz", axum::routing::get(|| async { "ok" }))
}
