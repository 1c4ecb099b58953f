//! The pages: plain HTML, escaped by the templates, with a policy that lets nothing else happen.

use askama::Template;
use axum::body::Body;
use axum::response::Response;
use data_encoding::BASE64;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use watchword_api::app::{LoginMethod, RegisterMethod};
use watchword_api::common::FactorType;
use watchword_api::mfa_factor::EnrollmentStart;
use watchword_domain::authorize::{Mode, Params, Request, Response as Answer};
use watchword_domain::captcha;
use watchword_domain::interaction::{Asked, Choice, Doors, Stage, Step, scope_text};
use watchword_kit::{Entropy, Error, Lang, codes};

use super::browser::{encode, with_query};
use super::interaction::View;
use crate::envelope;
use crate::op::Shape;

/// The language, for templates.
#[derive(Clone, Copy)]
pub(super) struct L(Lang);

impl L {
    fn t(self, en: &'static str, zh: &'static str) -> &'static str {
        match self.0 {
            Lang::En => en,
            Lang::Zh => zh,
        }
    }

    fn tag(self) -> &'static str {
        self.t("en", "zh-CN")
    }

    /// By what somebody is named, as the label of a field.
    fn names(self, username: bool, email: bool, phone: bool) -> String {
        self.t(
            match (username, email, phone) {
                (false, false, false) => "",
                (true, false, false) => "User name",
                (false, true, false) => "E-mail address",
                (false, false, true) => "Phone number",
                (true, true, false) => "User name or e-mail address",
                (true, false, true) => "User name or phone number",
                (false, true, true) => "E-mail address or phone number",
                (true, true, true) => "User name, e-mail address or phone number",
            },
            match (username, email, phone) {
                (false, false, false) => "",
                (true, false, false) => "用户名",
                (false, true, false) => "邮箱",
                (false, false, true) => "手机号",
                (true, true, false) => "用户名或邮箱",
                (true, false, true) => "用户名或手机号",
                (false, true, true) => "邮箱或手机号",
                (true, true, true) => "用户名、邮箱或手机号",
            },
        )
        .to_owned()
    }
}

/// What every page of an interaction has.
pub(super) struct Frame {
    l: L,
    app: String,
    /// Where forms go, without the step.
    at: String,
    csrf: String,
    problem: String,
    picture: Option<Picture>,
    /// The other language, where it is offered.
    other: Option<&'static str>,
}

/// A text that only people read, as a data URL, and what names it.
struct Picture {
    url: String,
    token: String,
}

impl Frame {
    pub fn new(step: &Step, csrf: String, problem: &str) -> Frame {
        Frame {
            l: L(step.lang()),
            app: step.app.name.clone(),
            at: format!("/interaction/oidc/{}", step.row.id),
            csrf,
            problem: problem.to_owned(),
            picture: None,
            other: step.other_lang().ok().flatten().map(|other| L(other).tag()),
        }
    }

    pub fn with_picture(self, drawn: Option<captcha::Picture>) -> Frame {
        let picture = drawn.map(|drawn| Picture {
            url: format!("data:image/svg+xml;base64,{}", BASE64.encode(drawn.svg.as_bytes())),
            token: drawn.token.reveal().clone(),
        });
        Frame { picture, ..self }
    }
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    f: Frame,
    hint: String,
    /// Which names go with a password, for people; empty: none.
    by_password: String,
    by_code: String,
    code_first: bool,
    register: RegisterForms,
    merged: bool,
    forgot: bool,
}

#[derive(Template)]
#[template(path = "register.html")]
struct Register {
    f: Frame,
    register: RegisterForms,
}

/// The forms of registration, on a page of their own or of the sign-in.
struct RegisterForms {
    by_password: bool,
    by_code: String,
    code_first: bool,
    fields: Vec<Asked>,
}

impl RegisterForms {
    fn open(&self) -> bool {
        self.by_password || !self.by_code.is_empty()
    }
}

#[derive(Template)]
#[template(path = "forgot.html")]
struct Forgot {
    f: Frame,
    hint: String,
}

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SecondFactor {
    f: Frame,
    otp: bool,
    sent: Vec<Sent>,
    recovery: bool,
}

struct Sent {
    kind: &'static str,
    target: String,
}

#[derive(Template)]
#[template(path = "enroll.html")]
struct Enroll {
    f: Frame,
    otp: bool,
    sms: bool,
    email: bool,
}

