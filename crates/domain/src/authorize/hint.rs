//! ID tokens that come back as hints (`id_token_hint`): proof of which user and session the client means. An expired
//! one is as good (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).

use watchword_crypto::jose;
use watchword_kit::Result;
use watchword_store::app::Application;

use crate::services::Services;
use crate::token;

pub struct Hint {
    pub user_id: String,
    pub session_id: Option<String>,
}

/// Whose application the token says it is for; nothing is proven by that.
pub fn audience(token: &str) -> Option<String> {
    jose::unverified_claims(token).ok()?.get("aud")?.as_str().map(str::to_owned)
}

/// What the token says, if this server made it for this application.
pub fn read(services: &Services, app: &Application, token: &str) -> Result<Option<Hint>> {
    let claims = token::read_id(services, app, token)?;
    Ok(claims.map(|claims| Hint { user_id: claims.subject, session_id: Some(claims.session) }))
}
