//! Cookies, the origin of a request, and the members of a form.

use axum::body::Body;
use axum::response::Response;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use watchword_domain::authorize::Params;
use watchword_domain::ctx;
use watchword_domain::sso_session::Cookie;
use watchword_kit::{Error, Lang, Result, Secret, codes, text};

use super::Site;
use crate::caller::Incoming;
use crate::input::pairs;
use crate::pages::form;

/// Largest form, in bytes.
const MAX_FORM: usize = 64 * 1024;
/// Members of a form.
const MAX_MEMBERS: usize = 100;
/// Longest address that is sent back to a browser.
const MAX_ADDRESS: usize = 7 * 1024;
/// Sign-ons of one browser that are looked at.
const MAX_SIGN_ONS: usize = 20;

/// One visit of a browser: what it brought, and what it will keep.
pub(super) struct Visit {
    pub lang: Lang,
    wishes: Option<Lang>,
    /// Chosen on a page of ours; counts at applications that offer that.
    pub chosen: Option<Lang>,
    asked: ctx::Request,
    https: bool,
    /// Binds interactions to the browser.
    token: Option<Secret<String>>,
    sign_ons: Vec<(String, Secret<String>)>,
    set: Vec<String>,
}

impl Visit {
    pub fn of(site: &Site, parts: &Parts) -> Visit {
        let asked = site.asked(parts);
        let https = site.services.settings.public_url.starts_with("https://");
        let wishes = Incoming::of_headers(&parts.headers).named_lang();
        let mut visit = Visit {
            lang: asked.lang,
            wishes,
            chosen: None,
            asked,
            https,
            token: None,
            sign_ons: Vec::new(),
            set: Vec::new(),
        };
        for (name, value) in cookies(&parts.headers) {
            if name.strip_prefix(visit.prefix()) == Some("lang") {
                visit.chosen = Lang::from_tag(value);
                continue;
            }
            let legal = (20..=128).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic());
            let Some(name) = name.strip_prefix(visit.prefix()).filter(|_| legal) else { continue };
            let value = Secret::new(value.to_owned());
            if name == "browser" {
                visit.token.get_or_insert(value);
            } else if let Some(realm) = name.strip_prefix("sso-")
                && plain_id(realm).is_ok()
                && visit.sign_ons.len() < MAX_SIGN_ONS
            {
                visit.sign_ons.push((realm.to_owned(), value));
            }
        }
        visit
    }

    /// A cookie of this prefix can be set by nobody but this very host.
    fn prefix(&self) -> &'static str {
        if self.https { "__Host-ww-" } else { "ww-" }
    }

    /// `ui_locales` goes before the browser's own wishes.
    pub fn listen(&mut self, params: &Params) {
        let asked = params.once("ui_locales").ok().flatten().unwrap_or_default();
        self.lang = asked.split_ascii_whitespace().find_map(Lang::from_tag).unwrap_or(self.lang);
    }

    /// Gives a new browser the cookie to which its interactions are bound.
    pub fn bind(&mut self, site: &Site) {
        if self.token.is_none() {
            let token = ctx::Browser::token(&site.services.entropy);
            self.put("browser", token.reveal(), None);
            self.token = Some(token);
        }
    }

    pub fn keep(&mut self, cookie: &Cookie) {
        self.put(&format!("sso-{}", cookie.realm), cookie.token.reveal(), cookie.max_age);
        self.sign_ons.retain(|(realm, _)| *realm != cookie.realm);
        self.sign_ons.push((cookie.realm.clone(), cookie.token.clone()));
    }

    /// Keeps the language that was chosen, until the browser is closed.
    pub fn speak(&mut self, lang: Lang) {
        self.put("lang", if lang == Lang::Zh { "zh" } else { "en" }, None);
    }

    pub fn forget(&mut self, realm: &str) {
        self.put(&format!("sso-{realm}"), "", Some(0));
    }

    fn put(&mut self, name: &str, value: &str, seconds: Option<i64>) {
        let secure = if self.https { "; Secure" } else { "" };
        let age = seconds.map(|n| format!("; Max-Age={n}")).unwrap_or_default();
        self.set.push(format!("{}{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}", self.prefix()));
    }

    /// The request as the rules see it.
    pub fn request(&self, site: &Site) -> ctx::Request {
        let key = self.token.as_ref().map(ctx::Browser::key).unwrap_or_default();
        ctx::Request {
            id: site.services.entropy.hex(16),
            lang: self.lang,
            browser: ctx::Browser { key, sign_ons: self.sign_ons.clone(), chosen: self.chosen, wishes: self.wishes },
            ..self.asked.clone()
        }
    }

    /// What a form of ours must send back: nobody without the browser's cookie can compute it.
    pub fn csrf(&self, about: &str) -> String {
        self.token.as_ref().map(|token| ctx::Browser::form_token(token, about)).unwrap_or_default()
    }

    /// Whether a form was ours: it names the token of this browser, and the browser says that it came from here.
    ///
    /// # Errors
    /// 403.
    pub fn check(&self, site: &Site, headers: &HeaderMap, about: &str, given: &str) -> Result<()> {
        let ours = self.token.as_ref().is_some_and(|token| ctx::Browser::is_form_token(token, about, given));
        if ours && same_origin(&site.services.settings.public_url, headers) {
            return Ok(());
        }
        let detail = text!(
            "this form did not come from here; open the sign-in page again",
            "请求来源不正确，请重新打开登录页面"
        );
        Err(Error::new(codes::FORBIDDEN).because(detail))
    }

    /// Hands the cookies out.
    pub fn seal(self, mut response: Response) -> Response {
        for cookie in self.set {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                response.headers_mut().append(header::SET_COOKIE, value);
            }
        }
        response
    }
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Browsers say where a form came from; whoever says nothing is no browser of today, and has the token to show.
fn same_origin(public_url: &str, headers: &HeaderMap) -> bool {
    let scheme = public_url.find("://").map_or(0, |i| i + 3);
    let end = public_url[scheme..].find('/').map_or(public_url.len(), |i| scheme + i);
    let ours = &public_url[..end];
    let origin = headers.get_all(header::ORIGIN).iter().all(|o| o.as_bytes() == ours.as_bytes());
    let site = headers.get_all(HeaderName::from_static("sec-fetch-site")).iter();
    origin && site.into_iter().all(|s| s.as_bytes() == b"same-origin")
}

