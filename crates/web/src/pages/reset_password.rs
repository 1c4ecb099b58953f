//! The page behind the link of send-user-reset-password-email-link. Opening the link changes nothing, as mail scanners
//! open every link; sending the form does.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use watchword_domain::user::reset_link;
use watchword_kit::html::escape;
use watchword_kit::{Lang, Secret, codes, text};

use super::Site;
use super::form::{Members, lang, over, page};

/// `GET` and `POST /reset-password`.
pub(super) fn routes(site: Site) -> Router {
    Router::new().route("/reset-password", get(ask).post(set)).with_state(site)
}

async fn ask(request: Request) -> Response {
    let members = Members::of_query(request.uri().query());
    form(StatusCode::OK, lang(&request), &members, "")
}

async fn set(State(site): State<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let asked = site.asked(&parts);
    let lang = asked.lang;
    let members = Members::of_form(body).await;
    let password = members.get("password");
    if password != members.get("again") {
        let differ = text!("The two passwords differ.", "两次输入的密码不一致。");
        return form(StatusCode::BAD_REQUEST, lang, &members, differ.get(lang));
    }
    let (pool, token, password) = (members.get("pool"), members.get("token"), Secret::new(password.to_owned()));
    match reset_link::complete(&site.services, asked, pool, token, password).await {
        Ok(()) => {
            let said = text!("Your new password is set.", "新密码已设置。");
            page(StatusCode::OK, lang, said.get(lang), "")
        }
        Err(e) if e.code() == codes::INVALID => form(StatusCode::BAD_REQUEST, lang, &members, &e.message(lang)),
        Err(e) if e.code() == codes::TOO_MANY => {
            form(StatusCode::TOO_MANY_REQUESTS, lang, &members, e.code().message(lang))
        }
        Err(e) if e.code().status < 500 => over(lang),
        Err(e) => {
            tracing::error!(error = ?e, "a password could not be set");
            page(StatusCode::INTERNAL_SERVER_ERROR, lang, e.code().message(lang), "")
        }
    }
}

fn form(status: StatusCode, lang: Lang, members: &Members, problem: &str) -> Response {
    let [title, new, again, button] = [
        text!("Set a new password", "设置新密码"),
        text!("New password", "新密码"),
        text!("Once more", "再次输入"),
        text!("Set password", "设置密码"),
    ];
    let [pool, token] = ["pool", "token"].map(|name| escape(members.get(name)));
    let problem = if problem.is_empty() { String::new() } else { format!("<p role=\"alert\">{}", escape(problem)) };
    let body = format!(
        "{problem}<form method=\"post\" action=\"/reset-password\">\
         <input type=\"hidden\" name=\"pool\" value=\"{pool}\"><input type=\"hidden\" name=\"token\" value=\"{token}\">\
         <p><label>{}<br><input type=\"password\" name=\"password\" autocomplete=\"new-password\" required></label>\
         <p><label>{}<br><input type=\"password\" name=\"again\" autocomplete=\"new-password\" required></label>\
         <p><button>{}</button></form>",
        new.get(lang),
        again.get(lang),
        button.get(lang)
    );
    page(status, lang, title.get(lang), &body)
}
