//! The crate openidconnect, an independent client of OpenID Connect: discovery, code and PKCE, userinfo, refresh.
//!
//! Layout: the checks, in order; `http` sends a request; `browser` signs a user in on our pages.

mod browser;
mod http;

use std::error::Error;

use openidconnect::core::{
    CoreAuthPrompt, CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreProviderMetadata, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IssuerUrl, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    StandardErrorResponse, SubjectIdentifier, TokenResponse,
};
use serde_json::{Value, json};

use browser::Browser;

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;
type TokenError<E> = openidconnect::RequestTokenError<E, StandardErrorResponse<CoreErrorResponseType>>;
/// A client that has read the server's discovery document.
type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

const CALLBACK: &str = "https://app.example.com/callback";
const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery staple";

/// What the checks need to know.
struct Journey {
    host: String,
    metadata: CoreProviderMetadata,
    app_id: String,
    secret: String,
    user_id: String,
}

/// A request that was begun, and what proves the answer to be for it.
struct Begun {
    code: AuthorizationCode,
    verifier: PkceCodeVerifier,
    nonce: Nonce,
}

fn main() {
    let checks: [(&str, fn(&Journey) -> Result); 3] = [
        ("code and PKCE sign a user in; his claims are read and his tokens refreshed", signs_in),
        ("a code without its verifier, and one used before, are refused", codes_are_bound),
        ("a wrong secret is refused", secrets_are_checked),
    ];
    let journey = match prepare() {
        Ok(journey) => journey,
        Err(e) => fail(0, "the crate discovers the server", &*e),
    };
    println!("ok 1 the crate discovers the server");
    for (n, (sentence, check)) in checks.iter().enumerate() {
        match check(&journey) {
            Ok(()) => println!("ok {} {sentence}", n + 2),
            Err(e) => fail(n + 1, sentence, &*e),
        }
    }
    println!("rust oidc journey: {} passed, 0 failed", checks.len() + 1);
}

fn fail(passed: usize, sentence: &str, error: &dyn Error) -> ! {
    println!("not ok {} {sentence}", passed + 1);
    let mut cause = Some(error);
    while let Some(error) = cause {
        eprintln!("{error}");
        cause = error.source();
    }
    println!("rust oidc journey: {passed} passed, 1 failed");
    std::process::exit(1);
}

fn env(name: &str) -> Result<String> {
    std::env::var(name).map_err(|_| format!("{name} is not set").into())
}

/// A user, an application, and what the server says of itself.
fn prepare() -> Result<Journey> {
    let host = env("WATCHWORD_HOST")?;
    let key = json!({ "accessKeyId": env("ACCESS_KEY_ID")?, "accessKeySecret": env("ACCESS_KEY_SECRET")? });
    let token = api(&host, "POST", "/api/v3/get-management-token", "", &key)?;
    let call = |method: &str, path: &str, body: Value| api(&host, method, path, text(&token, "access_token")?, &body);
    let user = call("POST", "/api/v3/create-user", json!({ "username": "ada", "email": EMAIL, "password": PASSWORD }))?;
    let body = json!({ "appName": "Shop", "redirectUris": [CALLBACK],
        "oidcConfig": { "id_token_signed_response_alg": "RS256" } });
    let app = call("POST", "/api/v3/create-application", body)?;
    let app_id = text(&app, "appId")?.to_owned();
    let secret = call("GET", &format!("/api/v3/get-application-secret?appId={app_id}"), Value::Null)?;
    let metadata = CoreProviderMetadata::discover(&IssuerUrl::new(format!("{host}/oidc"))?, &http::send)?;
    Ok(Journey {
        metadata,
        app_id,
        secret: text(&secret, "secret")?.to_owned(),
        user_id: text(&user, "userId")?.to_owned(),
        host,
    })
}

/// The `data` of an operation's reply.
fn api(host: &str, method: &str, path: &str, token: &str, body: &Value) -> Result<Value> {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = openidconnect::http::Request::builder()
        .method(method)
        .uri(format!("{host}{path}"))
        .header("content-type", "application/json")
        .header("authorization", token)
        .body(body)?;
    let reply: Value = serde_json::from_slice(http::send(request)?.body())?;
    if reply["statusCode"] == 200 { Ok(reply["data"].clone()) } else { Err(reply.to_string().into()) }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    value[name].as_str().ok_or_else(|| format!("no {name} in {value}").into())
}

