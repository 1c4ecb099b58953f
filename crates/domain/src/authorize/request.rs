//! An authorization request, checked once and kept with its interaction.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use watchword_kit::{Error, Lang, Result, text};
use watchword_store::app::Application;

use super::client::Client;
use super::issue::Response;
use super::{ONE_FACTOR, TWO_FACTORS, hint};
use crate::app::{self, ClientSettings};
use crate::ctx::Ctx;
use crate::user;

/// Bytes of all parameters together.
const MAX_PARAMS: usize = 8 * 1024;
/// Bytes of `state`, `nonce` and the hints.
const MAX_VALUE: usize = 4096;
/// Claims that one request may name.
const MAX_CLAIMS: usize = 50;
/// Scopes that mean something here; others are ignored (OpenID Connect Core §3.1.2.1).
pub const SCOPES: &[&str] =
    &["openid", "profile", "email", "phone", "address", "offline_access", "username", "external_id", "extended_fields"];
/// What the OAuth module of the SDKs asks for where its caller names no scope; it stands for [`OF_USER`].
const USER: &str = "user";
const OF_USER: &[&str] = &["profile", "email", "phone", "username"];

/// The parameters of a query or form, as they came.
#[derive(Clone, Debug, Default)]
pub struct Params(pub Vec<(String, String)>, pub Source);

/// How the parameters came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    #[default]
    Browser,
    /// Pushed by the client itself (RFC 9126).
    Pushed,
}

/// A parameter that came twice.
pub struct Repeated;

impl Params {
    /// Parameters that a browser brought.
    pub fn of(all: Vec<(String, String)>) -> Params {
        Params(all, Source::Browser)
    }

    /// The value of a parameter; an empty one is absent (RFC 6749 §3.1).
    pub fn once(&self, name: &str) -> std::result::Result<Option<&str>, Repeated> {
        let mut all = self.0.iter().filter(|(n, v)| n == name && !v.is_empty());
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(Repeated),
            (found, None) => Ok(found.map(|(_, v)| v.as_str())),
        }
    }
}

/// How the response travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode, Web Message).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Query,
    Fragment,
    FormPost,
    WebMessage,
}

impl Mode {
    fn parse(name: &str) -> Option<Mode> {
        Some(match name {
            "query" => Mode::Query,
            "fragment" => Mode::Fragment,
            "form_post" => Mode::FormPost,
            "web_message" => Mode::WebMessage,
            _ => return None,
        })
    }
}

/// What the client wants in the response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wants {
    pub code: bool,
    pub token: bool,
    pub id_token: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    pub none: bool,
    pub login: bool,
    pub consent: bool,
    pub select_account: bool,
}

/// A request that may be answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Request {
    pub redirect_uri: String,
    pub mode: Mode,
    pub wants: Wants,
    pub scope: String,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub prompt: Prompt,
    /// Seconds.
    pub max_age: Option<i64>,
    pub login_hint: Option<String>,
    /// Who must sign in, by `id_token_hint` or `claims`.
    pub user_id: Option<String>,
    /// `zh` or `en`, by `ui_locales`.
    pub lang: Option<String>,
    /// `acr_values` or `claims` ask for two factors.
    pub two_factors: bool,
    pub id_token_claims: Vec<String>,
    pub userinfo_claims: Vec<String>,
    pub code_challenge: Option<String>,
    /// RFC 8707.
    #[serde(default)]
    pub resources: Vec<String>,
    /// `dpop_jkt` (RFC 9449 §10).
    #[serde(default)]
    pub jkt: Option<String>,
    /// `login_page_context`: goes along to the sign-in page, as it came.
    pub page_context: Option<String>,
    /// The device (RFC 8628) that is to be signed in: nothing goes back to a client then.
    #[serde(default)]
    pub device: Option<String>,
}

