//! Log lines to standard error, for people or for machines, each with its request's id.

use std::io::IsTerminal;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Config;
use crate::config::setting::LogFormat;

/// Other crates' lines never go below this: at finer levels the HTTP libraries write headers, tokens included.
const OTHERS: LevelFilter = LevelFilter::WARN;

pub fn start(config: &Config) {
    let filter = Targets::new().with_default(OTHERS).with_target("watchword", config.log_level.0);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match config.log_format {
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).with_filter(filter.clone()).boxed(),
        LogFormat::Human => layer.with_ansi(std::io::stderr().is_terminal()).with_filter(filter.clone()).boxed(),
    };
    // Only the first call counts; tests may come twice.
    let _ = tracing_subscriber::registry().with(layer).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "panicked: {}", panic.payload_as_str().unwrap_or("no message"));
    }));
}
