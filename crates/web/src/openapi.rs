//! Our OpenAPI 3 document, made from the rows.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::op::{Access, Op, Shape, Source};

/// The document of these operations, for the server at `public_url`.
pub fn document(ops: &[Op], public_url: &str) -> Value {
    let mut generator = SchemaSettings::openapi3().into_generator();
    let mut paths: Map<String, Value> = Map::new();
    let pages = crate::pages::oidc::described();
    let rows = ops.iter().map(|op| (op, false)).chain(pages.iter().map(|op| (op, true)));
    for (op, page) in rows {
        let item = paths.entry(op.path).or_insert_with(|| json!({}));
        let mut shown = operation(op, &mut generator);
        if page && op.method == "POST" {
            // Its query is the contract's; what a step takes comes as a form.
            let content = json!({ "application/x-www-form-urlencoded": { "schema": crate::pages::oidc::form() } });
            shown["requestBody"] = json!({ "required": true, "content": content });
        }
        if let Some(item) = item.as_object_mut() {
            item.insert(op.method.to_ascii_lowercase(), shown);
        }
    }
    let schemas = generator.take_definitions(true);
    json!({
        "openapi": "3.0.3",
        "info": {
            "title": "watchword",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The GenAuth (Authing) V3 API on your own server. Every /api/v3 reply is HTTP 200 with the \
                outcome in the body's statusCode, except HTTP 429 for throttling.",
            "license": { "name": "Apache-2.0" },
        },
        "servers": [{ "url": public_url }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "management": { "type": "http", "scheme": "bearer", "description":
                    "A token of POST /api/v3/get-management-token, or an HMAC-SHA1 request signature `authing KEY:SIGNATURE`." },
                "user": { "type": "http", "scheme": "bearer", "description": "An end user's access token, with or without `Bearer`." },
                "mfa": { "type": "http", "scheme": "bearer", "description": "The mfaToken of a sign-in that waits for its second factor." },
                "application": { "type": "apiKey", "in": "header", "name": "x-authing-app-id" },
            },
        },
    })
}

/// A Markdown table of these operations, for README.md.
pub fn compatibility_table(ops: &[Op]) -> String {
    let mut out = String::from("| Operation | What it does | Who may call it |\n|---|---|---|\n");
    for op in ops {
        out.push_str(&format!("| `{} {}` | {} | {} |\n", op.method, op.path, op.summary, who(op.access)));
    }
    out
}

/// Who may call it, in words.
pub(crate) fn who(access: Access) -> String {
    match access {
        Access::Nobody => "nobody".into(),
        Access::Public => "anyone".into(),
        Access::Application => "an application".into(),
        Access::Key(permission) => format!("an access key with `{}`", permission.as_str()),
        Access::User => "a signed-in user".into(),
        Access::UserOrMfa => "a user, signed in or at the second factor".into(),
    }
}

fn operation(op: &Op, generator: &mut SchemaGenerator) -> Value {
    let mut out = Map::new();
    out.insert("tags".into(), json!([op.module]));
    out.insert("summary".into(), op.summary.into());
    out.insert("operationId".into(), operation_id(op).into());
    let who = match op.access {
        Access::Nobody => json!([]),
        Access::Public => json!([{}]),
        Access::Application => json!([{ "application": [] }]),
        Access::Key(_) => json!([{ "management": [] }]),
        Access::User => json!([{ "user": [] }]),
        Access::UserOrMfa => json!([{ "user": [] }, { "mfa": [] }]),
    };
    out.insert("security".into(), who);
    if let Access::Key(permission) = op.access {
        out.insert("x-permission".into(), permission.as_str().into());
    }
    if let Some(audit) = op.audit {
        out.insert("x-audit".into(), audit.as_str().into());
    }
    let input = (op.input)(generator).to_value();
    match op.source {
        Source::Query => {
            let found = parameters(op, &resolve(&input, generator));
            if !found.is_empty() {
                out.insert("parameters".into(), Value::Array(found));
            }
        }
        Source::Json | Source::Form | Source::Multipart => {
            let schema = resolve(&input, generator);
            if schema.get("properties").and_then(Value::as_object).is_some_and(|p| !p.is_empty()) {
                let media = match op.source {
                    Source::Json => "application/json",
                    Source::Multipart => "multipart/form-data",
                    _ => "application/x-www-form-urlencoded",
                };
                out.insert(
                    "requestBody".into(),
                    json!({ "required": true, "content": { media: { "schema": input } } }),
                );
            }
            let in_path = parameters(op, &json!({}));
            if !in_path.is_empty() {
                out.insert("parameters".into(), Value::Array(in_path));
            }
        }
    }
    let data = op.output.map(|schema| schema(generator).to_value());
    let schema = match op.shape {
        Shape::V3 => envelope(data),
        Shape::Flat => {
            let members = data.as_ref().map(|data| resolve(data, generator)["properties"].clone());
            let mut schema = envelope(data);
            for (name, member) in members.as_ref().and_then(Value::as_object).into_iter().flatten() {
                schema["properties"][name] = member.clone();
            }
            schema
        }
        Shape::V2 | Shape::Bare | Shape::Picture | Shape::OAuth => data.unwrap_or_else(|| json!({ "type": "object" })),
    };
    let content = match op.shape {
        Shape::Picture => json!({ "image/svg+xml": { "schema": { "type": "string" } } }),
        _ => json!({ "application/json": { "schema": schema } }),
    };
    out.insert("responses".into(), json!({ "200": { "description": "The outcome.", "content": content } }));
    Value::Object(out)
}

fn operation_id(op: &Op) -> String {
    let words =
        op.path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty() && !matches!(*w, "api" | "v3"));
    let name: Vec<&str> = std::iter::once(op.method).chain(words).collect();
    name.join("_").to_ascii_lowercase()
}

fn envelope(data: Option<Value>) -> Value {
    let mut schema = json!({
        "type": "object",
        "required": ["statusCode", "message"],
        "properties": {
            "statusCode": { "type": "integer", "description": "200, or why not." },
            "message": { "type": "string", "description": "The outcome in words, in the language of x-authing-lang or Accept-Language." },
            "apiCode": { "type": "integer", "description": "A finer reason, where there is one." },
            "requestId": { "type": "string", "description": "Names the request; also in the log." },
        },
    });
    if let Some(data) = data {
        schema["properties"]["data"] = data;
    }
    schema
}

/// Follows a reference to a named schema.
fn resolve(schema: &Value, generator: &SchemaGenerator) -> Value {
    let name = schema.get("$ref").and_then(Value::as_str).and_then(|r| r.rsplit('/').next());
    match name.and_then(|n| generator.definitions().get(n)) {
        Some(found) => found.clone(),
        None => schema.clone(),
    }
}

fn parameters(op: &Op, schema: &Value) -> Vec<Value> {
    let in_path: Vec<&str> = op.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let mut out = Vec::new();
    for (name, member) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let place = if in_path.contains(&name.as_str()) { "path" } else { "query" };
        let mut member = member.clone();
        let description = member.as_object_mut().and_then(|m| m.remove("description"));
        let mut parameter = json!({
            "name": name, "in": place, "required": place == "path" || required.contains(&name.as_str()), "schema": member,
        });
        if let Some(description) = description {
            parameter["description"] = description;
        }
        out.push(parameter);
    }
    for name in in_path {
        if !out.iter().any(|p| p["name"] == name) {
            out.push(json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }));
        }
    }
    out
}
