//! An HTTP client whose replies are judged in one word.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// A caller: a base URL and the headers that say who it is.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
}

/// A reply, read.
#[derive(Clone, Debug)]
pub struct Reply {
    pub http: u16,
    pub headers: HeaderMap,
    pub text: String,
    /// The body as JSON; `null` when it is none.
    pub body: Value,
}

impl Client {
    pub fn new(url: &str) -> Client {
        let http = plain().build().expect("a client");
        Client { http, url: url.to_owned(), headers: HeaderMap::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Client {
        let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
        self.headers.insert(name, HeaderValue::from_str(value).expect("a header value"));
        self
    }

    pub fn bearer(self, token: &str) -> Client {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The same caller at another server.
    pub fn at_server(&self, url: &str) -> Client {
        Client { url: url.to_owned(), ..self.clone() }
    }

    pub async fn get(&self, path_and_query: &str) -> Reply {
        self.send(self.http.get(self.at(path_and_query))).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(self.http.post(self.at(path)).json(&body)).await
    }

    pub async fn post_form(&self, path: &str, form: &[(&str, &str)]) -> Reply {
        let body: Vec<String> = form.iter().map(|(k, v)| format!("{}={}", encode(k), encode(v))).collect();
        let request = self.http.post(self.at(path)).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(body.join("&"))).await
    }

    /// A form with a file.
    pub async fn post_file(&self, path: &str, texts: &[(&str, &str)], name: &str, content: &[u8]) -> Reply {
        let mut body = Vec::new();
        for (key, value) in texts {
            let part = format!("--frontier\r\nContent-Disposition: form-data; name=\"{key}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let head = "Content-Type: text/plain\r\n\r\n";
        let part =
            format!("--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n{head}");
        body.extend_from_slice(part.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--frontier--\r\n");
        let request = self.http.post(self.at(path)).header("content-type", "multipart/form-data; boundary=frontier");
        self.send(request.body(body)).await
    }

    /// A body as it stands, for what no client library would send.
    pub async fn post_raw(&self, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        self.send(self.http.post(self.at(path)).header("content-type", "application/json").body(body.into())).await
    }

    /// Any method, for tests that walk the operation table.
    pub async fn call(&self, method: &str, path_and_query: &str, body: Option<Value>) -> Reply {
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.http.request(method, self.at(path_and_query));
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    /// Like [`Client::post`], for a server that may die in the middle of it: `None` when no whole reply came.
    pub async fn try_post(&self, path: &str, body: &Value) -> Option<Reply> {
        let request = self.http.post(self.at(path)).json(body).headers(self.headers.clone());
        let response = request.send().await.ok()?;
        let (http, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.ok()?;
        let body = serde_json::from_str(&text).ok()?;
        Some(Reply { http, headers, text, body })
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.headers(self.headers.clone()).send().await.expect("the server answers");
        let (http, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a body");
        Reply { http, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }
}

impl Reply {
    /// The `data` of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.body["statusCode"], 200, "expected success: {}", self.text);
        self.body["data"].clone()
    }

    /// A success without `data`.
    #[track_caller]
    pub fn done(&self) {
        assert_eq!(self.ok(), Value::Null, "expected no data: {}", self.text);
    }

    /// A refusal with this `statusCode`; answers the whole body.
    #[track_caller]
    pub fn refused(&self, status: u16) -> Value {
        assert_eq!(self.body["statusCode"], status, "expected {status}: {}", self.text);
        self.body.clone()
    }

    /// A refusal with this `statusCode` and `apiCode`.
    #[track_caller]
    pub fn refused_with(&self, status: u16, api_code: u32) -> Value {
        assert_eq!(self.body["apiCode"], api_code, "expected {status}/{api_code}: {}", self.text);
        self.refused(status)
    }

    /// A 400 that names this member.
    #[track_caller]
    pub fn refused_at(&self, field: &str) {
        let body = self.refused(400);
        let message = body["message"].as_str().unwrap_or_default();
        assert!(message.starts_with(&format!("{field}:")), "expected a refusal at {field}: {}", self.text);
    }
}

/// A client without proxies and without roots of TLS: reading the machine's takes longer than most tests.
pub(crate) fn plain() -> reqwest::ClientBuilder {
    reqwest::Client::builder().no_proxy().tls_certs_only([])
}

/// Percent-encodes for queries and forms.
pub fn encode(s: &str) -> String {
    s.bytes()
        .map(|b| {
            if b.is_ascii_alphanumeric() || b"-._~".contains(&b) {
                char::from(b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}
