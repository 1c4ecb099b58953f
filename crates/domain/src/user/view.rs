//! A stored user as the API shows it.

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use watchword_api::common::Object;
use watchword_api::custom_field::TargetType;
use watchword_api::idp::ExtIdpType;
use watchword_api::user::{
    Gender, GetUserBatchQuery, GetUserQuery, Identity, User, UserSourceType, UserStatus, WorkStatus,
};
use watchword_kit::{Error, Millis, Result};
use watchword_store::Tx;
use watchword_store::user as store;

use super::create::batch_size;
use super::custom;
use super::resolve::{resolve, resolve_many};
use crate::ctx::Ctx;
use crate::custom_field::Fields;
use crate::post;

/// What to show beside the user itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct With {
    pub custom_data: bool,
    pub flat_custom_data: bool,
    pub identities: bool,
    pub department_ids: bool,
    pub posts: bool,
}

/// `GET /api/v3/get-user`.
///
/// # Errors
/// 404/2004.
pub async fn get(ctx: &Ctx, query: GetUserQuery) -> Result<User> {
    let mut tx = ctx.read().await?;
    let row = resolve(&mut tx, ctx, ctx.pool(), &query.user_id, query.user_id_type.unwrap_or_default()).await?;
    let with = With {
        custom_data: query.with_custom_data.unwrap_or_default(),
        flat_custom_data: query.flat_custom_data.unwrap_or_default(),
        identities: query.with_identities.unwrap_or_default(),
        department_ids: query.with_department_ids.unwrap_or_default(),
        posts: query.with_post.unwrap_or_default(),
    };
    user(&mut tx, ctx, row, with).await
}

/// `GET /api/v3/get-user-batch`: the users there are, in the order of their ids; ids that name nobody are passed over.
pub async fn get_batch(ctx: &Ctx, query: GetUserBatchQuery) -> Result<Vec<User>> {
    batch_size("userIds", query.user_ids.len())?;
    let mut tx = ctx.read().await?;
    let kind = query.user_id_type.unwrap_or_default();
    let found = resolve_many(&mut tx, ctx.pool(), &query.user_ids, kind).await.map_err(|e| e.at("userIds"))?;
    let mut seen = HashSet::new();
    let rows = found.into_iter().flatten().filter(|u| seen.insert(u.id.clone())).collect();
    let with = With {
        custom_data: query.with_custom_data.unwrap_or_default(),
        flat_custom_data: query.flat_custom_data.unwrap_or_default(),
        identities: query.with_identities.unwrap_or_default(),
        department_ids: query.with_department_ids.unwrap_or_default(),
        posts: false,
    };
    users(&mut tx, ctx, rows, with).await
}

/// Shows users, in their order; each kind of what is beside them takes one statement for all.
pub async fn users(tx: &mut Tx, ctx: &Ctx, rows: Vec<store::User>, with: With) -> Result<Vec<User>> {
    let mut beside: HashMap<String, Beside> = rows.iter().map(|u| (u.id.clone(), Beside::default())).collect();
    let ids: Vec<String> = rows.iter().map(|u| u.id.clone()).collect();
    if with.identities && !ids.is_empty() {
        for row in store::identities_of(tx, ctx.pool(), &ids).await? {
            if let Some(of) = beside.get_mut(&row.user_id) {
                of.identities.push(identity(row)?);
            }
        }
    }
    if !ids.is_empty() {
        for (user, department, main) in store::departments_of(tx, ctx.pool(), &ids).await? {
            if let Some(of) = beside.get_mut(&user) {
                of.main_department = main.then(|| department.clone()).or(of.main_department.take());
                of.departments.push(department);
            }
        }
    }
    if with.posts && !ids.is_empty() {
        for (user, posts) in post::of_users(tx, ctx.pool(), &ids).await? {
            if let Some(of) = beside.get_mut(&user) {
                of.posts = posts;
            }
        }
    }
    let with_data = with.custom_data || with.flat_custom_data;
    let fields = match with_data && rows.iter().any(|row| row.custom_data != "{}") {
        true => Fields::load(tx, ctx, TargetType::User).await?,
        false => Fields::none(TargetType::User),
    };
    rows.into_iter()
        .map(|row| {
            let of = beside.remove(&row.id).unwrap_or_default();
            let data = if with_data { fields.shown(ctx, &row.id, &row.custom_data)? } else { Object::new() };
            show(row, with, of, data)
        })
        .collect()
}

/// What other tables know of a user.
#[derive(Default)]
struct Beside {
    identities: Vec<Identity>,
    departments: Vec<String>,
    main_department: Option<String>,
    posts: Vec<String>,
}

