//! The API page: every operation with its schemas, made from the OpenAPI document. No script, nothing from elsewhere.

use std::fmt::Write as _;

use serde_json::Value;

use watchword_kit::html::escape;

/// What both pages look like.
pub const STYLE: &str = "\
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
h2{margin-top:2.5rem;border-bottom:1px solid #8884}details{margin:.25rem 0}summary{cursor:pointer}\
code,pre,.m{font-family:ui-monospace,monospace;font-size:.875em}.m{display:inline-block;min-width:4.5em;font-weight:600}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 1rem}td,th{text-align:left;vertical-align:top;padding:.25rem .5rem;border-top:1px solid #8883}\
details>div{margin:0 0 1rem 1.25rem}p{margin:.5rem 0}a{color:inherit}";

/// The start page.
pub fn start(demo: bool) -> String {
    let inbox = if demo {
        "<li><a href=\"/dev/inbox\">Development inbox</a>: messages that would have been sent</li>"
    } else {
        ""
    };
    frame(
        "watchword",
        &format!(
            "<h1>watchword</h1><p>A self-hosted identity and multi-factor server that speaks the GenAuth V3 API.</p><ul>\
             <li><a href=\"/docs\">API</a>, <a href=\"/openapi.json\">OpenAPI document</a></li>{inbox}\
             <li><a href=\"/healthz\">Health</a>, <a href=\"/readyz\">readiness</a>, <a href=\"/version\">version</a></li></ul>"
        ),
    )
}

/// The API page of this document.
pub fn page(document: &Value) -> String {
    let mut body = String::from(
        "<h1>API</h1><p>Every reply of <code>/api/v3</code> is HTTP 200 with the outcome in the body's \
         <code>statusCode</code>, except HTTP 429 for throttling. The same as a document: \
         <a href=\"/openapi.json\">openapi.json</a>.</p>",
    );
    for (group, ops) in groups(document) {
        let _ = write!(body, "<h2 id=\"{0}\">{0}</h2>", escape(group));
        for op in ops {
            operation(&mut body, &op);
        }
    }
    body.push_str("<h2 id=\"schemas\">schemas</h2>");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let name = escape(name);
        let _ = write!(body, "<details id=\"schema-{name}\"><summary><code>{name}</code></summary><div>");
        about(&mut body, schema);
        members(&mut body, schema);
        body.push_str("</div></details>");
    }
    frame("watchword API", &body)
}

struct Operation<'a> {
    method: String,
    path: &'a str,
    op: &'a Value,
}

/// Operations by their tag, in the order of the document.
fn groups(document: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let mut groups: Vec<(&str, Vec<Operation<'_>>)> = Vec::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, op) in item.as_object().into_iter().flatten() {
            let tag = op["tags"][0].as_str().unwrap_or("operations");
            let found = Operation { method: method.to_uppercase(), path, op };
            match groups.iter_mut().find(|(name, _)| *name == tag) {
                Some((_, ops)) => ops.push(found),
                None => groups.push((tag, vec![found])),
            }
        }
    }
    groups
}

fn operation(out: &mut String, found: &Operation<'_>) {
    let op = found.op;
    let text = |v: &Value| escape(v.as_str().unwrap_or_default());
    let _ = write!(
        out,
        "<details id=\"{}\"><summary><span class=\"m\">{}</span> <code>{}</code> {}</summary><div>",
        text(&op["operationId"]),
        escape(&found.method),
        escape(found.path),
        text(&op["summary"]),
    );
    let _ = write!(out, "<p>Who may call it: {}</p>", escape(&who(op)));
    let parameters: Vec<&Value> = op["parameters"].as_array().into_iter().flatten().collect();
    if !parameters.is_empty() {
        out.push_str("<p>Parameters</p><table>");
        for p in parameters {
            let required = p["required"].as_bool().unwrap_or(false);
            row(out, p["name"].as_str().unwrap_or_default(), required, &p["schema"], &p["description"]);
        }
        out.push_str("</table>");
    }
    for media in op["requestBody"]["content"].as_object().into_iter().flatten() {
        let _ = write!(out, "<p>Body, <code>{}</code>: {}</p>", escape(media.0), kind(&media.1["schema"]));
        members(out, &media.1["schema"]);
    }
    for media in op["responses"]["200"]["content"].as_object().into_iter().flatten() {
        let schema = &media.1["schema"];
        match schema["properties"].get("data") {
            Some(data) => {
                let _ = write!(out, "<p>Reply, in <code>data</code>: {}</p>", kind(data));
                members(out, data);
            }
            None if schema.get("$ref").is_some() => {
                let _ = write!(out, "<p>Reply: {}</p>", kind(schema));
            }
            None => {}
        }
    }
    out.push_str("</div></details>");
}

