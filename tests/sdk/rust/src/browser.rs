//! A browser without a script: it keeps cookies and follows its server until it is sent elsewhere.

use std::collections::HashMap;

use openidconnect::http::{Request, Response};
use openidconnect::url::Url;
use openidconnect::url::form_urlencoded::Serializer;

use crate::{Result, http};

pub struct Browser {
    host: Url,
    cookies: HashMap<String, String>,
}

impl Browser {
    pub fn new(host: &str) -> Browser {
        Browser { host: Url::parse(host).expect("an address"), cookies: HashMap::new() }
    }

    /// Signs somebody in on the page behind an address; answers what the client is told in the query.
    pub fn sign_in(&mut self, address: &str, account: &str, password: &str) -> Result<HashMap<String, String>> {
        let page = match self.open(Url::parse(address)?, None)? {
            Shown::Page(page) => page,
            Shown::Elsewhere(to) => return Err(format!("sent to {to} before signing in").into()),
        };
        let action = between(&page, "action=\"", "\"", "/login").ok_or_else(|| page.clone())?;
        let csrf = between(&page, "name=\"csrf\" value=\"", "\"", "").ok_or_else(|| page.clone())?;
        let mut form = Serializer::new(String::new());
        form.append_pair("csrf", csrf).append_pair("account", account).append_pair("password", password);
        match self.open(self.host.join(action)?, Some(form.finish()))? {
            Shown::Elsewhere(to) => Ok(to.query_pairs().into_owned().collect()),
            Shown::Page(page) => Err(page.into()),
        }
    }

    fn open(&mut self, mut url: Url, mut form: Option<String>) -> Result<Shown> {
        while url.origin() == self.host.origin() {
            let reply = self.send(&url, form.take())?;
            let Some(to) = reply.headers().get("location") else {
                return Ok(Shown::Page(String::from_utf8(reply.into_body())?));
            };
            url = url.join(to.to_str()?)?;
        }
        Ok(Shown::Elsewhere(url))
    }

    fn send(&mut self, url: &Url, form: Option<String>) -> Result<Response<Vec<u8>>> {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = Request::builder().uri(url.as_str()).header("cookie", cookies.join("; "));
        let request = match form {
            Some(form) => request
                .method("POST")
                .header("origin", self.host.origin().ascii_serialization())
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.into_bytes()),
            None => request.body(Vec::new()),
        };
        let reply = http::send(request?)?;
        for line in reply.headers().get_all("set-cookie") {
            let pair = line.to_str()?.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').ok_or("a cookie without a value")?;
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        Ok(reply)
    }
}

enum Shown {
    Page(String),
    Elsewhere(Url),
}

/// The first text between the two marks that has this end.
fn between<'a>(page: &'a str, before: &str, after: &str, end: &str) -> Option<&'a str> {
    page.split(before).skip(1).filter_map(|rest| rest.split(after).next()).find(|text| text.ends_with(end))
}
