//! A browser without a script: it keeps cookies, follows redirects of its server, and submits forms.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::client::{encode, plain};
use crate::server::Server;

/// The address under which the server believes itself to be.
pub const ORIGIN: &str = "https://id.example.com";

/// One browser. Cloning it clones its cookies, as a thief of cookies would.
#[derive(Clone)]
pub struct Browser {
    http: reqwest::Client,
    url: String,
    pub cookies: BTreeMap<String, String>,
    /// Headers sent with every request.
    pub headers: Vec<(&'static str, String)>,
}

/// What the browser shows, or where it was sent.
#[derive(Clone, Debug)]
pub struct Page {
    pub http: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// Where it leads, if away from this server.
    pub location: Option<String>,
}

impl Browser {
    pub fn new(server: &Server) -> Browser {
        let http = plain().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Browser { http, url: server.url.clone(), cookies: BTreeMap::new(), headers: Vec::new() }
    }

    /// The same browser at another node.
    pub fn at(&self, server: &Server) -> Browser {
        Browser { url: server.url.clone(), ..self.clone() }
    }

    pub async fn get(&mut self, path: &str) -> Page {
        let page = self.send("GET", path, None, true).await;
        self.follow(page).await
    }

    /// A form of the server's own pages.
    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let page = self.send("POST", path, Some(form), true).await;
        self.follow(page).await
    }

    /// A form on a page of another site: no cookie comes along, and the browser says where it came from.
    pub async fn post_from_elsewhere(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        let mut other = self.clone();
        other.cookies.clear();
        other.headers.push(("origin", "https://evil.example".into()));
        other.headers.push(("sec-fetch-site", "cross-site".into()));
        let page = other.send("POST", path, Some(form), false).await;
        // A redirect is a navigation by GET, with cookies.
        self.follow(page).await
    }

    /// Submits the form whose action ends with `/{step}`, with its hidden members and these.
    pub async fn submit(&mut self, page: &Page, step: &str, members: &[(&str, &str)]) -> Page {
        let (action, mut form) = page.form(step).unwrap_or_else(|| panic!("no form {step} in {}", page.text));
        form.extend(members.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        let form: Vec<(&str, &str)> = form.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        self.post(&action, &form).await
    }

    async fn follow(&mut self, mut page: Page) -> Page {
        for _ in 0..5 {
            match page.location.take() {
                Some(to) if to.starts_with('/') => page = self.send("GET", &to, None, true).await,
                to => {
                    page.location = to;
                    break;
                }
            }
        }
        page
    }

    async fn send(&mut self, method: &str, path: &str, form: Option<&[(&str, &str)]>, own: bool) -> Page {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.url));
        let mut headers = HeaderMap::new();
        if let Some(form) = form {
            let body: Vec<String> = form.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body.join("&"));
            if own {
                headers.insert("origin", HeaderValue::from_static(ORIGIN));
                headers.insert("sec-fetch-site", HeaderValue::from_static("same-origin"));
            }
        }
        for (name, value) in &self.headers {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        }
        if !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect();
            headers.insert("cookie", HeaderValue::from_str(&all.join("; ")).expect("cookies"));
        }
        let response = request.headers(headers).send().await.expect("the server answers");
        let (http, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        for line in headers.get_all("set-cookie") {
            self.keep(line.to_str().expect("a cookie"));
        }
        let location = headers.get("location").map(|l| l.to_str().expect("an address").to_owned());
        Page { http, headers, text, location }
    }

    fn keep(&mut self, line: &str) {
        let (name, rest) = line.split_once('=').expect("a cookie");
        let (value, attributes) = rest.split_once(';').expect("attributes");
        for needed in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
            assert!(attributes.split(';').any(|a| a.trim() == needed), "{line}");
        }
        assert!(name.starts_with("__Host-"), "{line}");
        if attributes.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

impl Page {
    /// The parameters with which the browser was sent back to a client.
    #[track_caller]
    pub fn returned(&self) -> BTreeMap<String, String> {
        let to = self.location.as_deref().unwrap_or_else(|| panic!("not sent away: {} {}", self.http, self.text));
        let (_, params) = to.split_once(['?', '#']).unwrap_or((to, ""));
        params.split('&').filter_map(|p| p.split_once('=')).map(|(n, v)| (decode(n), decode(v))).collect()
    }

    #[track_caller]
    pub fn code(&self) -> String {
        self.returned().remove("code").unwrap_or_else(|| panic!("no code: {:?}", self.location))
    }

    /// The `error` with which the browser was sent back to a client.
    #[track_caller]
    pub fn error(&self) -> String {
        self.returned().remove("error").unwrap_or_else(|| panic!("no error: {:?}", self.location))
    }

    /// Whether the page has a form for this step.
    pub fn offers(&self, step: &str) -> bool {
        self.form(step).is_some()
    }

    /// Where the form whose action ends with `/{step}` goes, and its hidden members.
    pub fn form(&self, step: &str) -> Option<(String, Vec<(String, String)>)> {
        self.text.split("<form ").skip(1).find_map(|part| {
            let form = part.split("</form>").next()?;
            let action = unescape(attribute(form, "action")?);
            let hidden = form.split("<input ").skip(1).filter(|i| i.contains("type=\"hidden\""));
            let members =
                hidden.filter_map(|i| Some((unescape(attribute(i, "name")?), unescape(attribute(i, "value")?))));
            let right = action.ends_with(&format!("/{step}"));
            right.then(|| (action, members.collect()))
        })
    }
}

fn attribute<'a>(markup: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = markup.split_once(&format!("{name}=\""))?;
    rest.split('"').next()
}

fn unescape(s: &str) -> String {
    let mut out = s.to_owned();
    for (entity, c) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, c);
    }
    out
}

/// Undoes percent-encoding.
pub fn decode(s: &str) -> String {
    let mut out = Vec::new();
    let bytes = s.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let hex = bytes.get(i + 1..i + 3).and_then(|h| std::str::from_utf8(h).ok());
        match hex.and_then(|h| u8::from_str_radix(h, 16).ok()).filter(|_| bytes[i] == b'%') {
            Some(b) => {
                out.push(b);
                i += 3;
            }
            None => {
                out.push(if bytes[i] == b'+' { b' ' } else { bytes[i] });
                i += 1;
            }
        }
    }
    String::from_utf8(out).expect("UTF-8")
}