#[derive(Template)]
#[template(path = "bind.html")]
struct Bind<'a> {
    f: Frame,
    kind: &'static str,
    token: &'a str,
    picture: &'a str,
    uri: &'a str,
    recovery: &'a str,
}

#[derive(Template)]
#[template(path = "recovered.html")]
struct Recovered<'a> {
    f: Frame,
    code: &'a str,
}

#[derive(Template)]
#[template(path = "new_password.html")]
struct NewPassword {
    f: Frame,
}

#[derive(Template)]
#[template(path = "consent.html")]
struct Consent {
    f: Frame,
    /// A device is to be signed in.
    device: bool,
    user: String,
    scopes: Vec<String>,
}

#[derive(Template)]
#[template(path = "go_on.html")]
struct GoOn {
    f: Frame,
    user: String,
}

#[derive(Template)]
#[template(path = "device.html")]
struct Device<'a> {
    l: L,
    csrf: &'a str,
    code: &'a str,
    problem: &'a str,
}

#[derive(Template)]
#[template(path = "ask_logout.html")]
struct AskLogout<'a> {
    l: L,
    path: &'a str,
    csrf: &'a str,
    kept: Vec<(&'static str, &'a str)>,
}

#[derive(Template)]
#[template(path = "said.html")]
struct Said<'a> {
    l: L,
    title: &'a str,
    text: &'a str,
}

#[derive(Template)]
#[template(path = "form_post.html")]
struct FormPost<'a> {
    nonce: &'a str,
    action: &'a str,
    params: &'a [(&'static str, String)],
}

#[derive(Template)]
#[template(path = "web_message.html")]
struct WebMessage<'a> {
    nonce: &'a str,
    /// JSON without `<`, `>` and `&`.
    origin: &'a str,
    data: &'a str,
}

/// What the page of an interaction shows now.
pub(super) fn stage(status: StatusCode, f: Frame, wish: &Request, stage: Stage, view: View) -> Response {
    let lang = f.l.0;
    match stage {
        Stage::SignIn(doors) => before_sign_in(status, f, wish, doors, view),
        Stage::SecondFactor { choices, recovery } => {
            let otp = choices.iter().any(|c| c.kind == FactorType::Otp);
            let sent = choices.into_iter().filter(|c| c.kind != FactorType::Otp);
            let sent = sent.map(|Choice { kind, target }| Sent { kind: kind.as_str(), target }).collect();
            page(status, wish, &SecondFactor { f, otp, sent, recovery })
        }
        Stage::Enroll { kinds } => {
            let has = |kind: FactorType| kinds.contains(&kind);
            let (otp, sms, email) = (has(FactorType::Otp), has(FactorType::Sms), has(FactorType::Email));
            page(status, wish, &Enroll { f, otp, sms, email })
        }
        Stage::NewPassword => page(status, wish, &NewPassword { f }),
        Stage::Consent { user, scopes } => {
            let scopes = scopes.iter().map(|scope| scope_text(scope).get(lang).to_owned()).collect();
            page(status, wish, &Consent { f, device: wish.device.is_some(), user, scopes })
        }
        Stage::GoOn { user } => page(status, wish, &GoOn { f, user }),
    }
}

fn before_sign_in(status: StatusCode, f: Frame, wish: &Request, doors: Doors, view: View) -> Response {
    let l = f.l;
    let has = |method| doors.methods.contains(&method);
    let register = RegisterForms {
        by_password: doors.register.contains(&RegisterMethod::EmailPassword),
        by_code: l.names(
            false,
            doors.register.contains(&RegisterMethod::EmailCode),
            doors.register.contains(&RegisterMethod::PhoneCode),
        ),
        code_first: doors.register_code_first,
        fields: doors.fields,
    };
    let hint = doors.hint.clone().unwrap_or_default();
    match view {
        View::Register if register.open() && !doors.merged => page(status, wish, &Register { f, register }),
        View::Forgot if doors.forgot => page(status, wish, &Forgot { f, hint }),
        _ => {
            let by_password = l.names(
                has(LoginMethod::UsernamePassword),
                has(LoginMethod::EmailPassword),
                has(LoginMethod::PhonePassword),
            );
            let by_code = l.names(false, has(LoginMethod::EmailCode), has(LoginMethod::PhoneCode));
            let merged = doors.merged && register.open();
            let (code_first, forgot) = (doors.code_first, doors.forgot);
            page(status, wish, &SignIn { f, hint, by_password, by_code, code_first, register, merged, forgot })
        }
    }
}

