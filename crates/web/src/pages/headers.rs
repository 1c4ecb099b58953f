//! What browsers are told with every reply (OWASP ASVS 5.0, 3.4).

use http::{HeaderMap, HeaderName, HeaderValue, header};

const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
/// Nothing is loaded from elsewhere, and no script runs.
const CONTENT: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; \
                       base-uri 'none'; frame-ancestors 'none'";

/// The headers, and whether HTTPS is promised.
#[derive(Clone, Copy, Debug)]
pub struct Guard {
    https: bool,
}

impl Guard {
    pub fn new(public_url: &str) -> Guard {
        Guard { https: public_url.starts_with("https://") }
    }

    /// Adds what is not there yet: a page may have a policy of its own.
    pub fn stamp(self, headers: &mut HeaderMap) {
        let mut add = |name: HeaderName, value: &'static str| {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        };
        add(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        add(header::REFERRER_POLICY, "no-referrer");
        add(header::CONTENT_SECURITY_POLICY, CONTENT);
        add(header::X_FRAME_OPTIONS, "DENY");
        add(OPENER, "same-origin");
        add(PERMISSIONS, "camera=(), geolocation=(), microphone=()");
        if self.https {
            add(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains");
        }
    }
}