/// An error of RFC 6749 §4.1.2.1 and what was wrong, in English as the RFC wants it.
type Problem = (&'static str, String);

impl Request {
    /// The wish to sign a device in.
    pub fn of_device(id: &str, scope: &str) -> Request {
        Request { device: Some(id.to_owned()), scope: scope.to_owned(), ..Request::default() }
    }

    pub fn language(&self) -> Option<Lang> {
        self.lang.as_deref().and_then(Lang::from_tag)
    }

    pub fn has_scope(&self, name: &str) -> bool {
        self.scope.split(' ').any(|s| s == name)
    }

    /// What the user lets the client know by answering the request: its scopes, and the scopes that tell the claims
    /// which it names.
    pub fn tells(&self) -> Vec<&str> {
        let claims = self.id_token_claims.iter().chain(&self.userinfo_claims);
        let mut out: Vec<&str> = self.scope.split(' ').collect();
        for scope in claims.filter_map(|name| user::scope_of_claim(name)) {
            if !out.contains(&scope) {
                out.push(scope);
            }
        }
        out
    }

    /// Drops claims that no scope tells, and those of scopes for which the client may not ask: a request is not refused
    /// for a claim that it does not get (OpenID Connect Core §5.5.1).
    fn permit_claims(&mut self, settings: &ClientSettings) {
        let may = |name: &String| user::scope_of_claim(name).is_some_and(|s| settings.permit_scope(s).is_ok());
        self.id_token_claims.retain(may);
        self.userinfo_claims.retain(may);
    }

    /// The error that goes back to the client.
    pub fn refuse(&self, ctx: &Ctx, error: &'static str, why: &str) -> Response {
        Response::error(ctx, &self.redirect_uri, self.mode, self.state.clone(), error, why)
    }

    /// Reads and checks a request. The inner error is a response for the client.
    ///
    /// # Errors
    /// 400 when it is not known where to answer: that is told to the user and never to the client.
    pub fn read(ctx: &Ctx, app: &Application, params: &Params) -> Result<std::result::Result<Request, Response>> {
        let client = Client::of(app)?;
        let redirect_uri = params.once("redirect_uri").ok().flatten().filter(|uri| client.may_return_to(uri));
        let Some(redirect_uri) = redirect_uri else {
            let detail = text!("not an address that this application has registered", "不是该应用登记的回调地址");
            return Err(Error::invalid("redirect_uri", detail));
        };
        let response_type = params.once("response_type").ok().flatten().unwrap_or_default();
        let fronted = response_type.split_ascii_whitespace().any(|w| ["token", "id_token"].contains(&w));
        let default = if fronted { Mode::Fragment } else { Mode::Query };
        let asked = params.once("response_mode").ok().flatten();
        let known = asked.map_or(Some(default), Mode::parse);
        // A token in a query would stay in logs and histories (RFC 9700 §4.3.2); a message needs an origin.
        let fits = |mode: &Mode| match mode {
            Mode::Query => !fronted,
            Mode::WebMessage => redirect_uri.starts_with("http"),
            Mode::Fragment | Mode::FormPost => true,
        };
        let mode = known.filter(fits);
        let state = params.once("state").ok().flatten().filter(|s| s.len() <= MAX_VALUE).map(str::to_owned);
        let checked = match mode {
            None => Err(problem("invalid_request", "response_mode is unknown or does not go with response_type")),
            Some(mode) => check(ctx, app, &client, params, redirect_uri, mode, response_type)?,
        };
        Ok(checked
            .map_err(|(error, why)| Response::error(ctx, redirect_uri, mode.unwrap_or(default), state, error, &why)))
    }
}

fn problem(error: &'static str, why: impl Into<String>) -> Problem {
    (error, why.into())
}

/// Everything that is told to the client when it is wrong.
fn check(
    ctx: &Ctx,
    app: &Application,
    client: &Client,
    params: &Params,
    redirect_uri: &str,
    mode: Mode,
    response_type: &str,
) -> Result<std::result::Result<Request, Problem>> {
    if let Err(problem) = check_form(params) {
        return Ok(Err(problem));
    }
    let get = |name: &str| params.once(name).ok().flatten();
    let settings = app::client_settings(app)?;
    let resources: Vec<String> = params.0.iter().filter(|(n, _)| n == "resource").map(|(_, v)| v.clone()).collect();
    if settings.permit_resources(&resources).is_err() {
        return Ok(Err(problem("invalid_target", "this application may not ask for tokens for that resource")));
    }
    if settings.permit_scope(get("scope").unwrap_or_default()).is_err() {
        return Ok(Err(problem("invalid_scope", "this application may not ask for that scope")));
    }
    if settings.require_par && params.1 != Source::Pushed {
        return Ok(Err(problem("invalid_request", "this application must push its requests (RFC 9126)")));
    }
    let hinted = match get("id_token_hint") {
        None => None,
        Some(token) => match hint::read(ctx, app, token)? {
            Some(hint) => Some(hint.user_id),
            None => return Ok(Err(problem("invalid_request", "id_token_hint is not an ID token of this client"))),
        },
    };
    let assembled = assemble(client, &get, redirect_uri, mode, response_type, hinted);
    Ok(assembled.map(|wish| {
        let mut wish = Request { resources, jkt: get("dpop_jkt").map(str::to_owned), ..wish };
        wish.permit_claims(&settings);
        wish
    }))
}

/// No parameter twice, none too long, none that would be silently ignored.
fn check_form(params: &Params) -> std::result::Result<(), Problem> {
    let total: usize = params.0.iter().map(|(n, v)| n.len() + v.len()).sum();
    if total > MAX_PARAMS {
        return Err(problem("invalid_request", "the request is too long"));
    }
    for (name, value) in &params.0 {
        if params.once(name).is_err() {
            // RFC 8707 §2 allows this one more than once; it is checked where resources are known.
            if name == "resource" {
                continue;
            }
            return Err(problem("invalid_request", format!("{} is given more than once", plain(name))));
        }
        if value.len() > MAX_VALUE && !["claims", "request"].contains(&name.as_str()) {
            return Err(problem("invalid_request", format!("{} is too long", plain(name))));
        }
    }
    let refused = [
        // One that counts has given way to what is in it.
        (
            "request",
            "invalid_request_object",
            "not a request object that this client has signed for this server, or over",
        ),
        ("request_uri", "request_uri_not_supported", "request_uri is not supported"),
        ("registration", "registration_not_supported", "registration by request is not supported"),
        ("tenant_id", "invalid_request", "tenants are not supported"),
        ("tenantId", "invalid_request", "tenants are not supported"),
        ("ext_idp_conn_id", "invalid_request", "this user pool has no external identity source of this id"),
    ];
    match refused.iter().find(|(name, ..)| params.once(name).is_ok_and(|v| v.is_some())) {
        Some((_, error, why)) => Err(problem(error, *why)),
        None => Ok(()),
    }
}

fn assemble<'a>(
    client: &Client,
    get: &dyn Fn(&str) -> Option<&'a str>,
    redirect_uri: &str,
    mode: Mode,
    response_type: &str,
    hinted: Option<String>,
) -> std::result::Result<Request, Problem> {
    let wants = response_type_of(client, response_type)?;
    let scope = scope_of(client, get("scope").unwrap_or_default(), wants)?;
    let nonce = get("nonce").map(str::to_owned);
    if wants.id_token && nonce.is_none() {
        return Err(problem("invalid_request", "nonce is required where an ID token is returned here"));
    }
    let prompt = prompt_of(get("prompt").unwrap_or_default())?;
    let max_age = match get("max_age") {
        None => None,
        Some(n) => match n.parse::<i64>() {
            Ok(n) if n >= 0 => Some(n),
            _ => return Err(problem("invalid_request", "max_age is a number of seconds")),
        },
    };
    let claims = claims_of(get("claims"))?;
    let two_factors = two_factors(get("acr_values").unwrap_or_default(), &claims)?;
    let subject = claims.subject.clone();
    if let (Some(a), Some(b)) = (&hinted, &subject)
        && a != b
    {
        return Err(problem("invalid_request", "id_token_hint and claims name different users"));
    }
    let code_challenge = challenge_of(client, get("code_challenge"), get("code_challenge_method"), wants.code)?;
    let langs = get("ui_locales").unwrap_or_default().split_ascii_whitespace().find_map(Lang::from_tag);
    let lang = langs.map(|lang| if lang == Lang::Zh { "zh" } else { "en" }.to_owned());
    Ok(Request {
        redirect_uri: redirect_uri.to_owned(),
        mode,
        wants,
        scope,
        state: get("state").map(str::to_owned),
        nonce,
        prompt,
        max_age,
        login_hint: get("login_hint").map(str::to_owned),
        user_id: hinted.or(subject),
        lang,
        two_factors,
        id_token_claims: claims.id_token,
        userinfo_claims: claims.userinfo,
        code_challenge,
        page_context: get("login_page_context").map(str::to_owned),
        ..Request::default()
    })
}

