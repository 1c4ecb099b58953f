//! Refresh tokens: rotated, bound, narrowed.

use futures_util::future::join_all;
use serde_json::json;
use watchword_testkit::{Server, seconds};

use super::{App, app, claims, refused, text};

#[tokio::test]
async fn a_refresh_may_ask_for_less_and_the_next_one_for_all_of_it_again() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    let tokens = shop.sign_in(&s, "openid profile email offline_access").await;
    let less = shop.refresh(&s, &tokens["refresh_token"], &[("scope", "openid email")]).await.body;
    assert_eq!(less["scope"], "openid email");
    assert_eq!(claims(&less["access_token"])["scope"], "openid email");
    let me = s.anonymous().bearer(text(&less["access_token"])).get("/oidc/me").await.body;
    assert!(me.get("updated_at").is_none(), "profile was not asked for: {me}");
    let all = shop.refresh(&s, &less["refresh_token"], &[]).await.body;
    assert_eq!(all["scope"], "openid profile email offline_access");
    refused(&shop.refresh(&s, &all["refresh_token"], &[("scope", "openid phone")]).await, 400, "invalid_scope");
    assert_eq!(shop.refresh(&s, &all["refresh_token"], &[]).await.http, 200, "a refused refresh costs nothing");
}

#[tokio::test]
async fn of_sixty_four_refreshes_at_once_one_succeeds_and_a_late_replay_ends_the_session() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let shop = App::of_pool(&s);
    let tokens = shop.sign_in(&s, "openid offline_access").await;
    let nodes = [&s, &node];
    let all = join_all((0..64).map(|i| shop.refresh(nodes[i % 2], &tokens["refresh_token"], &[]))).await;
    let won: Vec<_> = all.iter().filter(|r| r.http == 200).collect();
    assert_eq!(won.len(), 1);
    assert!(all.iter().filter(|r| r.http != 200).all(|r| r.body["error"] == "invalid_grant"));
    let next = won[0].body.clone();
    assert_eq!(shop.introspect(&s, &next["access_token"]).await["active"], true, "parallel tries throw nobody out");
    s.clock.advance(seconds(11));
    refused(&shop.refresh(&s, &tokens["refresh_token"], &[]).await, 400, "invalid_grant");
    refused(&shop.refresh(&s, &next["refresh_token"], &[]).await, 400, "invalid_grant");
    for token in ["access_token", "refresh_token", "id_token"] {
        assert_eq!(shop.introspect(&node, &next[token]).await, json!({ "active": false }), "{token}");
    }
}

#[tokio::test]
async fn a_refresh_token_is_worth_nothing_to_another_application() {
    let s = Server::start().await;
    let (shop, other) = (App::of_pool(&s), app(&s, json!({})).await);
    let tokens = shop.sign_in(&s, "openid offline_access").await;
    refused(&other.refresh(&s, &tokens["refresh_token"], &[]).await, 400, "invalid_grant");
    assert_eq!(shop.refresh(&s, &tokens["refresh_token"], &[]).await.http, 200);
}

#[tokio::test]
async fn what_ends_a_user_ends_all_tokens_on_every_node() {
    let s = Server::start().await;
    let node = s.second_node().await;
    let admin = s.admin().await;
    let shop = App::of_pool(&s);
    for end in ["suspend", "delete", "kick", "password"] {
        let tokens = shop.sign_in(&s, "openid offline_access").await;
        let user = claims(&tokens["access_token"])["sub"].clone();
        assert_eq!(shop.introspect(&node, &tokens["access_token"]).await["active"], true);
        match end {
            "suspend" => admin.post("/api/v3/update-user", json!({ "userId": user, "status": "Suspended" })).await.ok(),
            "delete" => admin.post("/api/v3/delete-users-batch", json!({ "userIds": [user] })).await.ok(),
            "kick" => admin.post("/api/v3/kick-users", json!({ "userId": user, "appIds": [shop.id] })).await.ok(),
            _ => {
                let body = json!({ "userId": user, "password": "another horse battery staple" });
                admin.post("/api/v3/update-user", body).await.ok()
            }
        };
        for token in ["access_token", "refresh_token", "id_token"] {
            assert_eq!(shop.introspect(&node, &tokens[token]).await, json!({ "active": false }), "{end} {token}");
        }
        refused(&shop.refresh(&node, &tokens["refresh_token"], &[]).await, 400, "invalid_grant");
        let bearer = node.anonymous().bearer(text(&tokens["access_token"]));
        refused(&bearer.get("/oidc/me").await, 401, "invalid_token");
        bearer.get("/api/v3/list-enrolled-factors").await.refused(401);
    }
}

#[tokio::test]
async fn the_oauth_endpoints_of_the_sdks_give_the_same_tokens_without_id_token() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    let tokens = shop.sign_in(&s, "openid profile offline_access").await;
    let form = [("grant_type", "refresh_token"), ("refresh_token", text(&tokens["refresh_token"]))];
    let fresh = shop.post(&s, "/oauth/token", &form).await.body;
    assert!(fresh["access_token"].is_string() && fresh.get("id_token").is_none(), "{fresh}");
    let token = [("token", text(&fresh["access_token"]))];
    assert_eq!(shop.post(&s, "/oauth/token/introspection", &token).await.body["active"], true);
    assert_eq!(shop.refresh(&s, &fresh["refresh_token"], &[]).await.http, 200);
}

#[tokio::test]
async fn a_session_that_nobody_refreshes_ends_before_its_tokens_do() {
    let s = Server::start().await;
    let shop = App::of_pool(&s);
    crate::login::idle(&s, json!({ "refreshIdleSeconds": 3600 })).await;
    let mut tokens = shop.sign_in(&s, "openid offline_access").await;
    for _ in 0..3 {
        s.advance(seconds(3600));
        let reply = shop.refresh(&s, &tokens["refresh_token"], &[]).await;
        assert_eq!(reply.http, 200, "{}", reply.text);
        tokens = reply.body;
    }
    s.advance(seconds(3601));
    refused(&shop.refresh(&s, &tokens["refresh_token"], &[]).await, 400, "invalid_grant");
    let access = s.anonymous().bearer(text(&tokens["access_token"]));
    access.get("/api/v3/list-enrolled-factors").await.refused_with(401, 2020);
}
