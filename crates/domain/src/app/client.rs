//! An application as a client of OpenID Connect and OAuth 2: its `oidcConfig`.

use serde_json::{Value, json};
use watchword_api::common::Object;
use watchword_crypto::jose::{Alg, VerifyKey};
use watchword_kit::{Error, Result, Text, codes, text};
use watchword_store::app::Application;

use super::config::{AppConfig, bounded, member, unsupported};
use super::rules;

const TWO_WEEKS: i64 = 1_209_600;
const THIRTY_DAYS: i64 = 2_592_000;
const MINUTE: i64 = 60;
const YEAR: i64 = 31_536_000;
/// Keys that an application may name.
const MAX_KEYS: usize = 10;
/// Resources that an application may name.
const MAX_RESOURCES: usize = 50;

pub const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub const TOKEN_EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// GenAuth's grant for the tokens of its first API.
pub const AUTHING_TOKEN: &str = "http://authing.cn/oidc/grant_type/authing_token";

/// How a client proves who it is (OpenID Connect Core §9). By form and by header are one: the official SDKs choose
/// between them by an option of their own, and the secret is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// `client_secret_post` or `client_secret_basic`.
    Secret,
    /// `client_secret_jwt`: an assertion under the secret (RFC 7523).
    SecretJwt,
    /// `private_key_jwt`: an assertion by one of the client's own keys (RFC 7523).
    PrivateKeyJwt,
    /// `none`: a public client.
    None,
}

impl AuthMethod {
    fn parse(name: &str) -> AuthMethod {
        match name {
            "client_secret_jwt" => AuthMethod::SecretJwt,
            "private_key_jwt" => AuthMethod::PrivateKeyJwt,
            "none" => AuthMethod::None,
            _ => AuthMethod::Secret,
        }
    }
}

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdTokenAlg {
    /// With the application's secret.
    Hs256,
    /// With a key of ours.
    Pair(Alg),
}

impl IdTokenAlg {
    pub const fn as_str(self) -> &'static str {
        match self {
            IdTokenAlg::Hs256 => "HS256",
            IdTokenAlg::Pair(alg) => alg.as_str(),
        }
    }
}

/// What an application's `oidcConfig` says. Lifetimes in seconds.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    pub grant_types: Vec<String>,
    pub response_types: Vec<String>,
    pub token_auth: AuthMethod,
    pub introspection_auth: AuthMethod,
    pub revocation_auth: AuthMethod,
    pub id_token_alg: IdTokenAlg,
    pub access_token_alg: Alg,
    pub authorization_code_expire: i64,
    pub access_token_expire: i64,
    pub id_token_expire: i64,
    pub refresh_token_expire: i64,
    pub skip_consent: bool,
    /// The client's own public keys.
    pub keys: Vec<VerifyKey>,
    /// Scopes that the client may ask for; `None`: any.
    pub scopes: Option<Vec<String>>,
    /// Resources (RFC 8707) for which the client may ask access tokens.
    pub resources: Vec<String>,
    /// Whether the client must send S256 challenges (RFC 7636). Public clients must in any case.
    pub require_pkce: bool,
    /// Whether the client must push its authorization requests (RFC 9126).
    pub require_par: bool,
    /// Whether the client's tokens are bound to a key of its own (RFC 9449).
    pub dpop: bool,
}

impl ClientSettings {
    /// Whether the client keeps no secret.
    pub fn is_public(&self) -> bool {
        self.token_auth == AuthMethod::None
    }

    pub fn allows_grant(&self, grant: &str) -> bool {
        self.grant_types.iter().any(|g| g == grant)
    }

    /// The algorithms beside RS256 that the client's tokens are signed with.
    pub fn own_algs(&self) -> Vec<Alg> {
        let id = match self.id_token_alg {
            IdTokenAlg::Pair(alg) => Some(alg),
            IdTokenAlg::Hs256 => None,
        };
        Alg::ALL.into_iter().filter(|a| *a != Alg::Rs256 && (*a == self.access_token_alg || id == Some(*a))).collect()
    }

    /// # Errors
    /// `invalid_scope` when the client asks for a scope that it may not have.
    pub fn permit_scope(&self, scope: &str) -> Result<()> {
        let Some(allowed) = &self.scopes else { return Ok(()) };
        if scope.split_ascii_whitespace().all(|s| allowed.iter().any(|a| a == s)) {
            return Ok(());
        }
        Err(crate::token::oauth("invalid_scope")
            .because(text!("this client may not ask for that scope", "该应用不能申请此 scope")))
    }