pub(super) fn enrollment(f: Frame, wish: &Request, kind: FactorType, started: &EnrollmentStart) -> Response {
    let otp = started.otp_data.as_ref();
    let bind = Bind {
        f,
        kind: kind.as_str(),
        token: &started.enrollment_token,
        picture: otp.map_or("", |o| &o.qr_code_data_url),
        uri: otp.map_or("", |o| &o.qr_code_uri),
        recovery: otp.map_or("", |o| &o.recovery_code),
    };
    page(StatusCode::OK, wish, &bind)
}

pub(super) fn recovered(f: Frame, wish: &Request, code: &str) -> Response {
    page(StatusCode::OK, wish, &Recovered { f, code })
}

pub(super) fn ask_logout(lang: Lang, path: &str, csrf: &str, redirect: &'static str, params: &Params) -> Response {
    let names = ["id_token_hint", "client_id", "app_id", redirect, "state", "ui_locales"];
    let kept = names.into_iter().filter_map(|n| Some((n, params.once(n).ok().flatten()?))).collect();
    let html = AskLogout { l: L(lang), path, csrf, kept };
    // Where the form leads afterwards is checked when it comes back.
    let to = params.once(redirect).ok().flatten().and_then(source).unwrap_or_default();
    html_reply(StatusCode::OK, render(&html), &policy(&format!("'self' {to}"), "", "'none'"), false)
}

/// Where the code of a device is typed; `code` stands in the form already.
pub(super) fn device(status: StatusCode, lang: Lang, csrf: &str, code: &str, problem: &str) -> Response {
    let html = render(&Device { l: L(lang), csrf, code, problem });
    html_reply(status, html, &policy("'self'", "", "'none'"), false)
}

pub(super) fn device_decided(lang: Lang, approved: bool) -> Response {
    let l = L(lang);
    let (title, text) = if approved {
        (
            l.t("The device is signed in", "设备已登录"),
            l.t("It goes on by itself within seconds.", "设备将在数秒内自动继续。"),
        )
    } else {
        (l.t("The device is refused", "已拒绝该设备"), l.t("You may close this page.", "您可以关闭此页面。"))
    };
    html_reply(StatusCode::OK, render(&Said { l, title, text }), &policy("'self'", "", "'none'"), false)
}

pub(super) fn signed_out(lang: Lang) -> Response {
    let l = L(lang);
    let title = l.t("You are signed out", "您已退出登录");
    let html = render(&Said { l, title, text: l.t("You may close this page.", "您可以关闭此页面。") });
    html_reply(StatusCode::OK, html, &policy("'self'", "", "'none'"), false)
}

/// Something that only the user may read: nothing of it goes to any other address.
pub(super) fn error(lang: Lang, e: &Error) -> Response {
    if e.code().status >= 500 && e.code() != codes::NOT_IMPLEMENTED {
        tracing::error!(error = ?e, "a page failed");
    }
    let l = L(lang);
    let title = l.t("This does not work", "无法继续");
    let html = render(&Said { l, title, text: &e.message(lang) });
    let mut response = html_reply(http_status(e), html, &policy("'self'", "", "'none'"), false);
    retry_after(&mut response, e);
    response
}

pub(super) fn http_status(e: &Error) -> StatusCode {
    StatusCode::from_u16(e.code().status).ok().filter(|s| s.as_u16() >= 400).unwrap_or(StatusCode::BAD_REQUEST)
}

