//! Nobody gets in who should not, and nothing changes when they try.

use watchword_domain::permission::{Grants, Permission};
use watchword_domain::{Audit, Ctx, access_key, token};
use watchword_kit::{Entropy, PoolId};
use watchword_store::access_key::TABLE;
use watchword_testkit::{Client, PASSWORD, Pool, Server};
use watchword_web::{Access, Op, Shape};

use super::examples::{Call, valid};
use super::snapshot::{ASIDE, Snapshot};
use super::{Places, named, status};

/// Operations that answer a caller of another pool with success, because they tell nothing and change nothing there.
const FOREIGN_SUCCESS: &[(&str, &str)] = &[
    ("GET /api/v3/get-user-batch", "ids of no user of the caller's pool are left out"),
    ("POST /api/v3/send-user-reset-password-email-link", "says that nobody was sent a link"),
    ("POST /api/v3/is-user-exists", "says that the caller's pool has no such user"),
    ("POST /oidc/token/introspection", "says active: false"),
    ("POST /oauth/token/introspection", "says active: false"),
    ("POST /oidc/token/revocation", "answers for anybody's token alike, and revokes the caller's own only"),
    ("POST /oauth/token/revocation", "answers for anybody's token alike, and revokes the caller's own only"),
];

/// Rights that an operation needs beside the one on its row.
const ALSO: &[(&str, Permission)] = &[
    ("POST /api/v3/refresh-application-secret", Permission::ApplicationReadSecret),
    ("POST /api/v3/create-department-tree", Permission::OrganizationWrite),
    ("POST /api/v3/create-department-tree", Permission::DepartmentWriteMembers),
    ("POST /api/v3/create-department-tree", Permission::UserWrite),
];

/// A management client whose key has these rights.
async fn with_rights(s: &Server, pool: &str, rights: &[Permission]) -> Client {
    let ctx = Ctx::system(s.services.clone(), PoolId::new(pool), Audit::AccessKeyCreate);
    let names: Vec<String> = rights.iter().map(|p| p.as_str().to_owned()).collect();
    let grants = Grants::parse(&names).expect("known rights");
    let id = Entropy.hex(12);
    let (key, _) = access_key::fresh(&ctx, &id, "sweep", "", &grants).expect("a key");
    let mut tx = s.services.db.write().await.expect("a unit");
    TABLE.insert(&mut tx, &key).await.expect("the key is stored");
    tx.commit().await.expect("a commit");
    s.anonymous().bearer(&token::issue_management(&s.services, &key, s.clock.now()))
}

/// A user of this pool who is signed in, and the client before sign-in.
async fn user_of(s: &Server, pool: &Pool, username: &str) -> (Client, Client) {
    let admin = s.admin_of(pool).await;
    let body = serde_json::json!({ "username": username, "password": PASSWORD });
    admin.post("/api/v3/create-user", body.clone()).await.ok();
    let app = s.anonymous().header("x-authing-app-id", &pool.app_id);
    let sign_in = serde_json::json!({ "connection": "PASSWORD", "passwordPayload": body });
    let tokens = app.post("/api/v3/signin", sign_in).await.ok();
    let user = app.clone().bearer(tokens["access_token"].as_str().expect("an access token"));
    (user, app)
}

/// Makes the call and checks the refusal, and that nothing but the trail and counters have changed.
async fn refused(s: &Server, op: &Op, call: &Call, expected: &[u64], who: &str, trail: usize) {
    let before = Snapshot::of(s).await;
    let reply = call.send().await;
    let found = status(op, &reply);
    assert!(expected.contains(&found), "{} by {who}: expected {expected:?}: {}", named(op), reply.text);
    let after = Snapshot::of(s).await;
    let changes = before.changes(&after, ASIDE);
    assert!(changes.is_empty(), "{} by {who} was refused, but changed {changes:#?}", named(op));
    let written = after.count("audit_logs") - before.count("audit_logs");
    let due = if op.audit.is_some() { trail } else { 0 };
    assert_eq!(written, due, "rows in the trail after {} by {who}", named(op));
}

#[tokio::test]
async fn without_credentials_every_operation_refuses_and_leaves_no_trace() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        let expected: &[u64] = match (op.access, op.shape) {
            (Access::Public, _) => continue,
            (Access::Nobody, _) => &[403],
            (Access::Application, Shape::OAuth) => &[400, 401],
            (Access::Application, _) => &[404],
            (Access::Key(_) | Access::User | Access::UserOrMfa, _) => &[401],
        };
        let s = places.next().await;
        let mut call = valid(s, &op).await;
        if op.shape == Shape::OAuth && op.access == Access::Application {
            let body = call.body.as_mut().and_then(|b| b.as_object_mut()).expect("a form");
            body.remove("client_id");
            body.remove("client_secret");
        }
        refused(s, &op, &call.by(&s.anonymous()), expected, "nobody", 0).await;
        let nonsense = s.anonymous().bearer("eyJhbGciOiJub25lIn0.e30.");
        refused(s, &op, &call.by(&nonsense), expected, "a token that is none", 0).await;
    }
}