fn response_type_of(client: &Client, given: &str) -> std::result::Result<Wants, Problem> {
    if given.trim().is_empty() {
        return Err(problem("invalid_request", "response_type is required"));
    }
    let mut wants = Wants::default();
    let mut none = false;
    for word in given.split_ascii_whitespace() {
        let slot = match word {
            "code" => &mut wants.code,
            "token" => &mut wants.token,
            "id_token" => &mut wants.id_token,
            "none" => &mut none,
            _ => return Err(problem("unsupported_response_type", "unknown response_type")),
        };
        if std::mem::replace(slot, true) {
            return Err(problem("unsupported_response_type", "a response_type names each word once"));
        }
    }
    if none && wants != Wants::default() {
        return Err(problem("unsupported_response_type", "none stands alone"));
    }
    if !client.may_respond(given) {
        return Err(problem("unauthorized_client", "this application is not set up for this response_type"));
    }
    Ok(wants)
}

fn scope_of(client: &Client, given: &str, wants: Wants) -> std::result::Result<String, Problem> {
    let words: Vec<&str> = given.split_ascii_whitespace().collect();
    let of_user = |scope: &&str| words.contains(&USER) && OF_USER.contains(scope);
    let mut scopes: Vec<&str> = SCOPES.iter().copied().filter(|s| words.contains(s) || of_user(s)).collect();
    if wants.id_token && !scopes.contains(&"openid") {
        return Err(problem("invalid_scope", "an ID token needs the scope openid"));
    }
    // Without a code there is no refresh token to be had (OpenID Connect Core §11).
    if !wants.code || !client.may_grant("refresh_token") {
        scopes.retain(|s| *s != "offline_access");
    }
    if scopes.is_empty() {
        return Err(problem("invalid_scope", "no known scope; OpenID Connect needs openid"));
    }
    Ok(scopes.join(" "))
}

