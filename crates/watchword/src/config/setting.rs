//! How a value is written, the same in flags, environment and file.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use watchword_kit::Secret;

/// A type that a key can have.
pub trait Setting: Sized {
    /// For the document.
    const VALUES: &'static str;
    const SECRET: bool = false;

    /// # Errors
    /// What would be right. Never repeats the value: it may be a secret.
    fn read(text: &str) -> Result<Self, String>;
}

/// Whole seconds.
#[derive(Clone, Copy, Debug)]
pub struct Seconds(pub Duration);

/// A size in bytes, written with a unit.
#[derive(Clone, Copy, Debug)]
pub struct Bytes(pub u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level(pub tracing::Level);

impl Setting for String {
    const VALUES: &'static str = "text";
    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl Setting for PathBuf {
    const VALUES: &'static str = "path";
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Err("a path".into()) } else { Ok(text.into()) }
    }
}

impl Setting for bool {
    const VALUES: &'static str = "`true` or `false`";
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "true or false".into())
    }
}

impl Setting for u32 {
    const VALUES: &'static str = "whole number";
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a whole number".into())
    }
}

impl Setting for usize {
    const VALUES: &'static str = "whole number";
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "a whole number".into())
    }
}

impl Setting for SocketAddr {
    const VALUES: &'static str = "IP address and port";
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| "an IP address and a port, such as 127.0.0.1:8000 or [::1]:8000".into())
    }
}

impl Setting for Vec<IpAddr> {
    const VALUES: &'static str = "list of IP addresses, separated by commas";
    fn read(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|s| !s.is_empty());
        parts.map(|s| s.parse().map_err(|_| "IP addresses, separated by commas".into())).collect()
    }
}

impl Setting for Seconds {
    const VALUES: &'static str = "seconds";
    fn read(text: &str) -> Result<Self, String> {
        match text.parse::<u32>() {
            Ok(n) if n <= 86_400 => Ok(Seconds(Duration::from_secs(u64::from(n)))),
            _ => Err("whole seconds, at most 86400".into()),
        }
    }
}

impl Setting for Bytes {
    const VALUES: &'static str = "size, such as `64 KiB` or `19 MiB`";
    fn read(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
        let bad = || "a whole number and KiB, MiB or GiB".to_owned();
        let (number, unit) =
            UNITS.iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, *unit))).ok_or_else(bad)?;
        let n: u32 = number.trim().parse().map_err(|_| bad())?;
        Ok(Bytes(u64::from(n) * unit))
    }
}

impl Setting for LogFormat {
    const VALUES: &'static str = "`human` or `json`";
    fn read(text: &str) -> Result<Self, String> {
        match text {
            "human" => Ok(LogFormat::Human),
            "json" => Ok(LogFormat::Json),
            _ => Err("human or json".into()),
        }
    }
}

impl Setting for Level {
    const VALUES: &'static str = "`error`, `warn`, `info`, `debug` or `trace`";
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map(Level).map_err(|_| "error, warn, info, debug or trace".into())
    }
}

impl Setting for Secret<String> {
    const VALUES: &'static str = "text";
    const SECRET: bool = true;
    fn read(text: &str) -> Result<Self, String> {
        Ok(Secret::new(text.to_owned()))
    }
}

impl<T: Setting> Setting for Option<T> {
    const VALUES: &'static str = T::VALUES;
    const SECRET: bool = T::SECRET;
    fn read(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(None) } else { T::read(text).map(Some) }
    }
}