#[tokio::test]
async fn a_key_without_the_right_is_refused_and_the_trail_says_so() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        let Access::Key(permission) = op.access else { continue };
        let s = places.next().await;
        let call = valid(s, &op).await;
        let nothing = with_rights(s, &s.pool.id, &[]).await;
        refused(s, &op, &call.by(&nothing), &[403], "a key without any right", 1).await;
        let others: Vec<Permission> = Permission::ALL.iter().copied().filter(|p| *p != permission).collect();
        let others = with_rights(s, &s.pool.id, &others).await;
        refused(s, &op, &call.by(&others), &[403], "a key with every other right", 1).await;
        let user = user_of(s, &s.pool, "eve").await.0;
        refused(s, &op, &call.by(&user), &[401], "an end user", 0).await;
        let also = ALSO.iter().filter(|(name, _)| *name == named(&op)).map(|(_, also)| *also);
        let rights: Vec<Permission> = also.chain([permission]).collect();
        let reply = call.by(&with_rights(s, &s.pool.id, &rights).await).send().await;
        assert_eq!(
            status(&op, &reply),
            super::expected(&op),
            "{} by a key with {}: {}",
            named(&op),
            permission.as_str(),
            reply.text
        );
    }
}

#[tokio::test]
async fn a_management_token_does_not_make_an_end_user() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        if !matches!(op.access, Access::User | Access::UserOrMfa) {
            continue;
        }
        let s = places.next().await;
        let call = valid(s, &op).await;
        refused(s, &op, &call.by(&s.admin().await), &[401], "a management client", 0).await;
    }
}

/// What a user who owes the second factor may do is written on the row, not left to the handler.
#[tokio::test]
async fn an_mfa_token_opens_only_what_says_so() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        if op.access != Access::User {
            continue;
        }
        let s = places.next().await;
        let call = valid(s, &op).await;
        s.user_with_otp("eve").await;
        refused(s, &op, &call.by(&s.waiting("eve").await), &[401], "a user who owes the second factor", 0).await;
    }
}

#[tokio::test]
async fn credentials_of_another_pool_neither_read_nor_change_this_one() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        let s = places.next().await;
        let other = s.new_pool("Another pool").await;
        let (other_user, other_app) = user_of(s, &other, "mallory").await;
        let other_admin = s.admin_of(&other).await;
        let call = valid(s, &op).await;
        let foreign = match op.access {
            Access::Nobody | Access::Public => continue,
            Access::Key(_) => call.by(&other_admin),
            Access::User | Access::UserOrMfa => call.by(&other_user),
            Access::Application => {
                let mut call = call.by(&other_app);
                if let Some(body) = call.body.as_mut().filter(|b| b.get("client_id").is_some()) {
                    body["client_id"] = other.app_id.clone().into();
                    body["client_secret"] = other.app_secret.clone().into();
                }
                call
            }
        };
        let own = Snapshot::of(s).await.about(&s.pool.id);
        let ids = ids_of(&own);
        let reply = foreign.send().await;
        let changes = own.changes(&Snapshot::of(s).await.about(&s.pool.id), &[]);
        assert!(changes.is_empty(), "{} by another pool's caller changed {changes:#?}", named(&op));
        let names = ids.iter().any(|id| call.text().contains(id.as_str()));
        let excused = FOREIGN_SUCCESS.iter().any(|(name, _)| *name == named(&op));
        if names && !excused {
            assert_ne!(status(&op, &reply), 200, "{} by another pool's caller: {}", named(&op), reply.text);
        }
        // An id that the caller has sent may come back in the refusal.
        let new = |id: &&String| reply.text.contains(id.as_str()) && !call.text().contains(id.as_str());
        let shown: Vec<&String> = ids.iter().filter(new).collect();
        assert!(shown.is_empty(), "{} shows {shown:?} to another pool: {}", named(&op), reply.text);
    }
}

/// Everything in the rows that looks like an id.
fn ids_of(snapshot: &Snapshot) -> std::collections::BTreeSet<String> {
    let text = snapshot.all_text();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|w| w.len() == 24 && w.bytes().all(|b| b.is_ascii_hexdigit())).map(str::to_owned).collect()
}

/// A foreign id and one that never existed get one answer, or the ids of other pools could be found by trying.
#[tokio::test]
async fn a_foreign_id_and_an_unknown_one_are_told_in_the_same_words() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        let Access::Key(_) = op.access else { continue };
        let s = places.next().await;
        let other = s.new_pool("Another pool").await;
        let admin = s.admin_of(&other).await;
        let call = valid(s, &op).await.by(&admin);
        let mut unknown = call.clone();
        let text = call.text();
        for id in ids_of(&Snapshot::of(s).await.about(&s.pool.id)).iter().filter(|id| text.contains(id.as_str())) {
            let nobody = id.chars().rev().collect::<String>();
            unknown.path = unknown.path.replace(id.as_str(), &nobody);
            unknown.body =
                unknown.body.map(|b| serde_json::from_str(&b.to_string().replace(id.as_str(), &nobody)).expect("JSON"));
        }
        if unknown.text() == text {
            continue;
        }
        let told = |mut reply: watchword_testkit::Reply| {
            reply.body["requestId"] = "".into();
            // Naming the id that was asked for is no difference.
            let words = |c: char| !c.is_ascii_hexdigit();
            reply.body.to_string().split(words).filter(|w| w.len() != 24).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(call.send().await), told(unknown.send().await), "{}", named(&op));
    }
}