    /// What is left of a scope that was granted once: the client may have been given fewer since.
    pub fn still_permitted(&self, granted: &str) -> String {
        let Some(allowed) = &self.scopes else { return granted.to_owned() };
        let left: Vec<&str> = granted.split_ascii_whitespace().filter(|s| allowed.iter().any(|a| a == s)).collect();
        left.join(" ")
    }

    /// # Errors
    /// `invalid_target` (RFC 8707 §2) for a resource that the client may not ask for.
    pub fn permit_resources(&self, asked: &[String]) -> Result<()> {
        if asked.iter().all(|r| self.resources.contains(r)) {
            return Ok(());
        }
        Err(crate::token::oauth("invalid_target")
            .because(text!("this client may not ask for tokens for that resource", "该应用不能申请此资源的 token")))
    }
}

/// The application as a client.
pub fn client_settings(app: &Application) -> Result<ClientSettings> {
    read(&super::settings(app)?.oidc)
}

fn read(stored: &Object) -> Result<ClientSettings> {
    let text = |name: &str| stored.get(name).and_then(Value::as_str);
    let on = |name: &str| stored.get(name).and_then(Value::as_bool) == Some(true);
    let seconds = |name: &str, otherwise: i64| stored.get(name).and_then(whole).unwrap_or(otherwise);
    let texts = |name: &str| -> Vec<String> {
        let list = stored.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let method = |name: &str| AuthMethod::parse(text(name).unwrap_or_default());
    let own_key = |jwk: &Value| VerifyKey::from_jwk(jwk).map_err(|e| Error::internal(format!("stored jwks: {e}")));
    Ok(ClientSettings {
        grant_types: texts("grant_types"),
        response_types: texts("response_types"),
        token_auth: method("token_endpoint_auth_method"),
        introspection_auth: method("introspection_endpoint_auth_method"),
        revocation_auth: method("revocation_endpoint_auth_method"),
        id_token_alg: match text("id_token_signed_response_alg").and_then(Alg::parse) {
            Some(alg) => IdTokenAlg::Pair(alg),
            None => IdTokenAlg::Hs256,
        },
        access_token_alg: text("access_token_signing_alg").and_then(Alg::parse).unwrap_or(Alg::Rs256),
        authorization_code_expire: seconds("authorization_code_expire", 600),
        access_token_expire: seconds("access_token_expire", TWO_WEEKS),
        id_token_expire: seconds("id_token_expire", TWO_WEEKS),
        refresh_token_expire: seconds("refresh_token_expire", THIRTY_DAYS),
        skip_consent: stored.get("skip_consent").and_then(Value::as_bool).unwrap_or(true),
        keys: match stored.get("jwks").and_then(|set| set["keys"].as_array()) {
            Some(keys) => keys.iter().map(own_key).collect::<Result<_>>()?,
            None => Vec::new(),
        },
        scopes: text("scope").map(|s| s.split_ascii_whitespace().map(str::to_owned).collect()),
        resources: texts("resources"),
        require_pkce: on("require_pkce"),
        require_par: on("require_pushed_authorization_requests"),
        dpop: on("dpop_bound_access_tokens"),
    })
}

/// The contract's default of `oidcConfig`, member by member, but for the password grant: it is on only where somebody
/// has asked for it (RFC 9700 §2.4).
pub(super) fn defaults() -> Object {
    let defaults = json!({
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "id_token_signed_response_alg": "HS256",
        "jwks_uri": null,
        "token_endpoint_auth_method": "client_secret_post",
        "introspection_endpoint_auth_method": "client_secret_post",
        "revocation_endpoint_auth_method": "client_secret_post",
        "request_object_encryption_enc": null,
        "request_object_encryption_alg": null,
        "request_object_signing_alg": null,
        "userinfo_encrypted_response_enc": null,
        "userinfo_encrypted_response_alg": null,
        "userinfo_signed_response_alg": null,
        "id_token_encrypted_response_enc": null,
        "id_token_encrypted_response_alg": null,
        "jwks": null,
        "authorization_code_expire": 600,
        "id_token_expire": TWO_WEEKS,
        "access_token_expire": TWO_WEEKS,
        "refresh_token_expire": THIRTY_DAYS,
        "cas_expire": TWO_WEEKS,
        "skip_consent": true,
    });
    match defaults {
        Value::Object(members) => members,
        _ => Object::new(),
    }
}

/// The defaults with the members of the request in their places.
///
/// # Errors
/// 400 with the member's path for a value out of bounds, for a member that is no setting and for settings that
/// contradict each other; 501 for a setting that this server cannot honour.
pub(super) fn given(given: Object) -> Result<Object> {
    bounded("oidcConfig", &given)?;
    let names_alg = given.contains_key("id_token_signed_response_alg");
    let mut out = defaults();
    for (name, value) in given {
        let value = checked(&name, value).map_err(|e| e.at(member(&name)).at("oidcConfig"))?;
        out.insert(name, value);
    }
    agree(&mut out, names_alg).map_err(|e| e.at("oidcConfig"))?;
    Ok(out)
}

/// What one member demands of another.
fn agree(out: &mut Object, names_alg: bool) -> Result<()> {
    let is = |out: &Object, name: &str, value: &str| out.get(name).and_then(Value::as_str) == Some(value);
    let methods =
        ["token_endpoint_auth_method", "introspection_endpoint_auth_method", "revocation_endpoint_auth_method"];
    if is(out, methods[0], "none") && is(out, "id_token_signed_response_alg", "HS256") {
        if names_alg {
            return Err(Error::invalid(
                "id_token_signed_response_alg",
                text!(
                    "a client without a secret cannot verify HS256: choose RS256, ES256 or EdDSA",
                    "没有密钥的应用无法验证 HS256，请选择 RS256、ES256 或 EdDSA"
                ),
            ));
        }
        out.insert("id_token_signed_response_alg".into(), "RS256".into());
    }
    let no_keys = out.get("jwks").is_none_or(Value::is_null);
    if let Some(name) = methods.into_iter().find(|name| is(out, name, "private_key_jwt")).filter(|_| no_keys) {
        return Err(Error::invalid(
            name,
            text!("needs the application's public keys in jwks", "需要在 jwks 中提供应用的公钥"),
        ));
    }
    Ok(())
}

fn checked(name: &str, value: Value) -> Result<Value> {
    match name {
        "grant_types" => {
            if value.as_array().is_some_and(|list| list.iter().any(|g| g == AUTHING_TOKEN)) {
                return Err(unsupported(text!(
                    "tokens of GenAuth's first API do not exist here",
                    "此服务没有旧版 API 的 token"
                )));
            }
            one_of(
                value,
                true,
                &[
                    "authorization_code",
                    "implicit",
                    "refresh_token",
                    "client_credentials",
                    "password",
                    DEVICE_CODE,
                    TOKEN_EXCHANGE,
                ],
            )
        }
        "response_types" => one_of(
            value,
            true,
            &[
                "code",
                "token",
                "id_token",
                "id_token token",
                "code id_token",
                "code token",
                "code id_token token",
                "none",
            ],
        ),
        "id_token_signed_response_alg" => one_of(value, false, &["HS256", "RS256", "ES256", "EdDSA"]),
        "access_token_signing_alg" => one_of(value, false, &["RS256", "ES256", "EdDSA"]),
        "token_endpoint_auth_method" | "introspection_endpoint_auth_method" | "revocation_endpoint_auth_method" => {
            one_of(
                value,
                false,
                &["client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt", "none"],
            )
        }
        "authorization_code_expire" => seconds(&value, 10, 600),
        "access_token_expire" | "id_token_expire" => seconds(&value, MINUTE, YEAR),
        // Clients send the contract's whole object.
        "cas_expire" if whole(&value) == Some(TWO_WEEKS) => Ok(TWO_WEEKS.into()),
        "cas_expire" => {
            Err(unsupported(text!("there is no CAS; leave it {TWO_WEEKS}", "暂不支持 CAS，请保持为 {TWO_WEEKS}")))
        }
        "refresh_token_expire" => seconds(&value, MINUTE, 10 * YEAR),
        "backchannel_logout_uri" => rules::back_channel(value),
        "skip_consent"
        | "require_pkce"
        | "require_pushed_authorization_requests"
        | "dpop_bound_access_tokens"
        | "backchannel_logout_session_required" => {
            if value.is_boolean() {
                return Ok(value);
            }
            Err(invalid(text!("true or false", "应为 true 或 false")))
        }
        "jwks" if !value.is_null() => jwks(value),
        "scope" => scope(value),
        "resources" => resources(value),
        "jwks_uri" if !value.is_null() => Err(unsupported(text!(
            "keys are not fetched: put them into jwks, and leave this null",
            "暂不支持抓取公钥：请写入 jwks，并保持此项为 null"
        ))),
        "jwks"
        | "jwks_uri"
        | "request_object_encryption_enc"
        | "request_object_encryption_alg"
        | "request_object_signing_alg"
        | "userinfo_encrypted_response_enc"
        | "userinfo_encrypted_response_alg"
        | "userinfo_signed_response_alg"
        | "id_token_encrypted_response_enc"
        | "id_token_encrypted_response_alg" => {
            if value.is_null() {
                Ok(value)
            } else {
                Err(unsupported(text!("not supported; leave it null", "暂不支持，请保持为 null")))
            }
        }
        _ => Err(invalid(text!("no such setting", "没有这项配置"))),
    }
}

fn invalid(detail: Text) -> Error {
    Error::new(codes::INVALID).because(detail)
}

/// A key set (RFC 7517 §5) of one to ten public keys: RSA of 2048 bits or more, P-256, Ed25519.
fn jwks(value: Value) -> Result<Value> {
    let keys = value.as_object().and_then(|set| set.get("keys")).and_then(Value::as_array);
    let keys = keys.filter(|keys| (1..=MAX_KEYS).contains(&keys.len())).ok_or_else(|| {
        invalid(text!("an object with 1 to {MAX_KEYS} keys in `keys`", "应为对象，keys 中有 1 到 {MAX_KEYS} 个公钥"))
    })?;
    for (i, key) in keys.iter().enumerate() {
        VerifyKey::from_jwk(key).map_err(|_| {
            Error::invalid(
                format!("keys[{i}]"),
                text!(
                    "a public key for signatures: RSA of 2048 bits or more, EC P-256 or OKP Ed25519",
                    "应为签名公钥：2048 位以上的 RSA、EC P-256 或 OKP Ed25519"
                ),
            )
        })?;
    }
    Ok(value)
}

/// Scopes, separated by spaces (RFC 7591 §2).
fn scope(value: Value) -> Result<Value> {
    let text = value.as_str().ok_or_else(|| invalid(text!("scopes, separated by spaces", "应为空格分隔的 scope")))?;
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let legal = |w: &&str| w.len() <= 64 && w.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if words.is_empty() || words.len() > 100 || !words.iter().all(legal) {
        return Err(invalid(text!("1 to 100 scopes, separated by spaces", "应为空格分隔的 1 到 100 个 scope")));
    }
    Ok(words.join(" ").into())
}

fn resources(value: Value) -> Result<Value> {
    let list = value.as_array().filter(|list| list.len() <= MAX_RESOURCES).ok_or_else(|| {
        invalid(text!("a list of at most {MAX_RESOURCES} addresses", "应为列表，最多 {MAX_RESOURCES} 个地址"))
    })?;
    for (i, item) in list.iter().enumerate() {
        if !item.as_str().is_some_and(rules::is_resource) {
            return Err(Error::invalid(
                format!("[{i}]"),
                text!("an absolute address without fragment (RFC 8707)", "应为不含 fragment 的完整地址（RFC 8707）"),
            ));
        }
    }
    Ok(value)
}

/// A text out of `known`, or a list of such.
fn one_of(value: Value, list: bool, known: &[&str]) -> Result<Value> {
    let right = |v: &Value| v.as_str().is_some_and(|s| known.contains(&s));
    let fine = match &value {
        Value::Array(items) if list => !items.is_empty() && items.len() <= known.len() && items.iter().all(right),
        other if !list => right(other),
        _ => false,
    };
    if fine {
        return Ok(value);
    }
    let known = known.join(", ");
    Err(invalid(if list {
        text!("a list of one or more of {known}", "应为列表，取值为：{known}")
    } else {
        text!("one of {known}", "应为以下之一：{known}")
    }))
}

fn seconds(value: &Value, min: i64, max: i64) -> Result<Value> {
    match whole(value) {
        Some(n) if (min..=max).contains(&n) => Ok(n.into()),
        _ => Err(invalid(text!("{min} to {max} seconds", "应为 {min} 到 {max} 秒"))),
    }
}

/// A whole number, also when a client writes it as `3600.0`.
fn whole(value: &Value) -> Option<i64> {
    let exact = |f: f64| (f.fract() == 0.0 && f.abs() < 9e15).then_some(f as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(exact))
}

impl AppConfig {
    /// The settings of a client, as they will be stored.
    ///
    /// # Errors
    /// As `oidcConfig` of create-application.
    pub(crate) fn set_client(&mut self, members: Object) -> Result<()> {
        self.oidc = given(members)?;
        Ok(())
    }
}
