//! The steps of an authorization request, by form or by JSON.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use http::{StatusCode, header};
use serde_json::json;
use watchword_api::common::FactorType;
use watchword_api::mfa_factor::{EnrollFactorReq, EnrollProfile, EnrollmentData, SendEnrollFactorReq};
use watchword_domain::Audit;
use watchword_domain::authorize::{Mode, Params};
use watchword_domain::captcha::{self, Answer};
use watchword_domain::interaction::{self as rules, Outcome, Purpose, Registration, Step};
use watchword_domain::sso_session::Cookie;
use watchword_kit::{Error, Lang, Result, Secret, codes, text};

use super::browser::{self, Visit};
use super::{Site, view};
use crate::pages::form::Members;

/// Which of the pages before a sign-in is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    SignIn,
    Register,
    Forgot,
}

impl View {
    const NAMED: [(&'static str, View); 2] = [("register", View::Register), ("forgot", View::Forgot)];

    fn named(asked: &str) -> View {
        View::NAMED.iter().find(|(name, _)| asked == *name).map_or(View::SignIn, |(_, view)| *view)
    }

    fn of_step(name: &str) -> View {
        match name {
            "register" | "register-code" => View::Register,
            "reset" | "reset-code" => View::Forgot,
            _ => View::SignIn,
        }
    }

    fn query(self) -> String {
        View::NAMED.iter().find(|(_, view)| *view == self).map(|(name, _)| format!("?view={name}")).unwrap_or_default()
    }
}

/// The page as it stands.
pub(super) async fn show(State(site): State<Site>, Path(key): Path<String>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut visit = Visit::of(&site, &parts);
    let asked = Members::of_query(parts.uri.query());
    let (view, chosen) = (View::named(asked.get("view")), Lang::from_tag(asked.get("lang")));
    visit.chosen = chosen.or(visit.chosen);
    let outcome = async {
        let mut step = load(&site, &visit, &key, Audit::Authorize).await?;
        visit.lang = step.lang();
        if let Some(lang) = chosen.filter(|_| step.other_lang().is_ok_and(|other| other.is_some())) {
            visit.speak(lang);
        }
        let stage = rules::stage(&mut step).await?;
        let frame = view::Frame::new(&step, visit.csrf(&step.row.id), "");
        Ok(view::stage(StatusCode::OK, frame, &step.wish, stage, view))
    };
    let outcome: Result<Response> = outcome.await;
    let lang = visit.lang;
    visit.seal(outcome.unwrap_or_else(|e| view::error(lang, &e)))
}

async fn load(site: &Site, visit: &Visit, key: &str, action: Audit) -> Result<Step> {
    let key = browser::plain_id(key).map_err(|_| Error::new(codes::INTERACTION_OVER))?;
    rules::load(&site.services, visit.request(site), key, action).await
}

/// The page as it stands after a refusal, with a picture where one is asked for.
async fn again(site: &Site, visit: &Visit, key: &str, e: &Error, view: View) -> Result<Response> {
    let pictured = [codes::CAPTCHA_NEEDED, codes::CAPTCHA_WRONG].contains(&e.code());
    let action = if pictured { Audit::CaptchaIssue } else { Audit::Authorize };
    let mut step = load(site, visit, key, action).await?;
    let picture = if pictured { Some(captcha::issue(&step.ctx).await?) } else { None };
    let stage = rules::stage(&mut step).await?;
    let frame = view::Frame::new(&step, visit.csrf(&step.row.id), &e.message(visit.lang)).with_picture(picture);
    Ok(view::stage(view::http_status(e), frame, &step.wish, stage, view))
}

/// What a step did.
enum Done {
    /// Somebody has signed in, or proven more.
    SignedOn(Cookie),
    /// As before, with the recovery code that takes the place of the one just used.
    Recovered(Cookie, Secret<String>),
    /// The page of an enrolment that has begun.
    Shown(Box<Response>),
    /// The page has something else to show.
    Moved(View),
    Answered(Outcome),
}

/// One step: the last part of the path names it.
pub(super) async fn step(
    State(site): State<Site>,
    Path((key, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let json = parts.headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/json"));
    let mut visit = Visit::of(&site, &parts);
    let outcome = async {
        let Some(action) = action(&name) else { return Err(Error::new(codes::NOT_FOUND)) };
        let form = Form(Params::of(browser::members(&parts, body).await?));
        let step = load(&site, &visit, &key, action).await?;
        visit.lang = step.lang();
        visit.check(&site, &parts.headers, &key, form.get("csrf"))?;
        match take(&visit, step, &name, &form).await {
            Ok(done) => follow(&site, &mut visit, &key, done, json).await,
            // What is owed next, the page shows: a second factor, a new password.
            Err(e) if e.code().status == 300 => Ok(next(&key, json)),
            Err(e) if json || e.code() == codes::INTERACTION_OVER || e.code().status >= 500 => Err(e),
            Err(e) => {
                let mut response = again(&site, &visit, &key, &e, View::of_step(&name)).await?;
                view::retry_after(&mut response, &e);
                Ok(response)
            }
        }
    };
    let outcome: Result<Response> = outcome.await;
    let lang = visit.lang;
    visit.seal(outcome.unwrap_or_else(|e| {
        if json { view::json_error(lang, &e, &site.services.entropy.hex(16)) } else { view::error(lang, &e) }
    }))
}

/// What the trail calls a step; `None` for what is none.
fn action(name: &str) -> Option<Audit> {
    Some(match name {
        "login" => Audit::SignIn,
        "code" | "factor-code" | "register-code" | "reset-code" => Audit::MessageSend,
        "register" => Audit::SignUp,
        "password" | "reset" => Audit::PasswordReset,
        "factor" => Audit::MfaVerify,
        "recovery" => Audit::RecoveryCodeUse,
        "enroll" => Audit::FactorEnrollStart,
        "bind" => Audit::FactorEnroll,
        "confirm" => Audit::ConsentGrant,
        "abort" => Audit::AuthorizeAbort,
        "restart" => Audit::SignOut,
        "end" => Audit::Authorize,
        _ => return None,
    })
}

async fn take(visit: &Visit, step: Step, name: &str, form: &Form) -> Result<Done> {
    let account = || form.need("account");
    Ok(match name {
        "login" if !form.get("passCode").is_empty() => {
            Done::SignedOn(rules::code(&step, account()?, form.secret("passCode")?, &form.captcha()).await?)
        }
        "login" => Done::SignedOn(rules::password(&step, account()?, form.secret("password")?, &form.captcha()).await?),
        "code" => {
            rules::send_code(&step, Purpose::Login, account()?, form.captcha()).await?;
            Done::Moved(View::SignIn)
        }
        "register-code" => {
            rules::send_code(&step, Purpose::Register, account()?, form.captcha()).await?;
            Done::Moved(View::Register)
        }
        "register" => {
            let (by, fields) = (form.registration()?, form.fields());
            signed_on(rules::register(&step, by, fields, form.chosen()?, form.captcha()).await?)
        }
        "reset-code" => {
            rules::send_code(&step, Purpose::ResetPassword, account()?, form.captcha()).await?;
            Done::Moved(View::Forgot)
        }
        "reset" => signed_on(rules::reset_password(&step, account()?, form.secret("passCode")?, form.chosen()?).await?),
        "password" => Done::SignedOn(rules::new_password(&step, form.chosen()?).await?),
        "factor-code" => {
            rules::send_factor_code(&step, form.factor()?).await?;
            Done::Moved(View::SignIn)
        }
        "factor" => Done::SignedOn(rules::prove(&step, form.factor()?, form.secret("passCode")?).await?),
        "recovery" => {
            let (cookie, next) = rules::recover(&step, form.secret("recoveryCode")?).await?;
            Done::Recovered(cookie, next)
        }
        "enroll" => {
            let kind = form.factor()?;
            let started = rules::enroll(&step, enrollment(kind, form)?).await?;
            let frame = view::Frame::new(&step, visit.csrf(&step.row.id), "");
            Done::Shown(Box::new(view::enrollment(frame, &step.wish, kind, &started)))
        }
        "bind" => {
            let req = EnrollFactorReq {
                factor_type: form.factor()?,
                enrollment_token: form.secret("enrollmentToken")?,
                enrollment_data: EnrollmentData { pass_code: Some(form.secret("passCode")?), ..Default::default() },
            };
            Done::SignedOn(rules::bind(&step, req).await?)
        }
        "confirm" => Done::Answered(rules::go_on(step, None, true, false).await?),
        "end" => Done::Answered(rules::go_on(step, None, false, true).await?),
        "abort" => Done::Answered(rules::abort(step).await?),
        "restart" => {
            rules::start_over(&step).await?;
            Done::Moved(View::SignIn)
        }
        _ => return Err(Error::new(codes::NOT_FOUND)),
    })
}

/// Where a new account or password did not sign in by itself, the page asks as of anybody.
fn signed_on(cookie: Option<Cookie>) -> Done {
    cookie.map_or(Done::Moved(View::SignIn), Done::SignedOn)
}

fn enrollment(kind: FactorType, form: &Form) -> Result<SendEnrollFactorReq> {
    let target = || form.need("target").map(Some);
    let profile = match kind {
        FactorType::Sms => EnrollProfile { phone_number: target()?, ..EnrollProfile::default() },
        FactorType::Email => EnrollProfile { email: target()?, ..EnrollProfile::default() },
        FactorType::Otp | FactorType::Face => EnrollProfile::default(),
    };
    Ok(SendEnrollFactorReq { factor_type: kind, profile: Some(profile) })
}

/// After a step: on to the page, or back to the client.
async fn follow(site: &Site, visit: &mut Visit, key: &str, done: Done, json: bool) -> Result<Response> {
    let (cookie, recovery) = match done {
        Done::Moved(view) => return Ok(on(key, view, json)),
        Done::Shown(page) => return Ok(*page),
        Done::Answered(outcome) => return Ok(answer(visit, key, outcome, json)),
        Done::SignedOn(cookie) => (cookie, None),
        Done::Recovered(cookie, next) => (cookie, Some(next)),
    };
    visit.keep(&cookie);
    let step = load(site, visit, key, Audit::Authorize).await?;
    if let Some(code) = recovery {
        // The browser stays until the user has noted the new code.
        let frame = view::Frame::new(&step, visit.csrf(key), "");
        return Ok(view::recovered(frame, &step.wish, code.reveal()));
    }
    let outcome = rules::go_on(step, Some(&cookie), false, false).await?;
    Ok(answer(visit, key, outcome, json))
}

fn answer(visit: &Visit, key: &str, outcome: Outcome, json: bool) -> Response {
    match outcome {
        Outcome::Page => next(key, json),
        Outcome::Device { approved } if json => view::json(StatusCode::CREATED, &json!({ "approved": approved })),
        Outcome::Device { approved } => view::device_decided(visit.lang, approved),
        Outcome::Client(response) if json => {
            let params: serde_json::Map<String, serde_json::Value> =
                response.params.iter().map(|(n, v)| ((*n).to_owned(), v.clone().into())).collect();
            let to = match response.mode {
                Mode::Query | Mode::Fragment => json!({ "location": view::location(&response) }),
                Mode::FormPost | Mode::WebMessage => {
                    json!({ "redirectUri": response.redirect_uri, "responseMode": response.mode, "params": params })
                }
            };
            view::json(StatusCode::CREATED, &to)
        }
        Outcome::Client(response) => view::client(&response),
    }
}

fn next(key: &str, json: bool) -> Response {
    on(key, View::SignIn, json)
}

fn on(key: &str, view: View, json: bool) -> Response {
    let page = format!("/interaction/oidc/{key}{}", view.query());
    if json { view::json(StatusCode::CREATED, &json!({ "next": page })) } else { view::go(&page) }
}

/// The members of a step's form.
struct Form(Params);

impl Form {
    fn get(&self, name: &str) -> &str {
        self.0.once(name).ok().flatten().unwrap_or_default()
    }

    fn need(&self, name: &'static str) -> Result<String> {
        match self.get(name) {
            "" => Err(Error::invalid(name, text!("required", "必填"))),
            given => Ok(given.to_owned()),
        }
    }

    fn secret(&self, name: &'static str) -> Result<Secret<String>> {
        self.need(name).map(Secret::new)
    }

    /// A new password, given twice.
    fn chosen(&self) -> Result<Secret<String>> {
        if self.get("password") != self.get("again") {
            let differ = text!("the two passwords differ", "两次输入的密码不一致");
            return Err(Error::invalid("again", differ));
        }
        self.secret("password")
    }

    fn registration(&self) -> Result<Registration> {
        let given = |name| Some(self.get(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Ok(match given("passCode") {
            Some(code) => Registration::Code { account: self.need("account")?, code: Secret::new(code) },
            None => Registration::Password { username: given("username"), email: given("email") },
        })
    }

    /// What was said of custom fields: key and text.
    fn fields(&self) -> Vec<(String, String)> {
        let given = self.0.0.iter().filter(|(_, text)| !text.is_empty());
        given.filter_map(|(name, text)| Some((name.strip_prefix("field.")?.to_owned(), text.clone()))).collect()
    }

    fn captcha(&self) -> Answer {
        let given = |name| Some(self.get(name)).filter(|text| !text.is_empty()).map(str::to_owned);
        Answer { text: given("captchaCode"), token: given("captchaToken") }
    }

    fn factor(&self) -> Result<FactorType> {
        let wrong = || Error::invalid("factorType", text!("OTP, SMS or EMAIL", "应为 OTP、SMS 或 EMAIL"));
        FactorType::parse(self.get("factorType")).ok_or_else(wrong)
    }
}