/// Shows one user.
pub async fn user(tx: &mut Tx, ctx: &Ctx, row: store::User, with: With) -> Result<User> {
    users(tx, ctx, vec![row], with).await?.pop().ok_or_else(|| Error::internal("a user was expected"))
}

/// The answer to a write: the user with custom data.
pub async fn written(ctx: &Ctx, row: store::User) -> Result<User> {
    written_all(ctx, vec![row]).await?.pop().ok_or_else(|| Error::internal("a user was expected"))
}

/// As [`written`], of several.
pub async fn written_all(ctx: &Ctx, rows: Vec<store::User>) -> Result<Vec<User>> {
    let with = With { custom_data: true, ..With::default() };
    users(&mut ctx.read().await?, ctx, rows, with).await
}

fn show(row: store::User, with: With, beside: Beside, data: Object) -> Result<User> {
    let mut shown = plain(row)?;
    shown.main_department_id = beside.main_department;
    shown.department_ids = with.department_ids.then_some(beside.departments);
    shown.post_id_list = with.posts.then_some(beside.posts);
    shown.identities = with.identities.then_some(beside.identities);
    if with.flat_custom_data {
        let taken = members();
        shown.flat_custom_data =
            data.iter().filter(|(k, _)| !taken.contains(k)).map(|(k, v)| (k.clone(), v.clone())).collect();
    }
    shown.custom_data = with.custom_data.then_some(data);
    Ok(shown)
}

fn plain(row: store::User) -> Result<User> {
    let iso = |at: Option<Millis>| at.map(Millis::iso);
    Ok(User {
        user_id: row.id,
        created_at: row.created_at.iso(),
        updated_at: row.updated_at.iso(),
        status: UserStatus::parse(&row.status).unwrap_or(UserStatus::Suspended),
        work_status: WorkStatus::parse(&row.work_status).unwrap_or_default(),
        external_id: row.external_id,
        email: row.email,
        phone: row.phone,
        phone_country_code: row.phone_country_code,
        username: row.username,
        name: row.name,
        nickname: row.nickname,
        photo: row.photo,
        logins_count: row.logins_count,
        last_login: iso(row.last_login_at),
        last_ip: row.last_login_ip,
        gender: Gender::parse(&row.gender).unwrap_or_default(),
        email_verified: row.email_verified,
        phone_verified: row.phone_verified,
        password_last_set_at: iso(row.password_set_at),
        birthdate: row.birthdate,
        country: row.country,
        province: row.province,
        city: row.city,
        address: row.address,
        street_address: row.street_address,
        postal_code: row.postal_code,
        company: row.company,
        browser: row.browser,
        device: row.device,
        given_name: row.given_name,
        family_name: row.family_name,
        middle_name: row.middle_name,
        profile: row.profile,
        preferred_username: row.preferred_username,
        website: row.website,
        zoneinfo: row.zoneinfo,
        locale: row.locale,
        formatted: row.formatted,
        region: row.region,
        user_source_type: UserSourceType::parse(&row.source_type).unwrap_or_default(),
        user_source_id: row.source_id,
        last_login_app: row.last_login_app,
        main_department_id: None,
        last_mfa_time: iso(row.last_mfa_at),
        password_security_level: row.password_level,
        reset_password_on_next_login: row.reset_password_on_next_login,
        register_source: Some(serde_json::from_str(&row.register_source).map_err(Error::internal)?),
        identity_number: row.identity_number,
        status_changed_at: iso(row.status_changed_at),
        suspend_at: iso(row.suspend_at),
        activate_at: iso(row.activate_at),
        tenant_id: None,
        department_ids: None,
        identities: None,
        custom_data: None,
        post_id_list: None,
        flat_custom_data: Default::default(),
    })
}

pub(crate) fn identity(row: store::Identity) -> Result<Identity> {
    Ok(Identity {
        identity_id: row.id,
        ext_idp_id: row.ext_idp_id,
        provider: ExtIdpType::parse(&row.provider).ok_or_else(|| Error::internal("unknown provider"))?,
        kind: row.kind,
        user_id_in_idp: row.user_id_in_idp,
        user_info_in_idp: custom::object(&row.user_info_in_idp)?,
        access_token: None,
        refresh_token: None,
        origin_conn_ids: serde_json::from_str(&row.origin_conn_ids).map_err(Error::internal)?,
    })
}

/// The members of a shown user, which custom data must not repeat.
fn members() -> &'static [String] {
    static MEMBERS: OnceLock<Vec<String>> = OnceLock::new();
    MEMBERS.get_or_init(|| {
        let sometimes = ["departmentIds", "identities", "customData", "postIdList"].map(str::to_owned);
        let always = serde_json::to_value(User::default()).ok();
        let always = always.and_then(|v| v.as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()));
        always.unwrap_or_default().into_iter().chain(sometimes).collect()
    })
}
