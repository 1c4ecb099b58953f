//! What an attacker tries who has read the source.

mod first_factor;
mod pictures;
mod second_factor;
mod storage;
mod timing;

use serde_json::{Value, json};
use watchword_testkit::{Reply, Server};

/// `POST /api/v3/signin` with this password payload.
async fn password(s: &Server, payload: Value) -> Reply {
    s.app().post("/api/v3/signin", json!({ "connection": "PASSWORD", "passwordPayload": payload })).await
}

/// `POST /api/v3/signin` with this code payload.
async fn pass_code(s: &Server, payload: Value) -> Reply {
    s.app().post("/api/v3/signin", json!({ "connection": "PASSCODE", "passCodePayload": payload })).await
}
