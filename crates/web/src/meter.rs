//! What is counted of an operation, with its handles held ready.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{Counter, Histogram};

use crate::op::Op;

/// The `statusCode`s that have a series of their own; the rest is counted as `other`.
const STATUSES: [u16; 16] = [200, 300, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 501, 503, 601, 602];

pub struct Meter {
    operation: &'static str,
    seconds: Histogram,
    /// One for each of [`STATUSES`], and one for the rest.
    requests: [OnceLock<Counter>; STATUSES.len() + 1],
}

impl Meter {
    pub fn new(op: &Op) -> Meter {
        let seconds = metrics::histogram!("watchword_request_seconds", "operation" => op.path, "method" => op.method);
        Meter { operation: op.path, seconds, requests: Default::default() }
    }

    pub fn record(&self, status: u16, took: Duration) {
        let slot = STATUSES.iter().position(|s| *s == status).unwrap_or(STATUSES.len());
        let counter = self.requests[slot].get_or_init(|| {
            let label = STATUSES.get(slot).map_or_else(|| "other".to_owned(), u16::to_string);
            metrics::counter!("watchword_requests_total", "operation" => self.operation, "status" => label)
        });
        counter.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}
