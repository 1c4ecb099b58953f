//! Every write leaves exactly one row in the trail, every read none.

use watchword_testkit::Server;

use super::examples::valid;
use super::{Places, expected, named, status};

async fn rows(s: &Server, condition: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS total FROM audit_logs WHERE {condition}");
    let mut tx = s.services.db.read().await.expect("a reader");
    tx.one::<(i64,)>(&sql, &[]).await.expect("a count").0
}

#[tokio::test]
async fn a_successful_write_leaves_one_row_of_its_action_and_a_read_none() {
    let mut places = Places::default();
    for op in watchword_web::operations() {
        let s = places.next().await;
        let call = valid(s, &op).await;
        let own = op.audit.map_or("action = ''".into(), |a| {
            format!("action = '{}' AND result = 'success' AND status_code = 200", a.as_str())
        });
        let (all_before, own_before) = (rows(s, "TRUE").await, rows(s, &own).await);
        let reply = call.send().await;
        assert_eq!(status(&op, &reply), expected(&op), "the example of {} must succeed: {}", named(&op), reply.text);
        let due = i64::from(op.audit.is_some());
        let (all, own_now) = (rows(s, "TRUE").await - all_before, rows(s, &own).await - own_before);
        assert_eq!((all, own_now), (due, due), "rows in the trail, and of its own action, after {}", named(&op));
    }
}

#[tokio::test]
async fn the_row_names_the_request_the_caller_and_the_pool() {
    let mut places = Places::default();
    for op in watchword_web::operations().into_iter().filter(|op| op.audit.is_some()) {
        let s = places.next().await;
        let call = valid(s, &op).await;
        let reply = call.send().await;
        let request = reply.headers["x-request-id"].to_str().expect("text").to_owned();
        let pool = &s.pool.id;
        let whole =
            format!("request_id = '{request}' AND pool_id = '{pool}' AND ip = '127.0.0.1' AND actor_kind <> ''");
        assert_eq!(rows(s, &whole).await, 1, "{}: {}", named(&op), reply.text);
    }
}

/// A write that only reads in its name would go without a trail; a read cannot write, whatever its handler does.
#[test]
fn every_action_is_used_by_an_operation_or_by_the_operators_tools() {
    /// Written by the command line, background work or pages.
    const ELSEWHERE: &[&str] = &[
        "pool.create",
        "pool.update",
        "message.provider_update",
        "login.token_revoke",
        "login.authorize",
        "login.authorize_abort",
        "login.consent",
        "login.sign_out",
        "user.email_verify",
        "user.password_reset",
        "user.transition",
        "mfa.break_glass",
    ];
    let ops = watchword_web::operations();
    for action in watchword_domain::Audit::ALL {
        let used = ops.iter().any(|op| op.audit == Some(*action));
        assert!(used || ELSEWHERE.contains(&action.as_str()), "no operation leaves {}", action.as_str());
    }
}
