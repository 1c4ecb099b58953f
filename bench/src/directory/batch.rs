//! create-users-batch against the same rows, written raw, and beside rules of groups.

mod rules;

use std::time::Duration;

use serde_json::{Value, json};
use watchword_domain::Audit;
use watchword_domain::ctx::Ctx;
use watchword_kit::Millis;
use watchword_store::Record;
use watchword_store::audit::AuditLog;
use watchword_store::user::User;
use watchword_store::user::search::segment::Recent;

use super::Run;
use super::people::{Person, person};
use crate::bulk::{self, Rows};
use crate::load::{self, Load, Work};
use crate::result::{Baseline, Row, Target, median};
use crate::{Result, http};

/// Users of one call, the most there may be.
const BATCH: usize = 50;
/// Calls of one pass.
const CALLS: usize = 200;
const CONNECTIONS: usize = 4;
const CREATE: &str = "/api/v3/create-users-batch";

/// Calls of one operation, each of other users.
struct Write {
    path: &'static str,
    management: String,
    bodies: Vec<String>,
}

impl Work for Write {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(body) = self.bodies.pop() else { return false };
        http::post(out, self.path, &self.management, &body);
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        body.starts_with(br#"{"statusCode":200,"#)
    }
}

pub async fn create(run: &Run<'_>) -> Result<Row> {
    let mut rows = Vec::new();
    for pass in 0..run.passes() {
        let people = newcomers(run, pass);
        let took = bulk::insert(run.plan, raw(run, &people)).await?;
        let raw = Baseline { name: "(b) raw bulk insert", value: people.len() as f64 / took.as_secs_f64() };
        let users = written(run, CREATE, people.chunks(BATCH).map(body).collect()).await?;
        rows.push(Row::rate("create-users-batch, 50 in a call, 4 connections, users", &users, &raw, 0.2, None));
    }
    median(rows).ok_or_else(|| "no pass".into())
}

/// What rules of groups cost those who write people: as many are made and changed before and after there are thirty.
pub async fn with_rules(run: &Run<'_>) -> Result<[Row; 2]> {
    let before = rules::written(run, 0).await?;
    rules::make(run).await?;
    let after = rules::written(run, 1).await?;
    let row = |name: &str, before: &Load, after: &Load| Row {
        target: Target::None,
        ..Row::rate(name, after, &Baseline { name: "without rules", value: before.per_second }, 0.0, None)
    };
    Ok([
        row("create-users-batch, where 30 groups follow rules, users", &before.created, &after.created),
        row("update-user-batch, where 30 groups follow rules, users", &before.changed, &after.changed),
    ])
}

/// Behind everybody who is there, so that nobody has their names.
fn newcomers(run: &Run<'_>, pass: u64) -> Vec<Person> {
    let from = run.place.users + pass * (BATCH * CALLS) as u64;
    (from..from + (BATCH * CALLS) as u64).map(|n| person(n, run.place.users)).collect()
}

/// Sends each body once; the rate is that of users.
async fn written(run: &Run<'_>, path: &'static str, bodies: Vec<String>) -> Result<Load> {
    let share = bodies.len().div_ceil(CONNECTIONS);
    let management = &run.place.management;
    let work = |bodies: &[String]| Write { path, management: management.clone(), bodies: bodies.to_vec() };
    let works = bodies.chunks(share).map(work).collect();
    let done = load::run(run.place.at, works, Duration::ZERO, Duration::from_secs(120)).await?;
    Ok(Load { per_second: done.per_second * BATCH as f64, ..done })
}

fn body(people: &[Person]) -> String {
    json!({ "list": people.iter().map(shown).collect::<Vec<_>>() }).to_string()
}

fn shown(p: &Person) -> Value {
    json!({ "username": p.username, "email": p.email, "phone": p.phone, "externalId": p.external_id,
        "name": p.name, "company": p.company })
}

/// What the calls write: users, their texts, and a row of the audit trail for each call.
fn raw(run: &Run<'_>, people: &[Person]) -> Vec<Rows> {
    let ctx = Ctx::system(run.place.services.clone(), run.place.pool.clone(), Audit::UserCreate);
    let users: Vec<User> = people.iter().map(|p| user(&ctx, p)).collect();
    let recent: Vec<Recent> = users.iter().map(texts).collect();
    let audit: Vec<AuditLog> = users.chunks(BATCH).map(|part| log(&ctx, part)).collect();
    vec![Rows::of("users", &users), Rows::of("user_texts_recent", &recent), Rows::of("audit_logs", &audit)]
}

fn user(ctx: &Ctx, p: &Person) -> User {
    let (some, key) = (|s: &String| Some(s.clone()), |s: &String| Some(s.to_lowercase()));
    let mut row = User::sample();
    for text in [
        &mut row.identity_number,
        &mut row.nickname,
        &mut row.nickname_key,
        &mut row.photo,
        &mut row.birthdate,
        &mut row.country,
        &mut row.province,
        &mut row.city,
        &mut row.address,
        &mut row.street_address,
        &mut row.postal_code,
        &mut row.browser,
        &mut row.device,
        &mut row.given_name,
        &mut row.family_name,
        &mut row.middle_name,
        &mut row.profile,
        &mut row.preferred_username,
        &mut row.website,
        &mut row.zoneinfo,
        &mut row.locale,
        &mut row.formatted,
        &mut row.region,
        &mut row.password_hash,
        &mut row.source_id,
        &mut row.last_login_ip,
        &mut row.last_login_app,
    ] {
        *text = None;
    }
    User {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        status: "Activated".into(),
        work_status: "Active".into(),
        gender: "U".into(),
        username: some(&p.username),
        username_key: key(&p.username),
        email: some(&p.email),
        email_key: key(&p.email),
        phone: some(&p.phone),
        phone_country_code: Some("+86".into()),
        phone_key: Some(format!("+86{}", p.phone)),
        external_id: some(&p.external_id),
        external_id_key: key(&p.external_id),
        name: some(&p.name),
        name_key: key(&p.name),
        company: p.company.clone(),
        custom_data: "{}".into(),
        source_type: "adminCreated".into(),
        register_source: "[]".into(),
        logins_count: 0,
        last_login_at: None,
        last_mfa_at: None,
        password_set_at: None,
        password_level: None,
        status_changed_at: None,
        suspend_at: None,
        activate_at: None,
        created_at: ctx.now(),
        updated_at: ctx.now(),
        ..row
    }
}

fn texts(user: &User) -> Recent {
    let joined = |members: &[&Option<String>]| {
        members.iter().filter_map(|m| m.as_ref()).map(|m| format!("{}\u{1f}", m.to_lowercase())).collect::<String>()
    };
    Recent {
        pool_id: user.pool_id.clone(),
        user_id: user.id.clone(),
        main: joined(&[&user.phone, &user.email_key, &user.name_key, &user.username_key]),
        more: joined(&[&user.external_id_key, &user.company]),
    }
}

fn log(ctx: &Ctx, users: &[User]) -> AuditLog {
    let ids: Vec<&String> = users.iter().map(|u| &u.id).collect();
    AuditLog {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        at: Millis(ctx.now().0),
        action: "user.create".into(),
        result: "success".into(),
        status_code: 200,
        api_code: 0,
        actor_kind: "access_key".into(),
        actor_id: ctx.new_id(),
        user_id: None,
        app_id: None,
        request_id: "0123456789abcdef0123456789abcdef".into(),
        ip: Some("127.0.0.1".into()),
        user_agent: None,
        details: json!({ "userIds": ids }).to_string(),
    }
}
