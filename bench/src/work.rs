//! What each row's connections ask, and what they take for a success.

use std::sync::Arc;

use watchword_crypto::totp::{self, Params};

use crate::http;
use crate::load::Work;
use crate::seed::{PASSWORD, WithOtp};

fn success(body: &[u8]) -> bool {
    body.starts_with(br#"{"statusCode":200,"#)
}

/// Any GET whose reply begins as a success does.
pub struct Constant;

impl Work for Constant {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        http::get(out, "/", "");
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        success(body)
    }
}

/// get-user-mfa-info of one user after the other.
pub struct Info {
    pub management: String,
    pub users: Arc<Vec<WithOtp>>,
    pub next: usize,
}

impl Work for Info {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        // A stride that is prime to the number of users, so that neighbours do not follow each other.
        self.next = (self.next + 7919) % self.users.len();
        let path = format!("/api/v3/get-user-mfa-info?userId={}", self.users[self.next].id);
        http::get(out, &path, &self.management);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        success(body) && http::member(body, "totpStatus") == Some("enabled")
    }
}

/// get-user of one user after the other.
pub struct Read {
    pub management: String,
    pub ids: Arc<Vec<String>>,
    pub next: usize,
}

impl Work for Read {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        self.next = (self.next + 7919) % self.ids.len();
        http::get(out, &format!("/api/v3/get-user?userId={}", self.ids[self.next]), &self.management);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        success(body) && http::member(body, "userId") == Some(&self.ids[self.next])
    }
}

/// is-user-exists of users who do.
pub struct Exists {
    pub management: String,
    pub bodies: Arc<Vec<String>>,
    pub next: usize,
}

impl Work for Exists {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        self.next = (self.next + 7919) % self.bodies.len();
        http::post(out, "/api/v3/is-user-exists", &self.management, &self.bodies[self.next]);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        success(body) && http::find(body, br#""exists":true"#).is_some()
    }
}

/// mfa-totp-verify, each time a fresh success: the codes of the step before, the present one and the next, of one
/// user after the other.
pub struct Verify {
    pub users: Vec<WithOtp>,
    /// The time step when the row began.
    pub step: i64,
    pub next: usize,
}

impl Work for Verify {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        let (round, n) = (self.next / self.users.len().max(1), self.next % self.users.len().max(1));
        let (Some(user), Ok(round @ 0..3)) = (self.users.get(n), i64::try_from(round)) else { return false };
        self.next += 1;
        verify(out, user, self.step - 1 + round);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        success(body) && http::find(body, br#""verified":true"#).is_some()
    }
}

pub fn verify(out: &mut Vec<u8>, user: &WithOtp, step: i64) {
    let code = totp::totp_at(user.secret.bytes.reveal(), step, &Params::default());
    let body = format!(r#"{{"totp":"{code}"}}"#);
    http::post(out, "/api/v3/mfa-totp-verify", &http::bearer(&user.access_token), &body);
}

/// The refresh grant, each time with the token of the reply before.
pub struct Refresh {
    pub token: String,
    pub app: String,
    pub app_secret: String,
}

impl Work for Refresh {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        let (token, id, secret) = (&self.token, &self.app, &self.app_secret);
        let form = format!("grant_type=refresh_token&refresh_token={token}&client_id={id}&client_secret={secret}");
        http::post_form(out, "/oidc/token", "", &form);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        let Some(next) = http::member(body, "refresh_token") else { return false };
        self.token = next.to_owned();
        http::member(body, "access_token").is_some()
    }
}

/// Sign-in by password, one user after the other, nobody twice at once.
pub struct SignIn {
    pub names: Vec<String>,
    pub app: String,
    pub next: usize,
}

impl Work for SignIn {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        self.next += 1;
        let name = &self.names[self.next % self.names.len()];
        let body =
            format!(r#"{{"connection":"PASSWORD","passwordPayload":{{"username":"{name}","password":"{PASSWORD}"}}}}"#);
        http::post(out, "/api/v3/signin", &format!("x-authing-app-id: {}\r\n", self.app), &body);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        success(body) && http::member(body, "access_token").is_some()
    }
}

/// The beginning of an OTP enrolment with its picture, at most twice per user.
pub struct Enrol {
    pub tokens: Vec<String>,
    pub next: usize,
}

impl Work for Enrol {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        if self.next >= 2 * self.tokens.len() {
            return false;
        }
        enrol(out, &self.tokens[self.next % self.tokens.len()]);
        self.next += 1;
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        success(body) && http::find(body, b"data:image/png;base64,").is_some()
    }
}

pub fn enrol(out: &mut Vec<u8>, token: &str) {
    let body = r#"{"factorType":"OTP","profile":{}}"#;
    http::post(out, "/api/v3/send-enroll-factor-request", &http::bearer(token), body);
}

/// A form of OAuth, one of several in turn.
pub struct Form {
    path: Arc<str>,
    forms: Arc<Vec<String>>,
    next: usize,
    /// The text that a success has.
    member: &'static str,
}

impl Form {
    pub fn new(path: String, forms: Vec<String>, member: &'static str) -> Form {
        Form { path: path.into(), forms: Arc::new(forms), next: 0, member }
    }

    pub fn from(self, next: usize) -> Form {
        Form { next, ..self }
    }
}

impl Work for Form {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        self.next += 1;
        http::post_form(out, &self.path, "", &self.forms[self.next % self.forms.len()]);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        http::member(body, self.member).is_some()
    }
}

/// A GET without an envelope, with one of several headers in turn.
pub struct Fetch {
    pub path: &'static str,
    pub headers: Arc<Vec<String>>,
    pub next: usize,
    /// What a right body has in it.
    pub mark: &'static str,
}

impl Work for Fetch {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        self.next = (self.next + 7919) % self.headers.len();
        http::get(out, self.path, &self.headers[self.next]);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        http::find(body, self.mark.as_bytes()).is_some()
    }
}
