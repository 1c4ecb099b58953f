//! The authorization response.

use serde::{Deserialize, Serialize};
use watchword_crypto::hash;
use watchword_kit::{Error, Millis, Result, Secret, codes};
use watchword_store::app::Application;
use watchword_store::authorization_code::{AuthorizationCode, TABLE};
use watchword_store::interaction::{self, Interaction};
use watchword_store::sso_session::SsoSession;
use watchword_store::{Tx, sso_session as store};

use super::client::Client;
use super::next::{about, acr};
use super::request::{Mode, Request};
use crate::ctx::Ctx;
use crate::login::{Opening, open_session, session_lifetime};
use crate::token::{self, Extras, Front};
use crate::{pool, user};

/// What goes back to the client, and how.
#[derive(Clone)]
pub struct Response {
    pub redirect_uri: String,
    pub mode: Mode,
    pub params: Vec<(&'static str, String)>,
}

/// The parameters may be codes and tokens.
impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Response").field("redirect_uri", &self.redirect_uri).finish_non_exhaustive()
    }
}

impl Response {
    /// RFC 6749 §4.1.2.1, with `iss` (RFC 9207).
    pub(super) fn error(
        ctx: &Ctx,
        redirect_uri: &str,
        mode: Mode,
        state: Option<String>,
        error: &'static str,
        why: &str,
    ) -> Response {
        let params = vec![("error", error.to_owned()), ("error_description", why.to_owned())];
        Response { redirect_uri: redirect_uri.to_owned(), mode, params }.sealed(ctx, state)
    }

    fn sealed(mut self, ctx: &Ctx, state: Option<String>) -> Response {
        self.params.extend(state.map(|state| ("state", state)));
        self.params.push(("iss", ctx.settings.issuer()));
        self
    }
}

/// What a code adds to the ID token, kept until it is exchanged.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Kept {
    pub nonce: Option<String>,
    pub claims: Vec<String>,
    pub acr: Option<String>,
    /// Resources for which tokens may be asked (RFC 8707).
    #[serde(default)]
    pub resources: Vec<String>,
    /// Thumbprint of the key to which the code is bound (RFC 9449 §10).
    #[serde(default)]
    pub jkt: Option<String>,
}

/// Opens the session at the application and answers the request. Call it only where nothing is owed.
///
/// # Errors
/// 403 when the interaction or the sign-on has ended meanwhile.
pub(crate) async fn issue(
    ctx: &Ctx,
    mut tx: Tx,
    app: &Application,
    wish: &Request,
    sso: &SsoSession,
    waiting: Option<&Interaction>,
) -> Result<Response> {
    let over = || Error::new(codes::INTERACTION_OVER);
    let user = user::hold(&mut tx, ctx.pool(), &sso.user_id).await?;
    // What was judged before the user was held must still be so.
    let now = store::TABLE.get(&mut tx, ctx.pool(), &sso.id).await?;
    if !now.is_some_and(|now| now.amr == sso.amr && now.mfa_at == sso.mfa_at) {
        return Err(over());
    }
    if let Some(waiting) = waiting
        && !interaction::end(&mut tx, ctx.pool(), &waiting.id, ctx.now()).await?
    {
        return Err(over());
    }
    let idle = Millis::seconds(pool::settings(&mut tx, ctx.pool()).await?.sign_on_idle_seconds);
    if !store::touch(&mut tx, ctx.pool(), &sso.id, ctx.now() + idle).await? {
        return Err(over());
    }
    let wants = wish.wants;
    let code_ends = ctx.now() + Client::of(app)?.code_lifetime;
    let lifetime = ctx.now() + session_lifetime(app)?;
    let opening = Opening {
        scope: wish.scope.clone(),
        amr: sso.amr.clone(),
        auth_time: sso.auth_time,
        mfa_at: sso.mfa_at,
        recovery_until: sso.recovery_until,
        // Until the code is exchanged nobody can use the session.
        expires_at: if wants.token || !wants.code { lifetime } else { code_ends },
        sso_session_id: Some(sso.id.clone()),
        userinfo_claims: claims(&wish.userinfo_claims)?,
        signs_in: waiting.is_some_and(|i| i.user_id.as_deref() == Some(&sso.user_id)),
    };
    let session = open_session(&mut tx, ctx, app, &user, opening).await?;
    let kept = Kept {
        nonce: wish.nonce.clone(),
        claims: wish.id_token_claims.clone(),
        acr: Some(acr(sso)),
        resources: wish.resources.clone(),
        jkt: wish.jkt.clone(),
    };
    let code = if wants.code {
        let code = hash::token(&ctx.entropy, 32);
        let row = AuthorizationCode {
            pool_id: ctx.pool().to_string(),
            id: hash::token_hash(&code),
            app_id: app.id.clone(),
            user_id: user.id.clone(),
            session_id: session.id.clone(),
            redirect_uri: wish.redirect_uri.clone(),
            code_challenge: wish.code_challenge.clone(),
            extras: serde_json::to_string(&kept).map_err(Error::internal)?,
            created_at: ctx.now(),
            expires_at: code_ends,
            used_at: None,
        };
        TABLE.insert(&mut tx, &row).await?;
        Some(Secret::new(code))
    } else {
        None
    };
    let draft = if wants.token || wants.id_token {
        let extras = Extras {
            nonce: kept.nonce,
            code: code.clone(),
            claims: kept.claims,
            acr: kept.acr,
            resources: kept.resources,
            front: Some(Front { access_token: wants.token, id_token: wants.id_token }),
            ..Extras::default()
        };
        Some(token::draft(&mut tx, ctx, &session, app, &user, &extras).await?)
    } else {
        None
    };
    ctx.commit(tx, about(sso, app)).await?;
    let mut params: Vec<(&'static str, String)> = Vec::new();
    params.extend(code.map(|code| ("code", code.reveal().clone())));
    if let Some(tokens) = draft.map(|draft| draft.sign(ctx)).transpose()? {
        if let Some(access) = tokens.access_token {
            params.push(("access_token", access));
            params.push(("token_type", tokens.token_type));
            params.push(("expires_in", tokens.expires_in.to_string()));
            params.push(("scope", wish.scope.clone()));
        }
        params.extend(tokens.id_token.map(|id| ("id_token", id)));
    }
    Ok(Response { redirect_uri: wish.redirect_uri.clone(), mode: wish.mode, params }.sealed(ctx, wish.state.clone()))
}

fn claims(names: &[String]) -> Result<Option<String>> {
    if names.is_empty() { Ok(None) } else { serde_json::to_string(names).map(Some).map_err(Error::internal) }
}
