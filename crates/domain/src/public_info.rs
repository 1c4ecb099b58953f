//! What anyone may read.

use std::sync::LazyLock;

use watchword_api::public_info::{Country, RsaPublicKey, Sm2PublicKey, SystemInfo, SystemKeys, SystemVersion};
use watchword_kit::{Error, Result};

use crate::services::Services;

static COUNTRIES: LazyLock<serde_json::Result<Vec<Country>>> =
    LazyLock::new(|| serde_json::from_str(include_str!("countries.json")));

/// The keys for passwords in transport, and versions. The parts are one program, so they have one version.
pub fn system(services: &Services) -> SystemInfo {
    let rsa = RsaPublicKey { public_key: services.keys.rsa_transport.public_pem().to_owned() };
    let sm2 = Sm2PublicKey { public_key: services.keys.sm2_transport.public_hex().to_owned() };
    let version = || env!("CARGO_PKG_VERSION").to_owned();
    SystemInfo {
        rsa: rsa.clone(),
        sm2: sm2.clone(),
        version: SystemVersion { server: version(), console: version(), login: version() },
        public_ips: Vec::new(),
        data: SystemKeys { rsa, sm2 },
    }
}

/// Countries and territories with a phone code.
pub fn countries() -> Result<&'static [Country]> {
    COUNTRIES.as_deref().map_err(Error::internal)
}
