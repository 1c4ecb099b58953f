//! Who asks, read from headers; whether it is true, `domain::caller` knows.

use std::net::IpAddr;

use data_encoding::BASE64;
use http::{Extensions, HeaderMap, header};
use watchword_domain::caller::{self, Presented, SignedRequest};
use watchword_domain::ctx::{self, Actor};
use watchword_domain::{Services, app};
use watchword_kit::{Error, Lang, PoolId, Result, Secret, codes, text};

use crate::input::pairs;
use crate::op::{Access, Op, Shape, Source};
use crate::peer::client_ip;

/// A request before anything is believed.
pub struct Incoming<'a> {
    pub method: &'a str,
    /// Percent-encoded, as on the wire.
    pub path: &'a str,
    pub query: Option<&'a str>,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Who turned out to be asking.
pub struct Caller {
    pub pool: PoolId,
    pub actor: Actor,
    pub app_id: Option<String>,
    /// The client that a request to an endpoint of OAuth names.
    pub client_id: Option<String>,
    /// Set when the caller is known but may not do this: the refusal then leaves a row in the trail.
    pub refused: Option<Error>,
}

impl<'a> Incoming<'a> {
    /// For what the headers alone say.
    pub fn of_headers(headers: &'a HeaderMap) -> Incoming<'a> {
        Incoming { method: "", path: "", query: None, headers, body: &[] }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim).filter(|v| !v.is_empty())
    }

    /// `x-authing-lang`, then `Accept-Language`, then English.
    pub fn lang(&self) -> Lang {
        self.named_lang().unwrap_or_default()
    }

    /// The language that the request asks for, if it is one of ours.
    pub fn named_lang(&self) -> Option<Lang> {
        let asked = self.header("x-authing-lang").and_then(Lang::from_tag);
        asked.or_else(|| self.header("accept-language").and_then(Lang::from_accept))
    }

    /// The client's name for itself, plain and short.
    pub fn user_agent(&self) -> Option<String> {
        self.header("user-agent").map(|s| s.chars().filter(|c| !c.is_control()).take(256).collect())
    }

    /// The request as the rules see it, before anybody is recognised; `trusted` as in [`crate::Limits`].
    pub(crate) fn visit(&self, id: String, trusted: &[IpAddr], extensions: &Extensions) -> ctx::Request {
        ctx::Request {
            id,
            lang: self.lang(),
            ip: client_ip(trusted, self.headers, extensions).map(|ip| ip.to_string()),
            user_agent: self.user_agent(),
            method: self.method.to_owned(),
            path: self.path.to_owned(),
            ..ctx::Request::default()
        }
    }

    /// A token in `Authorization`, with or without `Bearer`, or with `DPoP`.
    pub fn token(&self) -> Option<&str> {
        let value = self.header(header::AUTHORIZATION.as_str())?;
        match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("dpop") => Some(token.trim()),
            Some(_) => None,
            None => Some(value),
        }
    }

    /// Whether the token came under the scheme `DPoP` (RFC 9449 §7.1).
    pub fn as_dpop(&self) -> bool {
        let value = self.header(header::AUTHORIZATION.as_str()).unwrap_or_default();
        value.split_once(' ').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("dpop"))
    }

    /// The header `DPoP`. Two of them are as good as a broken one (RFC 9449 §4.3).
    pub fn dpop(&self) -> Option<&str> {
        let mut all = self.headers.get_all("dpop").iter();
        let first = all.next()?;
        if all.next().is_some() { Some("") } else { Some(first.to_str().unwrap_or_default().trim()) }
    }

    /// A token of this request, with what proves its key (RFC 9449).
    pub fn presented<'t>(&'t self, token: &'t str) -> Presented<'t> {
        Presented { token, as_dpop: self.as_dpop(), proof: self.dpop(), method: self.method, path: self.path }
    }

    /// The token by which a user is recognised. Where RFC 6750 §2 lets it travel in the form or the query, too, there
    /// must be one only.
    fn users_token(&self, op: &Op) -> Result<Option<std::borrow::Cow<'_, str>>> {
        let mut found: Vec<std::borrow::Cow<'_, str>> = self.token().into_iter().map(Into::into).collect();
        if op.shape == Shape::OAuth {
            let of_pairs = |s: &str| -> Vec<String> {
                let named =
                    |(k, v): (Option<String>, Option<String>)| v.filter(|_| k.as_deref() == Some("access_token"));
                pairs(s).filter_map(named).filter(|v| !v.is_empty()).collect()
            };
            found.extend(of_pairs(self.query.unwrap_or_default()).into_iter().map(Into::into));
            let body = std::str::from_utf8(self.body).unwrap_or_default();
            if !body.trim_start().starts_with('{') {
                found.extend(of_pairs(body).into_iter().map(Into::into));
            }
        }
        if found.len() > 1 {
            return Err(Error::new(codes::INVALID)
                .because(text!("the token is sent in more than one way", "token 通过多种方式发送")));
        }
        Ok(found.pop())
    }

    /// Client id and secret by HTTP Basic. SDKs send them raw; RFC 6749 §2.3.1 form-encodes them first, which for our
    /// own ids and secrets is the same text.
    pub fn basic(&self) -> Option<(String, Secret<String>)> {
        let value = self.header(header::AUTHORIZATION.as_str())?;
        let (scheme, encoded) = value.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = BASE64.decode(encoded.trim().as_bytes()).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some((id.to_owned(), Secret::new(secret.to_owned())))
    }
}