pub(super) fn retry_after(response: &mut Response, e: &Error) {
    if let Some(seconds) = e.retry_after_seconds() {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
}

pub(super) fn json_error(lang: Lang, e: &Error, id: &str) -> Response {
    if e.code().status >= 500 && e.code() != codes::NOT_IMPLEMENTED {
        tracing::error!(error = ?e, "a step failed");
    }
    let refusal = Error::new(e.code());
    let mut response = envelope::reply(Shape::V3, &Err(told(refusal, e, lang)), lang, id);
    retry_after(&mut response, e);
    response
}

/// The refusal in the words of the original, without what it carries.
fn told(refusal: Error, e: &Error, lang: Lang) -> Error {
    let said = e.message(lang);
    refusal.because(watchword_kit::text!("{said}", "{said}"))
}

pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 303: whatever the method was, the browser asks by GET.
pub(super) fn go(address: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match HeaderValue::from_str(address) {
        Ok(value) => drop(headers.insert(header::LOCATION, value)),
        Err(_) => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
}

/// The authorization response.
pub(super) fn client(answer: &Answer) -> Response {
    match answer.mode {
        Mode::Query | Mode::Fragment => go(&location(answer)),
        Mode::FormPost => {
            let nonce = Entropy.hex(16);
            let html = render(&FormPost { nonce: &nonce, action: &answer.redirect_uri, params: &answer.params });
            let to = source(&answer.redirect_uri).unwrap_or_default();
            html_reply(StatusCode::OK, html, &policy(&to, &nonce, "'none'"), false)
        }
        Mode::WebMessage => {
            let nonce = Entropy.hex(16);
            let origin = source(&answer.redirect_uri).unwrap_or_default();
            let params: serde_json::Map<String, Value> =
                answer.params.iter().map(|(n, v)| ((*n).to_owned(), v.clone().into())).collect();
            let data = script_safe(&json!({ "type": "authorization_response", "response": params }));
            let html = render(&WebMessage { nonce: &nonce, origin: &script_safe(&json!(origin)), data: &data });
            let ancestors = if origin.is_empty() { "'none'" } else { origin.as_str() };
            html_reply(StatusCode::OK, html, &policy("'none'", &nonce, ancestors), true)
        }
    }
}

/// The address of a response by query or fragment.
pub(super) fn location(answer: &Answer) -> String {
    let params = answer.params.iter().map(|(n, v)| (*n, v.as_str()));
    if answer.mode == Mode::Fragment {
        let pairs: Vec<String> = params.map(|(n, v)| format!("{n}={}", encode(v))).collect();
        return format!("{}#{}", answer.redirect_uri, pairs.join("&"));
    }
    with_query(&answer.redirect_uri, params)
}

/// JSON that ends no script and begins no markup.
fn script_safe(value: &Value) -> String {
    let mut out = String::new();
    for c in value.to_string().chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

fn page(status: StatusCode, wish: &Request, template: &impl Template) -> Response {
    let to = source(&wish.redirect_uri).unwrap_or_default();
    let policy = policy(&format!("'self' {to}"), "", "'none'");
    html_reply(status, render(template), &policy, wish.mode == Mode::WebMessage)
}

fn render(template: &impl Template) -> String {
    template.render().unwrap_or_default()
}

/// Origin of a web address, or scheme of another, as a policy names it; `None` for what would need quoting.
fn source(uri: &str) -> Option<String> {
    let (scheme, rest) = uri.split_once(':')?;
    let plain = |s: &str, more: &str| s.bytes().all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b));
    if !plain(scheme, "+-.") {
        return None;
    }
    if !matches!(scheme, "http" | "https") {
        return Some(format!("{scheme}:"));
    }
    let rest = rest.strip_prefix("//")?;
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    (!host.is_empty() && plain(host, ".:-[]")).then(|| format!("{scheme}://{host}"))
}

/// `forms`: where forms may lead; `nonce` of the one script, or none; `ancestors`: who may frame the page.
fn policy(forms: &str, nonce: &str, ancestors: &str) -> String {
    let script = if nonce.is_empty() { String::new() } else { format!(" script-src 'nonce-{nonce}';") };
    format!(
        "default-src 'none';{script} style-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
         form-action {}; frame-ancestors {ancestors}",
        forms.trim()
    )
}

fn html_reply(status: StatusCode, html: String, policy: &str, popup: bool) -> Response {
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let mut put = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, "text/html; charset=utf-8");
    put(header::CACHE_CONTROL, "no-store");
    put(header::CONTENT_SECURITY_POLICY, policy);
    // Own forms say where they come from; other sites learn nothing.
    put(header::REFERRER_POLICY, "same-origin");
    if popup {
        // A pop-up must be able to answer the page that opened it.
        put(HeaderName::from_static("cross-origin-opener-policy"), "unsafe-none");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_origins_and_schemes_and_nothing_that_needs_quoting() {
        assert_eq!(source("https://a.example:8443/cb?x=1").as_deref(), Some("https://a.example:8443"));
        assert_eq!(source("com.example.app:/cb").as_deref(), Some("com.example.app:"));
        for wrong in ["https://a;script-src *.example/", "https:///x", "javascript;x:1"] {
            assert_eq!(source(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn nothing_in_a_message_ends_the_script() {
        let safe = script_safe(&json!({ "state": "</script><img src=x>&\u{2028}" }));
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']), "{safe}");
        assert_eq!(serde_json::from_str::<Value>(&safe).expect("JSON")["state"], "</script><img src=x>&\u{2028}");
    }
}