fn who(op: &Value) -> String {
    let schemes = op["security"].as_array().into_iter().flatten();
    let names: Vec<&str> = schemes
        .map(|s| match s.as_object().and_then(|o| o.keys().next()).map(String::as_str) {
            Some("management") => "an access key",
            Some("user") => "a signed-in user",
            Some("mfa") => "a user at the second factor",
            Some("application") => "an application",
            _ => "anyone",
        })
        .collect();
    let who = if names.is_empty() { "nobody".to_owned() } else { names.join(" or ") };
    match op["x-permission"].as_str() {
        Some(permission) => format!("{who} with {permission}"),
        None => who,
    }
}

fn about(out: &mut String, schema: &Value) {
    if let Some(text) = schema["description"].as_str() {
        let _ = write!(out, "<p>{}</p>", escape(text));
    }
    if schema.get("enum").is_some() || schema.get("oneOf").is_some() {
        let _ = write!(out, "<p>{}</p>", kind(schema));
    }
}

fn members(out: &mut String, schema: &Value) {
    let Some(properties) = schema["properties"].as_object().filter(|p| !p.is_empty()) else { return };
    let required: Vec<&str> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    out.push_str("<table>");
    for (name, member) in properties {
        row(out, name, required.contains(&name.as_str()), member, &member["description"]);
    }
    out.push_str("</table>");
}

fn row(out: &mut String, name: &str, required: bool, schema: &Value, about: &Value) {
    let _ = write!(
        out,
        "<tr><td><code>{}</code>{}</td><td>{}</td><td>{}</td></tr>",
        escape(name),
        if required { ", required" } else { "" },
        kind(schema),
        escape(about.as_str().unwrap_or_default()),
    );
}

/// A type in a few words, named schemas as links.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        let name = escape(name);
        return format!("<a href=\"#schema-{name}\"><code>{name}</code></a>");
    }
    if let Some(values) = schema["enum"].as_array() {
        let shown: Vec<String> = values.iter().map(|v| format!("<code>{}</code>", escape(&plain(v)))).collect();
        return shown.join(" ");
    }
    for of in ["allOf", "anyOf", "oneOf"] {
        if let Some(list) = schema[of].as_array() {
            return list.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    let base = match schema["type"].as_str() {
        Some("array") => format!("list of {}", kind(&schema["items"])),
        Some(name) => match schema["format"].as_str() {
            Some(format) => format!("{} ({})", escape(name), escape(format)),
            None => escape(name),
        },
        None => "anything".into(),
    };
    if schema["nullable"] == true { format!("{base} or null") } else { base }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{title}</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body>{body}</body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;

    #[test]
    fn the_page_shows_every_operation_and_runs_nothing() {
        let ops = operations();
        let page = page(&crate::openapi::document(&ops, "https://id.example.com"));
        for op in &ops {
            assert!(page.contains(&format!("<code>{}</code>", escape(op.path))), "{}", op.path);
        }
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("http://"));
    }

    #[test]
    fn what_a_schema_says_cannot_become_markup() {
        let document =
            serde_json::json!({ "paths": { "/<b>": { "get": { "summary": "<script>", "tags": ["\"x"] } } } });
        let page = page(&document);
        assert!(!page.contains("<script>") && !page.contains("<b>") && page.contains("&lt;script&gt;"));
    }
}