/// Finds out who asks, and refuses whom the operation does not admit.
pub async fn identify(services: &Services, op: &Op, request: &Incoming<'_>) -> Result<Caller> {
    match op.access {
        Access::Nobody => Err(Error::new(codes::FORBIDDEN)),
        Access::Public => {
            let pool = PoolId::new("");
            Ok(Caller { pool, actor: Actor::Anonymous, app_id: None, client_id: None, refused: None })
        }
        Access::Application => application(services, op, request).await,
        Access::Key(permission) => {
            let (pool, actor) = management(services, request).await?;
            agree(request, &pool)?;
            let allowed = matches!(&actor, Actor::AccessKey(key) if key.grants.allow(permission));
            let refused = (!allowed).then(|| refuse_permission(permission.as_str()));
            Ok(Caller { pool, actor, app_id: None, client_id: None, refused })
        }
        Access::User | Access::UserOrMfa => {
            let token = request.users_token(op)?.ok_or_else(|| Error::new(codes::NOT_SIGNED_IN))?;
            let given = request.presented(&token);
            let (pool, actor) = if op.access == Access::User {
                caller::by_access_token(services, &given).await?
            } else {
                caller::by_user_or_mfa_token(services, &given).await?
            };
            agree(request, &pool)?;
            let own = match &actor {
                Actor::User(session) => session.app_id.clone(),
                Actor::Pending(transaction) => transaction.app_id.clone(),
                _ => String::new(),
            };
            let refused = match &actor {
                Actor::User(session) if !op.third_party => caller::third_party(services, session).await?,
                _ => None,
            };
            // A token of one application is not good for another, nor for one that does not exist.
            if request.header("x-authing-app-id").is_some_and(|named| named != own) {
                return Err(Error::new(codes::APP_NOT_FOUND));
            }
            Ok(Caller { pool, actor, app_id: Some(own), client_id: None, refused })
        }
    }
}

fn refuse_permission(name: &str) -> Error {
    Error::new(codes::FORBIDDEN)
        .because(text!("this access key lacks the permission {name}", "该 AccessKey 缺少权限 {name}"))
}

/// Signature or token: only the scheme decides, since some SDKs send signature headers beside a token.
pub async fn management(services: &Services, request: &Incoming<'_>) -> Result<(PoolId, Actor)> {
    let value = request.header(header::AUTHORIZATION.as_str()).ok_or_else(|| Error::new(codes::UNAUTHENTICATED))?;
    if !value.split_once(' ').is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("authing")) {
        let token = request.token().ok_or_else(|| Error::new(codes::UNAUTHENTICATED))?;
        return caller::by_management_token(services, token).await;
    }
    let (key_id, signature) = caller::parse_authorization(value).ok_or_else(|| Error::new(codes::SIGNATURE_INVALID))?;
    let mut headers = Vec::new();
    for (name, value) in request.headers {
        if name == header::DATE || name.as_str().starts_with("x-authing-") {
            let value = std::str::from_utf8(value.as_bytes()).map_err(|_| Error::new(codes::SIGNATURE_INVALID))?;
            headers.push((name.as_str().to_owned(), value.to_owned()));
        }
    }
    let one = |name: &str| request.headers.get_all(name).iter().count() <= 1;
    if !["date", "x-authing-signature-nonce", "x-authing-signature-method", "x-authing-signature-version"]
        .into_iter()
        .all(one)
    {
        return Err(Error::new(codes::SIGNATURE_INVALID));
    }
    let signed = SignedRequest {
        key_id,
        signature,
        date: request.header("date"),
        nonce: request.header("x-authing-signature-nonce"),
        method: request.header("x-authing-signature-method"),
        version: request.header("x-authing-signature-version"),
        signed: caller::Signed {
            method: request.method,
            path: request.path,
            query: request.query,
            headers: &headers,
            body: request.body,
        },
    };
    caller::by_signature(services, &signed).await
}

