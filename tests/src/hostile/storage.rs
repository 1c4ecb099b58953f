//! Somebody who can write the database, and somebody who reads secrets by the hundred.

use serde_json::json;
use watchword_domain::{Audit, Ctx, pool};
use watchword_kit::PoolId;
use watchword_testkit::{SECRET, Server, minutes};

const OTHER: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

#[tokio::test]
async fn secrets_moved_between_users_open_for_neither() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let bob = s.user("bob").await;
    s.import(&bob, OTHER).await;
    let mut tx = s.services.db.write().await.unwrap();
    let sealed = async |tx: &mut watchword_store::Tx, user: &str| {
        let sql = String::from("SELECT secret_sealed FROM mfa_factors WHERE pool_id = $1 AND user_id = $2");
        tx.one::<(Vec<u8>,)>(&sql, &[s.pool.id.as_str().into(), user.into()]).await.unwrap().0
    };
    let (of_ada, of_bob) = (sealed(&mut tx, &ada).await, sealed(&mut tx, &bob).await);
    for (user, moved) in [(&ada, of_bob), (&bob, of_ada)] {
        let sql = String::from("UPDATE mfa_factors SET secret_sealed = $3 WHERE pool_id = $1 AND user_id = $2");
        tx.run(&sql, &[s.pool.id.as_str().into(), user.as_str().into(), moved.into()]).await.unwrap();
    }
    tx.commit().await.unwrap();
    for name in ["ada", "bob"] {
        for secret in [SECRET, OTHER] {
            let waiting = s.waiting(name).await;
            let reply = waiting.post("/api/v3/mfa-totp-verify", json!({ "totp": s.code(secret, 0) })).await;
            reply.refused(500);
            assert!(!reply.text.contains("token"), "{}", reply.text);
        }
    }
    let admin = s.admin().await;
    for id in [ada, bob] {
        let reply = admin.get(&format!("/api/v3/get-otp-secret-by-user?userId={id}")).await;
        reply.refused(500);
        assert!(!reply.text.contains(SECRET) && !reply.text.contains(OTHER), "{}", reply.text);
    }
}

#[tokio::test]
async fn one_key_reads_sixty_secrets_in_a_minute_and_none_where_the_pool_says_so() {
    let s = Server::start().await;
    let ada = s.user_with_otp("ada").await;
    let admin = s.admin().await;
    let path = format!("/api/v3/get-otp-secret-by-user?userId={ada}");
    for _ in 0..60 {
        admin.get(&path).await.ok();
    }
    let capped = admin.get(&path).await;
    assert_eq!(capped.http, 429, "{}", capped.text);
    assert_eq!(s.audited("otp.secret_read").await, 61);
    s.clock.advance(minutes(1));
    admin.get(&path).await.ok();
    let ctx = Ctx::system(s.services.clone(), PoolId::new(&s.pool.id), Audit::PoolUpdate);
    let off = json!({ "otpSecretReadable": false });
    pool::patch(&ctx, off.as_object().unwrap()).await.unwrap();
    admin.get(&path).await.refused(403);
}