impl Journey {
    fn client(&self, secret: &str) -> Result<Client> {
        let (id, secret) = (ClientId::new(self.app_id.clone()), ClientSecret::new(secret.to_owned()));
        let client = CoreClient::from_provider_metadata(self.metadata.clone(), id, Some(secret));
        Ok(client.set_redirect_uri(RedirectUrl::new(CALLBACK.to_owned())?))
    }

    /// Sends a browser to the server and signs ada in there.
    fn begin(&self, client: &Client) -> Result<Begun> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let (address, state, nonce) = client
            .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
            .add_scopes(["email", "offline_access"].map(|scope| Scope::new(scope.to_owned())))
            .add_prompt(CoreAuthPrompt::Consent)
            .set_pkce_challenge(challenge)
            .url();
        let answer = Browser::new(&self.host).sign_in(address.as_str(), "ada", PASSWORD)?;
        require(answer.get("state") == Some(state.secret()), "the state comes back")?;
        require(answer.get("iss").map(String::as_str) == Some(self.metadata.issuer().as_str()), "the issuer is named")?;
        let code = answer.get("code").ok_or("no code")?;
        Ok(Begun { code: AuthorizationCode::new(code.clone()), verifier, nonce })
    }
}

fn require(holds: bool, what: &str) -> Result {
    if holds { Ok(()) } else { Err(format!("not so: {what}").into()) }
}

fn signs_in(journey: &Journey) -> Result {
    let client = journey.client(&journey.secret)?;
    let Begun { code, verifier, nonce } = journey.begin(&client)?;
    let tokens = client.exchange_code(code)?.set_pkce_verifier(verifier).request(&http::send)?;
    let id_token = tokens.id_token().ok_or("no ID token")?;
    let checks = client.id_token_verifier();
    let claims = id_token.claims(&checks, &nonce)?;
    require(claims.subject().as_str() == journey.user_id, "the ID token is the user's")?;
    let hash = claims.access_token_hash().ok_or("no at_hash")?;
    let (alg, key) = (id_token.signing_alg()?, id_token.signing_key(&checks)?);
    require(AccessTokenHash::from_token(tokens.access_token(), alg, key)? == *hash, "at_hash is the access token's")?;
    require(id_token.claims(&checks, &Nonce::new_random()).is_err(), "another nonce is refused")?;

    let subject = SubjectIdentifier::new(journey.user_id.clone());
    let told: CoreUserInfoClaims =
        client.user_info(tokens.access_token().clone(), Some(subject))?.request(&http::send)?;
    require(told.email().is_some_and(|email| email.as_str() == EMAIL), "userinfo tells the address")?;

    let refresh = tokens.refresh_token().ok_or("no refresh token")?;
    let fresh = client.exchange_refresh_token(refresh)?.request(&http::send)?;
    require(fresh.access_token().secret() != tokens.access_token().secret(), "the access token is a new one")?;
    require(fresh.refresh_token().is_some_and(|t| t.secret() != refresh.secret()), "the refresh token is a new one")?;
    let told: CoreUserInfoClaims = client.user_info(fresh.access_token().clone(), None)?.request(&http::send)?;
    require(told.subject().as_str() == journey.user_id, "the new access token is the user's, too")
}

fn codes_are_bound(journey: &Journey) -> Result {
    let client = journey.client(&journey.secret)?;
    let (_, other) = PkceCodeChallenge::new_random_sha256();
    let Begun { code, .. } = journey.begin(&client)?;
    refused_with("invalid_grant", client.exchange_code(code)?.set_pkce_verifier(other).request(&http::send))?;
    let Begun { code, verifier, .. } = journey.begin(&client)?;
    let again = PkceCodeVerifier::new(verifier.secret().clone());
    client.exchange_code(code.clone())?.set_pkce_verifier(verifier).request(&http::send)?;
    refused_with("invalid_grant", client.exchange_code(code)?.set_pkce_verifier(again).request(&http::send))
}

fn secrets_are_checked(journey: &Journey) -> Result {
    let right = journey.client(&journey.secret)?;
    let Begun { code, verifier, .. } = journey.begin(&right)?;
    let wrong = journey.client("wrong")?;
    refused_with("invalid_client", wrong.exchange_code(code)?.set_pkce_verifier(verifier).request(&http::send))
}

/// That the server answered with this error of RFC 6749.
fn refused_with<T, E: Error>(error: &str, reply: std::result::Result<T, TokenError<E>>) -> Result {
    match reply {
        Err(TokenError::ServerResponse(told)) => {
            require(told.error().as_ref() == error, &format!("{error} rather than {}", told.error().as_ref()))
        }
        Err(other) => Err(other.to_string().into()),
        Ok(_) => Err(format!("{error} was to be answered").into()),
    }
}
