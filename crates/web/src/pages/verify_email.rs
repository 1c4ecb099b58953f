//! The page behind the link of CHANNEL_VERIFY_EMAIL_LINK. Opening the link changes nothing, as mail scanners open every
//! link; the button does.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use watchword_domain::message;
use watchword_kit::html::escape;
use watchword_kit::text;

use super::Site;
use super::form::{Members, lang, over, page};

/// `GET` and `POST /verify-email`.
pub(super) fn routes(site: Site) -> Router {
    Router::new().route("/verify-email", get(ask).post(confirm)).with_state(site)
}

async fn ask(request: Request) -> Response {
    let (lang, members) = (lang(&request), Members::of_query(request.uri().query()));
    // What is shown is an address or nothing: the page must not speak for whoever made the link.
    if message::normalise_email(members.get("email")).is_err() {
        return over(lang);
    }
    let title = text!("Confirm your e-mail address", "确认邮箱地址");
    let button = text!("Confirm", "确认");
    let [app, email, token] = ["app", "email", "token"].map(|name| escape(members.get(name)));
    let body = format!(
        "<p><b>{email}</b><form method=\"post\" action=\"/verify-email\">\
         <input type=\"hidden\" name=\"app\" value=\"{app}\"><input type=\"hidden\" name=\"email\" value=\"{email}\">\
         <input type=\"hidden\" name=\"token\" value=\"{token}\"><button>{}</button></form>",
        button.get(lang)
    );
    page(StatusCode::OK, lang, title.get(lang), &body)
}

async fn confirm(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = site.asked(&parts);
    let lang = asked.lang;
    let form = Members::of_form(body).await;
    let [app, email, token] = ["app", "email", "token"].map(|name| form.get(name));
    match message::confirm_email(&site.services, asked, app, email, token).await {
        Ok(()) => {
            let said = text!("Your e-mail address is confirmed.", "邮箱地址已确认。");
            page(StatusCode::OK, lang, said.get(lang), "")
        }
        Err(e) if e.code().status < 500 => over(lang),
        Err(e) => {
            tracing::error!(error = ?e, "an e-mail address could not be confirmed");
            page(StatusCode::INTERNAL_SERVER_ERROR, lang, e.code().message(lang), "")
        }
    }
}
