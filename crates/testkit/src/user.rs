//! End users: made by the management API, signed in by the application's.

use serde_json::{Value, json};
use watchword_crypto::base32;
use watchword_crypto::totp::{self, Params};
use watchword_kit::Millis;

use crate::client::{Client, Reply};
use crate::server::Server;

/// What every test user types.
pub const PASSWORD: &str = "correct horse battery staple";

/// 160 bits, for tests that import a secret.
pub const SECRET: &str = "HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ";

/// A recovery code of the generated shape.
pub const RECOVERY_CODE: &str = "b471-8ec0-874a-087f-bccb-cd54";

impl Server {
    /// Makes a user with [`PASSWORD`] and answers the id.
    pub async fn user(&self, username: &str) -> String {
        let body = json!({ "username": username, "password": PASSWORD });
        self.admin().await.post("/api/v3/create-user", body).await.ok()["userId"].as_str().expect("an id").to_owned()
    }

    /// Makes a user who has [`SECRET`] and [`RECOVERY_CODE`] imported.
    pub async fn user_with_otp(&self, username: &str) -> String {
        let id = self.user(username).await;
        self.import(&id, SECRET).await;
        id
    }

    pub async fn import(&self, user_id: &str, secret: &str) {
        let list = json!([{ "userId": user_id, "otp": { "secret": secret, "recoveryCode": RECOVERY_CODE } }]);
        self.admin().await.post("/api/v3/import-otp", json!({ "list": list })).await.done();
    }

    /// `POST /api/v3/signin` with [`PASSWORD`].
    pub async fn sign_in(&self, username: &str) -> Reply {
        self.sign_in_with(username, json!({ "password": PASSWORD, "username": username }), "openid profile").await
    }

    pub async fn sign_in_with(&self, _username: &str, payload: Value, scope: &str) -> Reply {
        let body = json!({ "connection": "PASSWORD", "passwordPayload": payload, "options": { "scope": scope } });
        self.app().post("/api/v3/signin", body).await
    }

    /// A client with the access token of a user of whom no second factor is asked.
    pub async fn signed_in(&self, username: &str) -> Client {
        let tokens = self.sign_in(username).await.ok();
        self.app().bearer(tokens["access_token"].as_str().expect("an access token"))
    }

    /// Makes a user and signs in; the client and its access token.
    pub async fn signed_in_as(&self, username: &str) -> (Client, String) {
        self.user(username).await;
        let tokens = self.sign_in(username).await.ok();
        let token = tokens["access_token"].as_str().expect("an access token").to_owned();
        (self.app().bearer(&token), token)
    }

    /// A client with the mfaToken of a sign-in that waits for its second factor.
    pub async fn waiting(&self, username: &str) -> Client {
        let reply = self.sign_in(username).await.refused(300);
        self.app().bearer(reply["data"]["mfaToken"].as_str().expect("an mfaToken"))
    }

    /// A client whose session has proven `secret` at this moment.
    pub async fn signed_in_with_otp(&self, username: &str, secret: &str) -> Client {
        let waiting = self.waiting(username).await;
        let reply = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": self.code(secret, 0) })).await.ok();
        assert_eq!(reply["verified"], true, "the code is right");
        self.app().bearer(reply["access_token"].as_str().expect("an access token"))
    }

    /// The code of `secret` so many steps from the present.
    pub fn code(&self, secret: &str, steps: i64) -> String {
        code_at(secret, self.clock.now(), steps)
    }

    /// A code that is right at no step near the present.
    pub fn wrong_code(&self, secret: &str) -> String {
        let near: Vec<String> = (-3..=3).map(|n| self.code(secret, n)).collect();
        (0..).map(|n| format!("{n:06}")).find(|c| !near.contains(c)).expect("a wrong code")
    }

    /// Asks for a code by e-mail and reads it.
    pub async fn mailed(&self, client: &Client, email: &str, channel: &str) -> String {
        client.post("/api/v3/send-email", json!({ "email": email, "channel": channel })).await.done();
        code_in(&self.letter_to(email).await.expect("a letter"))
    }

    /// Asks for a code by SMS to a Chinese number and reads it.
    pub async fn texted(&self, client: &Client, phone: &str, channel: &str) -> String {
        client.post("/api/v3/send-sms", json!({ "phoneNumber": phone, "channel": channel })).await.done();
        code_in(&self.letter_to(&format!("+86{phone}")).await.expect("a message"))
    }
}

/// The code of `secret` so many steps from a moment.
pub fn code_at(secret: &str, at: Millis, steps: i64) -> String {
    let secret = base32::parse_secret(secret, 0).expect("a secret");
    let params = Params::default();
    totp::totp_at(secret.bytes.reveal(), totp::step_at(at, params.period) + steps, &params)
}

/// The code of six digits in a message.
pub fn code_in(text: &str) -> String {
    let is_code = |w: &&str| w.len() == 6 && w.bytes().all(|b| b.is_ascii_digit());
    text.split(|c: char| !c.is_ascii_alphanumeric()).find(is_code).expect("a code").to_owned()
}