/// The members of the query, of a form, or of a JSON object of texts.
///
/// # Errors
/// 400 for what is none of these, 413 for too much.
pub(super) async fn members(parts: &Parts, body: Body) -> Result<Vec<(String, String)>> {
    let query = parts.uri.query().unwrap_or_default();
    if parts.method == Method::GET {
        if query.len() > MAX_FORM {
            return Err(Error::new(codes::TOO_LARGE));
        }
        return read(query);
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let body = form::arrived(body, MAX_FORM).await.ok_or_else(|| Error::new(codes::TOO_LARGE))?;
    let utf8 = || Error::invalid("body", text!("not UTF-8", "不是有效的 UTF-8"));
    let text = std::str::from_utf8(&body).map_err(|_| utf8())?;
    match kind.as_str() {
        "application/x-www-form-urlencoded" => {
            // What stands in the address of a form is not read: passwords are not to stand there.
            read(text)
        }
        "application/json" => json(text),
        // A form without members.
        "" if body.is_empty() => Ok(Vec::new()),
        _ => Err(Error::invalid("content-type", text!("a form or JSON", "应为表单或 JSON"))),
    }
}

fn read(text: &str) -> Result<Vec<(String, String)>> {
    let wrong = || Error::invalid("query", text!("not UTF-8, or NUL in it", "不是有效的 UTF-8，或含有 NUL 字符"));
    let mut out = Vec::new();
    for (name, value) in pairs(text) {
        let (Some(name), Some(value)) = (name, value) else { return Err(wrong()) };
        if name.contains('\0') || value.contains('\0') {
            return Err(wrong());
        }
        if out.len() >= MAX_MEMBERS {
            return Err(Error::new(codes::TOO_LARGE));
        }
        out.push((name, value));
    }
    Ok(out)
}

fn json(text: &str) -> Result<Vec<(String, String)>> {
    let wrong = || Error::invalid("body", text!("a JSON object of texts", "应为成员均为字符串的 JSON 对象"));
    let text = if text.trim().is_empty() { "{}" } else { text };
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).map_err(|_| wrong())?;
    let mut out = Vec::new();
    for (name, value) in members {
        let Some(value) = value.as_str().filter(|v| !v.contains('\0') && !name.contains('\0')) else {
            return Err(wrong());
        };
        out.push((name, value.to_owned()));
    }
    Ok(out)
}

/// Where a posted authorization request goes on, so that cookies come along that a form of another site does not
/// bring. A longer one is answered as it came.
pub(super) fn by_get(posted: bool, app: Option<&str>, params: &Params) -> Option<String> {
    let app = app.map(plain_id).transpose().ok()?;
    let path = app.map_or("/oidc/auth".to_owned(), |app| format!("/{app}/oidc/auth"));
    let address = with_query(&path, params.0.iter().map(|(n, v)| (n.as_str(), v.as_str())));
    (posted && address.len() <= MAX_ADDRESS).then_some(address)
}

/// The page of an interaction, with what the client wants carried along.
pub(super) fn page_of(key: &str, params: &Params) -> String {
    let context = params.once("login_page_context").ok().flatten().map(|c| ("login_page_context", c));
    with_query(&format!("/interaction/oidc/{key}"), context.into_iter())
}

/// An address with these parameters added to its query.
pub(super) fn with_query<'a>(address: &str, params: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = address.to_owned();
    for (name, value) in params {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(&encode(name));
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

pub(super) fn encode(s: &str) -> String {
    percent_encoding::utf8_percent_encode(s, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// An id as it stands in a path.
///
/// # Errors
/// 404/2011.
pub(super) fn plain_id(id: &str) -> Result<&str> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=64).contains(&id.len()) && id.bytes().all(legal) { Ok(id) } else { Err(Error::new(codes::APP_NOT_FOUND)) }
}
