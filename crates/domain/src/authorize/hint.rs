//! ID tokens that come back as hints (`id_token_hint`): proof of which user and session the client means. An expired
//! one is as good (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2).

use serde_json::Value;
use watchword_crypto::jose;
use watchword_kit::Result;
use watchword_store::app::Application;

use crate::app;
use crate::services::Services;

pub struct Hint {
    pub user_id: String,
    pub session_id: Option<String>,
}

/// Whose application the token says it is for; nothing is proven by that.
pub fn audience(token: &str) -> Option<String> {
    jose::peek(token)?.get("aud")?.as_str().map(str::to_owned)
}

/// What the token says, if this server made it for this application.
pub fn read(services: &Services, app: &Application, token: &str) -> Result<Option<Hint>> {
    let claims = match jose::verify_rs256_as(token, "JWT", &services.keys.verifying) {
        Ok(claims) => claims,
        Err(_) => {
            let secret = app::secret(services, app)?;
            match jose::verify_hs256_as(token, "JWT", secret.reveal().as_bytes()) {
                Ok(claims) => claims,
                Err(_) => return Ok(None),
            }
        }
    };
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let ours = text("iss") == Some(services.settings.issuer()) && text("aud").as_deref() == Some(&app.id);
    Ok(text("sub").filter(|_| ours).map(|user_id| Hint { user_id, session_id: text("sid") }))
}
