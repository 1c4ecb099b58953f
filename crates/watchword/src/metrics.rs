//! What `/metrics` shows.

use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusBuilder;
use watchword_web::pages::Render;

/// Upper bounds in seconds: from a point read to a bulk import.
const BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];

/// Installs the recorder of this process; answers what renders it.
pub fn start(engine: &'static str) -> Result<Render, String> {
    let builder = PrometheusBuilder::new().set_buckets(&BUCKETS).map_err(|e| e.to_string())?;
    let handle = builder.install_recorder().map_err(|e| e.to_string())?;
    metrics::describe_counter!("watchword_requests_total", "Requests by operation and statusCode.");
    metrics::describe_histogram!("watchword_request_seconds", "Time from a request's headers to its reply.");
    metrics::describe_gauge!("watchword_connections", "Open connections.");
    metrics::describe_counter!(
        "watchword_connections_refused_total",
        "Connections closed by limits.connections_per_ip."
    );
    metrics::describe_gauge!("watchword_build_info", "Always 1; the labels say what runs.");
    metrics::gauge!("watchword_build_info", "version" => env!("CARGO_PKG_VERSION"), "database" => engine).set(1.0);
    let upkeep = handle.clone();
    // Samples pile up until somebody folds them into the buckets, also when nobody scrapes.
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(5)).await;
            upkeep.run_upkeep();
        }
    });
    Ok(Arc::new(move || handle.render()))
}
