//! The signing keys take turns.

use serde_json::{Value, json};
use watchword_crypto::jose::Alg;
use watchword_domain::keys::signing;
use watchword_kit::Millis;
use watchword_testkit::Server;

use crate::grant::{App, part, text};

async fn kids(s: &Server) -> Vec<Value> {
    let keys = s.anonymous().get("/oidc/.well-known/jwks.json").await.body["keys"].clone();
    keys.as_array().unwrap().iter().map(|k| k["kid"].clone()).collect()
}

#[tokio::test]
async fn a_new_key_is_published_first_signs_after_a_day_and_the_old_one_verifies_on() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let shop = App::of_pool(&s);
    let before = shop.sign_in(&s, "openid").await["access_token"].clone();
    let old = part(&before, 0)["kid"].clone();
    let made = signing::rotate(&s.services, Alg::Rs256, false).await.unwrap();
    signing::refresh(&node.services).await.unwrap();
    let new = json!(made.key.kid());
    assert_eq!(kids(&node).await, [old.clone(), new.clone()], "the key that signs is the first one");
    assert_eq!(part(&shop.sign_in(&node, "openid").await["access_token"], 0)["kid"], old);
    s.clock.advance(signing::PUBLISHED_FIRST);
    assert_eq!(kids(&node).await, [new.clone(), old.clone()]);
    let after = shop.sign_in(&node, "openid").await["access_token"].clone();
    assert_eq!(part(&after, 0)["kid"], new);
    for token in [&before, &after] {
        for server in [&s, &node] {
            server.anonymous().bearer(text(token)).get("/api/v3/list-enrolled-factors").await.ok();
        }
    }
    let again = s.restart().await;
    assert_eq!(kids(&again).await, [new.clone(), old]);
    again.clock.advance(signing::LONGEST_TOKEN + Millis::days(1));
    signing::refresh(&again.services).await.unwrap();
    assert_eq!(kids(&again).await, [new], "when no token of the old key can be left it is gone");
}

#[tokio::test]
async fn a_key_that_has_become_known_is_ended_at_once_with_all_that_it_signed() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let shop = App::of_pool(&s);
    let before = shop.sign_in(&s, "openid").await["access_token"].clone();
    node.anonymous().bearer(text(&before)).get("/api/v3/list-enrolled-factors").await.ok();
    let old = text(&part(&before, 0)["kid"]).to_owned();
    assert!(signing::retire(&s.services, &old).await.is_err(), "something must sign");
    let made = signing::rotate(&s.services, Alg::Rs256, true).await.unwrap();
    signing::retire(&s.services, &old).await.unwrap();
    assert!(signing::retire(&s.services, &old).await.is_err());
    signing::refresh(&node.services).await.unwrap();
    for server in [&s, &node] {
        server.anonymous().bearer(text(&before)).get("/api/v3/list-enrolled-factors").await.refused(401);
        assert_eq!(kids(server).await, [json!(made.key.kid())]);
        let fresh = shop.sign_in(server, "openid").await["access_token"].clone();
        server.anonymous().bearer(text(&fresh)).get("/api/v3/list-enrolled-factors").await.ok();
    }
}

#[tokio::test]
async fn the_keys_of_the_other_algorithms_rotate_on_their_own() {
    let s = Server::start().await;
    for alg in [Alg::Es256, Alg::EdDsa] {
        let rsa = kids(&s).await;
        let made = signing::rotate(&s.services, alg, true).await.unwrap();
        assert_eq!(s.services.keys.signing.signer(alg, s.clock.now()).unwrap().kid(), made.key.kid());
        assert_eq!(kids(&s).await, rsa);
    }
}