/// A pool named by the request must be the caller's own.
fn agree(request: &Incoming<'_>, pool: &PoolId) -> Result<()> {
    match request.header("x-authing-userpool-id") {
        Some(named) if named != pool.as_str() => Err(Error::new(codes::FORBIDDEN).because(text!(
            "x-authing-userpool-id is not the caller's pool",
            "x-authing-userpool-id 与凭证所属用户池不一致"
        ))),
        _ => Ok(()),
    }
}

async fn application(services: &Services, op: &Op, request: &Incoming<'_>) -> Result<Caller> {
    let named = request.header("x-authing-app-id").map(str::to_owned);
    let basic = request.basic().map(|(id, _)| id);
    let member = client_id(op, request);
    if op.shape == Shape::OAuth {
        return client(services, request, named, basic, member).await;
    }
    let mut ids = named.into_iter().chain(basic).chain(member);
    let id = ids.next().ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    if ids.any(|other| other != id) {
        return Err(two_applications());
    }
    let app = app::find(services, &id).await?;
    let pool = PoolId::new(app.pool_id);
    agree(request, &pool)?;
    Ok(Caller { pool, actor: Actor::Anonymous, app_id: Some(app.id), client_id: None, refused: None })
}

fn two_applications() -> Error {
    Error::new(codes::APP_NOT_FOUND).because(text!("the request names two applications", "请求中指定了两个不同的应用"))
}

/// The client of a request to an endpoint of OAuth: an application, or an access key, as the SDKs have it. A key's
/// request may name an application of its pool by header besides. Nothing is proven by that.
async fn client(
    services: &Services,
    request: &Incoming<'_>,
    named: Option<String>,
    basic: Option<String>,
    member: Option<String>,
) -> Result<Caller> {
    let id = match (basic, member) {
        (Some(basic), Some(member)) if basic != member => return Err(two_applications()),
        (basic, member) => basic.or(member).or_else(|| named.clone()),
    };
    let id = id.ok_or_else(|| Error::new(codes::APP_NOT_FOUND))?;
    let (pool, app_id) = match app::find(services, &id).await {
        Ok(app) if named.is_none() || named.as_deref() == Some(app.id.as_str()) => (app.pool_id, Some(app.id)),
        Ok(_) => return Err(two_applications()),
        Err(unknown) => {
            let pool = caller::pool_of_key(services, &id).await?.ok_or(unknown)?;
            let app = match named {
                Some(named) => Some(app::find(services, &named).await?).filter(|app| app.pool_id == pool),
                None => None,
            };
            (pool, app.map(|app| app.id))
        }
    };
    let pool = PoolId::new(pool);
    agree(request, &pool)?;
    Ok(Caller { pool, actor: Actor::Anonymous, app_id, client_id: Some(id), refused: None })
}

/// `client_id` of the query, the form or the JSON body; where there is none, what an assertion says of its sender.
fn client_id(op: &Op, request: &Incoming<'_>) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        client_id: Option<String>,
    }
    let of_pairs = |s: &str| {
        let member = |name: &str| {
            pairs(s).find_map(|(k, v)| (k.as_deref() == Some(name)).then_some(v).flatten()).filter(|v| !v.is_empty())
        };
        member("client_id").or_else(|| caller::sender_of_assertion(&member("client_assertion")?))
    };
    match op.source {
        Source::Multipart => None,
        Source::Query => request.query.and_then(of_pairs),
        Source::Form | Source::Json => {
            if op.source == Source::Json || request.body.trim_ascii_start().first() == Some(&b'{') {
                serde_json::from_slice::<Named>(request.body).ok().and_then(|n| n.client_id)
            } else {
                std::str::from_utf8(request.body).ok().and_then(of_pairs)
            }
        }
    }
}
