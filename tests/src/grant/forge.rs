//! Tokens that look like ours.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};
use watchword_crypto::hash::hmac_sha256;
use watchword_crypto::jose::{self, Alg, SigningKey};
use watchword_testkit::Server;

use super::{App, app, claims, part, refused, text};

fn b64(value: &Value) -> String {
    BASE64URL_NOPAD.encode(value.to_string().as_bytes())
}

#[tokio::test]
async fn no_forged_token_opens_anything() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    let other =
        app(&s, json!({ "resources": ["https://api.example.com"], "grant_types": ["client_credentials"] })).await;
    let tokens = shop.sign_in(&s, "openid offline_access").await;
    let (good, said) = (text(&tokens["access_token"]), claims(&tokens["access_token"]));
    let header = part(&tokens["access_token"], 0);
    let mine = s.services.keys.signing.signer(Alg::Rs256, s.clock.now()).unwrap();
    let stranger = SigningKey::generate_for(Alg::Rs256).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = said.clone();
        claims[name] = value;
        mine.sign(&claims, "at+jwt").unwrap()
    };
    let under = |alg: &str, key: &[u8]| {
        let header = json!({ "alg": alg, "typ": "at+jwt", "kid": header["kid"] });
        let input = format!("{}.{}", b64(&header), b64(&said));
        format!("{input}.{}", BASE64URL_NOPAD.encode(&hmac_sha256(key, input.as_bytes())))
    };
    let [h, c, sig] = good.split('.').collect::<Vec<_>>()[..] else { panic!("three parts") };
    let none = b64(&json!({ "alg": "none", "typ": "at+jwt" }));
    let own_key = b64(&json!({ "alg": "RS256", "typ": "at+jwt", "kid": header["kid"], "jwk": stranger.public_jwk() }));
    let foreign = stranger.sign(&said, "at+jwt").unwrap();
    let foreign_signature = foreign.rsplit('.').next().unwrap();
    let m2m = other.post(&s, "/oidc/token", &[("grant_type", "client_credentials")]).await.body;
    let resource = [("grant_type", "client_credentials"), ("resource", "https://api.example.com")];
    let resource = other.post(&s, "/oidc/token", &resource).await.body;
    let now = s.clock.now().as_seconds();
    let forged = [
        ("alg none", format!("{none}.{c}.")),
        ("alg none with the signature", format!("{none}.{c}.{sig}")),
        ("HS256 under the public key", under("HS256", mine.public_jwk().to_string().as_bytes())),
        ("HS256 under the modulus", under("HS256", text(&mine.public_jwk()["n"]).as_bytes())),
        ("HS256 under the application's secret", under("HS256", shop.secret.as_bytes())),
        ("another key", foreign.clone()),
        ("another key, named as ours", format!("{h}.{c}.{foreign_signature}")),
        ("its own key inside", format!("{own_key}.{c}.{foreign_signature}")),
        ("changed claims", format!("{h}.{}.{sig}", b64(&with_sub(&said)))),
        ("no signature", format!("{h}.{c}.")),
        ("an ID token", text(&tokens["id_token"]).to_owned()),
        ("a refresh token", text(&tokens["refresh_token"]).to_owned()),
        ("typ of an ID token", mine.sign(&said, "JWT").unwrap()),
        ("no expiry", with("exp", Value::Null)),
        ("expired", with("exp", json!(now))),
        ("another issuer", with("iss", json!("https://evil.example.com/oidc"))),
        ("another audience", with("aud", json!(other.id))),
        ("no session", with("sid", Value::Null)),
        ("another session", with("sid", json!("0123456789abcdef01234567"))),
        ("another pool", with("userpool_id", json!("0123456789abcdef01234567"))),
        ("another client", with("client_id", json!(other.id))),
        ("a client's own token", text(&m2m["access_token"]).to_owned()),
        ("a token for a resource", text(&resource["access_token"]).to_owned()),
        ("a management token under the wrong type", jose::sign_hs256(&s.services.keys.management_mac, "at+jwt", &said)),
    ];
    for (what, token) in forged {
        let bearer = s.anonymous().bearer(&token);
        bearer.get("/api/v3/list-enrolled-factors").await.refused(401);
        refused(&bearer.get("/oidc/me").await, 401, "invalid_token");
        // These say something true to the application that has them, though they open nothing here.
        if !["an ID token", "a refresh token", "typ of an ID token", "another audience"].contains(&what) {
            assert_eq!(shop.introspect(&s, &json!(token)).await, json!({ "active": false }), "{what}");
        }
    }
    s.anonymous().bearer(good).get("/api/v3/list-enrolled-factors").await.ok();
    // A token of one application, sent in the name of another.
    let crossed = s.anonymous().header("x-authing-app-id", &other.id).bearer(good);
    crossed.get("/api/v3/list-enrolled-factors").await.refused(404);
}

fn with_sub(claims: &Value) -> Value {
    let mut claims = claims.clone();
    claims["sub"] = json!("0123456789abcdef01234567");
    claims
}
