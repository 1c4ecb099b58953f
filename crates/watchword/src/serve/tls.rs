//! TLS 1.2 and 1.3, with the certificate that the operator names.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::data::read_private;

/// # Errors
/// When a file cannot be read, others can read the key, or the two do not belong together.
pub fn acceptor(cert: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let chain = CertificateDer::pem_file_iter(cert).and_then(|certs| certs.collect::<Result<Vec<_>, _>>());
    let chain = chain.map_err(|e| format!("tls.cert: {}: {e}", cert.display()))?;
    let pem = read_private(key, 0o007).map_err(|e| format!("tls.key: {e}"))?;
    let private = PrivateKeyDer::from_pem_slice(pem.reveal().as_bytes());
    let private = private.map_err(|e| format!("tls.key: {}: {e}", key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|e| format!("tls: {e}"))?
        .with_no_client_auth()
        .with_single_cert(chain, private);
    let mut config = config.map_err(|e| format!("tls.cert and tls.key: {e}"))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