fn prompt_of(given: &str) -> std::result::Result<Prompt, Problem> {
    let mut prompt = Prompt::default();
    for word in given.split_ascii_whitespace() {
        match word {
            "none" => prompt.none = true,
            "login" => prompt.login = true,
            "consent" => prompt.consent = true,
            "select_account" => prompt.select_account = true,
            _ => return Err(problem("invalid_request", "prompt: none, login, consent or select_account")),
        }
    }
    if prompt.none && (prompt.login || prompt.consent || prompt.select_account) {
        return Err(problem("invalid_request", "prompt none stands alone"));
    }
    Ok(prompt)
}

/// PKCE (RFC 7636): S256 only; required of whoever keeps no secret (RFC 9700 §2.1.1).
fn challenge_of(
    client: &Client,
    challenge: Option<&str>,
    method: Option<&str>,
    code: bool,
) -> std::result::Result<Option<String>, Problem> {
    match (challenge, method) {
        (None, None) if code && (client.public || client.pkce) => {
            Err(problem("invalid_request", "this application must send code_challenge (PKCE, S256)"))
        }
        (None, None) => Ok(None),
        (None, Some(_)) => Err(problem("invalid_request", "code_challenge_method without code_challenge")),
        (Some(_), method) if method != Some("S256") => {
            Err(problem("invalid_request", "code_challenge_method must be S256"))
        }
        (Some(given), _) => {
            let right = given.len() == 43 && given.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
            if !right {
                return Err(problem("invalid_request", "code_challenge is the SHA-256 in base64url, 43 characters"));
            }
            Ok(Some(given.to_owned()))
        }
    }
}

#[derive(Default)]
struct Claims {
    id_token: Vec<String>,
    userinfo: Vec<String>,
    subject: Option<String>,
    acr: Vec<String>,
    acr_essential: bool,
}

/// The `claims` parameter (OpenID Connect Core §5.5).
fn claims_of(given: Option<&str>) -> std::result::Result<Claims, Problem> {
    let wrong = || problem("invalid_request", "claims is a JSON object of id_token and userinfo");
    let Some(given) = given else { return Ok(Claims::default()) };
    let parsed: Value = serde_json::from_str(given).map_err(|_| wrong())?;
    let parsed = parsed.as_object().ok_or_else(wrong)?;
    let mut claims = Claims::default();
    for part in ["id_token", "userinfo"] {
        let members = match parsed.get(part) {
            None | Some(Value::Null) => continue,
            Some(Value::Object(members)) if members.len() <= MAX_CLAIMS => members,
            Some(_) => return Err(wrong()),
        };
        for (name, wish) in members {
            if !(wish.is_null() || wish.is_object()) {
                return Err(wrong());
            }
            let value = |wish: &Value| wish.get("value").and_then(Value::as_str).map(str::to_owned);
            if name == "sub" {
                claims.subject = value(wish).or(claims.subject);
            }
            if name == "acr" && part == "id_token" {
                let several = wish.get("values").and_then(Value::as_array).into_iter().flatten();
                claims.acr = several.filter_map(Value::as_str).map(str::to_owned).chain(value(wish)).collect();
                claims.acr_essential = wish.get("essential") == Some(&Value::Bool(true));
            }
            let list = if part == "id_token" { &mut claims.id_token } else { &mut claims.userinfo };
            list.push(name.clone());
        }
    }
    Ok(claims)
}

/// Whether two factors are asked for: the first class that is known here decides. An essential class that cannot be
/// reached fails (OpenID Connect Core §5.5.1.1); a voluntary one is passed over.
fn two_factors(acr_values: &str, claims: &Claims) -> std::result::Result<bool, Problem> {
    let known = |s: &&str| [ONE_FACTOR, TWO_FACTORS].contains(s);
    let by_claims: Vec<&str> = claims.acr.iter().map(String::as_str).collect();
    if claims.acr_essential && !by_claims.is_empty() && !by_claims.iter().any(&known) {
        return Err(problem("unmet_authentication_requirements", "none of the essential acr values is supported"));
    }
    let first = by_claims.into_iter().chain(acr_values.split_ascii_whitespace()).find(known);
    Ok(first == Some(TWO_FACTORS))
}

/// A parameter's name as part of a message: the caller's own text, so only a plain and short piece of it.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(32).collect()
}
