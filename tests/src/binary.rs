//! What the operator can do on the machine, and what happens when a handler breaks.

use serde_json::json;
use watchword_domain::{Audit, Ctx, break_glass};
use watchword_kit::{PoolId, Result, codes};
use watchword_store::{audit, table::Page};
use watchword_testkit::{PASSWORD, SECRET, Server};
use watchword_web::op::{Nothing, Op};

fn operator(s: &Server) -> Ctx {
    Ctx::system(s.services.clone(), PoolId::new(&s.pool.id), Audit::BreakGlass)
}

#[tokio::test]
async fn break_glass_takes_every_factor_lock_and_session_and_says_why_in_the_trail() {
    let s = Server::start().await;
    let id = s.user_with_otp("ada").await;
    s.user_with_otp("bob").await;
    let waiting = s.waiting("ada").await;
    let tokens = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 0) })).await.ok();
    let session = s.app().bearer(tokens["access_token"].as_str().unwrap());
    session.get("/api/v3/list-enrolled-factors").await.ok();
    let guessing = s.waiting("ada").await;
    for _ in 0..5 {
        let wrong = guessing.post("/api/v3/mfa-totp-verify", json!({ "totp": s.wrong_code(SECRET) })).await;
        assert_eq!(wrong.ok()["verified"], false);
    }
    let guessing = s.waiting("ada").await;
    guessing.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 1) })).await.refused(429);

    let done = break_glass::reset_mfa(&operator(&s), "ADA", " phone lost ").await.unwrap();
    assert_eq!((done.user_id.as_str(), done.factors, done.sessions), (id.as_str(), 1, 1));

    session.get("/api/v3/list-enrolled-factors").await.refused(401);
    guessing.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(SECRET, 1) })).await.refused(401);
    let signed_in = s.sign_in("ada").await.ok();
    assert!(signed_in["access_token"].is_string(), "nothing is bound any more, so nothing is asked for");
    s.sign_in("bob").await.refused(300);
    s.import(&id, SECRET).await;
    let code = json!({ "totp": s.code(SECRET, 1) });
    assert_eq!(s.waiting("ada").await.post("/api/v3/mfa-totp-verify", code).await.ok()["verified"], true);

    let filter = watchword_store::Filter::pool(&PoolId::new(&s.pool.id)).and("action", "=", Audit::BreakGlass.as_str());
    let mut tx = s.services.db.read().await.unwrap();
    let (_, rows) = audit::TABLE.page(&mut tx, &filter, "at", Page { limit: 10, offset: 0 }).await.unwrap();
    let [row] = rows.as_slice() else { panic!("one row, not {}", rows.len()) };
    assert_eq!((row.actor_kind.as_str(), row.user_id.as_deref()), ("system", Some(id.as_str())));
    assert!(row.details.contains("phone lost"), "{}", row.details);
}

#[tokio::test]
async fn break_glass_needs_a_reason_and_one_user() {
    let s = Server::start().await;
    let id = s.user_with_otp("ada").await;
    // A user whose name is another one's id.
    s.admin().await.post("/api/v3/create-user", json!({ "username": id, "password": PASSWORD })).await.ok();
    let status = |e: watchword_kit::Error| e.code().status;
    for (name, reason, refused) in [("ada", "  ", 400), ("nobody", "lost", 404), (id.as_str(), "lost", 409)] {
        let outcome = break_glass::reset_mfa(&operator(&s), name, reason).await;
        assert_eq!(outcome.map_err(status), Err(refused), "{name}");
    }
    let other = s.new_pool("Other").await;
    let ctx = Ctx::system(s.services.clone(), PoolId::new(&other.id), Audit::BreakGlass);
    assert_eq!(break_glass::reset_mfa(&ctx, "ada", "lost").await.map_err(status), Err(404));
    s.sign_in("ada").await.refused(300);
}

async fn boom(_: Ctx, _: Nothing) -> Result<watchword_web::Done> {
    panic!("a defect");
}

#[tokio::test]
async fn a_handler_that_panics_answers_500_and_the_server_lives_on() {
    let s = Server::with_operations(vec![Op::read("GET", "/api/v3/boom", boom).public()]).await;
    let reply = s.anonymous().get("/api/v3/boom").await;
    let body = reply.refused(codes::INTERNAL.status);
    assert!(body["requestId"].is_string() && !reply.text.contains("defect"), "{}", reply.text);
    s.anonymous().get("/api/v3/boom").await.refused(500);
    assert_eq!(s.anonymous().get("/readyz").await.http, 200);
}

#[tokio::test]
async fn the_api_page_and_the_document_list_every_operation() {
    let s = Server::start().await;
    let document = s.anonymous().get("/openapi.json").await.body;
    let page = s.anonymous().get("/docs").await.text;
    for op in watchword_web::operations() {
        assert!(document["paths"][op.path][op.method.to_ascii_lowercase()].is_object(), "{}", op.path);
        assert!(page.contains(&format!("<code>{}</code>", op.path)), "{}", op.path);
    }
}
