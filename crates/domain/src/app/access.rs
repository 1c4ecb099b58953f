//! Who may use an application: its default, and rules for users, roles, groups and departments.
//!
//! A rule that denies outweighs any that allows; where none reaches the user, the application's default counts. It is
//! asked at every sign-in, when a second factor completes one, at single sign-on and at every refresh.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use watchword_api::app::{
    AccessSubject, AppIdQuery, AuthType, AuthorizeAccessReq, AuthsQuery, ListAuthsReq, ListSubjectAuthReq,
    PermissionStrategy, PermissionStrategyData, PermissionType, RevokeAccessReq, SubjectApp, SubjectAppType,
    SubjectAuthDetail, SubjectAuthQuery, SubjectAuths, SubjectKind, SubjectList, UpdateAuthEnabledReq,
    UpdatePermissionStrategyReq,
};
use watchword_api::common::{Effect, Page, Success};
use watchword_kit::{Error, Result, codes, text, unicode};
use watchword_store::app::access::{self as store, AppAccess};
use watchword_store::app::{Application, TABLE as APPS};
use watchword_store::target::{self, Target};
use watchword_store::{Tx, department, group, role as roles, user};

use super::{load, rules};
use crate::ctx::Ctx;
use crate::role;
use crate::rules::count;
use crate::user::search::page;

const MAX_SUBJECTS: usize = 10;
const MAX_TARGETS: usize = 50;

/// Whether the user may use the application.
pub(crate) async fn allowed(tx: &mut Tx, ctx: &Ctx, app: &Application, user: &str) -> Result<bool> {
    let mut effects = store::effects(tx, ctx.pool(), &app.id, user).await?;
    if effects.iter().any(|e| e == "ROLE") {
        let held = role::ids_held(tx, ctx, user).await?;
        effects.extend(store::role_effects(tx, ctx.pool(), &app.id, &held).await?);
    }
    let says = |effect: Effect| effects.iter().any(|e| e == effect.as_str());
    let open = strategy(app) == PermissionStrategy::AllowAll;
    Ok(!says(Effect::Deny) && (open || says(Effect::Allow)))
}

/// What becomes of users whom no rule reaches. Anything unreadable denies.
pub(crate) fn strategy(app: &Application) -> PermissionStrategy {
    PermissionStrategy::parse(&app.permission_strategy).unwrap_or(PermissionStrategy::DenyAll)
}

/// The applications that a user may use, and of these the ones that a rule has opened.
pub(crate) async fn apps_of(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<(Vec<Application>, Vec<String>)> {
    let mut effects: HashMap<String, Vec<Effect>> = HashMap::new();
    for rule in reaching(tx, ctx, user).await?.into_iter().filter(|r| r.rule.enabled) {
        let effect = Effect::parse(&rule.rule.effect).unwrap_or(Effect::Deny);
        effects.entry(rule.rule.app_id).or_default().push(effect);
    }
    let all = crate::user::history::all_apps(tx, ctx.pool()).await?;
    let (mut may, mut opened) = (Vec::new(), Vec::new());
    for app in all {
        let said = effects.get(&app.id).map(Vec::as_slice).unwrap_or_default();
        if said.contains(&Effect::Deny) {
            continue;
        }
        if said.contains(&Effect::Allow) {
            opened.push(app.id.clone());
        } else if strategy(&app) == PermissionStrategy::DenyAll {
            continue;
        }
        may.push(app);
    }
    Ok((may, opened))
}

/// The applications that a department may use by rules that name it or a department above it, in the order of their
/// names. What denies outweighs what allows, and a department out of use gives none.
pub(crate) async fn of_department(tx: &mut Tx, ctx: &Ctx, department: &str) -> Result<Vec<Application>> {
    let path = store::departments_above(tx, ctx.pool(), department).await?;
    let ids: Vec<String> = path.keys().cloned().collect();
    let mut rules = store::naming(tx, ctx.pool(), Target::Department, &ids).await?;
    rules.retain(|r| r.enabled && comes(r, path.get(&r.target_id)));
    let (allow, deny): (Vec<AppAccess>, Vec<AppAccess>) =
        rules.into_iter().partition(|r| r.effect == Effect::Allow.as_str());
    let mut granted: Vec<String> = allow.into_iter().map(|r| r.app_id).collect();
    granted.retain(|app| deny.iter().all(|r| r.app_id != *app));
    granted.sort_unstable();
    granted.dedup();
    let mut apps = APPS.get_many(tx, ctx.pool(), &granted).await?;
    apps.sort_by(|a, b| (&a.name_key, &a.id).cmp(&(&b.name_key, &b.id)));
    Ok(apps)
}

/// Whether a rule for a department reaches those who are in it in this way.
fn comes(rule: &AppAccess, by: Option<&store::Reach>) -> bool {
    by.is_some_and(|by| (rule.inherit || !by.above) && (!by.idle || rule.effect == Effect::Deny.as_str()))
}

/// A rule that reaches somebody.
struct Reaching {
    rule: AppAccess,
    kind: Target,
}

/// Every rule of any application that reaches a user.
async fn reaching(tx: &mut Tx, ctx: &Ctx, user: &str) -> Result<Vec<Reaching>> {
    let groups: Vec<String> = group::of_user(tx, ctx.pool(), user).await?.into_iter().map(|g| g.id).collect();
    let departments = store::departments_of(tx, ctx.pool(), user).await?;
    let ids: Vec<String> = departments.keys().cloned().collect();
    let held = role::ids_held(tx, ctx, user).await?;
    let mut out = Vec::new();
    let own = [user.to_owned()];
    for (kind, ids) in
        [(Target::User, &own[..]), (Target::Group, &groups), (Target::Role, &held), (Target::Department, &ids)]
    {
        for rule in store::naming(tx, ctx.pool(), kind, ids).await? {
            if kind != Target::Department || comes(&rule, departments.get(&rule.target_id)) {
                out.push(Reaching { rule, kind });
            }
        }
    }
    Ok(out)
}

/// `GET /api/v3/get-application-permission-strategy`. Errors: 404/2011.
pub async fn get_strategy(ctx: &Ctx, query: AppIdQuery) -> Result<PermissionStrategyData> {
    let app = load(&mut ctx.read().await?, ctx.pool(), &query.app_id).await?;
    Ok(PermissionStrategyData { permission_strategy: strategy(&app) })
}

/// `POST /api/v3/update-application-permission-strategy`. Errors: 404/2011.
pub async fn set_strategy(ctx: &Ctx, req: UpdatePermissionStrategyReq) -> Result<Success> {
    let mut tx = ctx.write().await?;
    let to = req.permission_strategy.as_str();
    if !watchword_store::app::set_permission_strategy(&mut tx, ctx.pool(), &req.app_id, to, ctx.now()).await? {
        return Err(Error::new(codes::APP_NOT_FOUND).at("appId"));
    }
    ctx.commit(tx, json!({ "appId": req.app_id, "permissionStrategy": to })).await?;
    Ok(Success { success: true })
}

/// `POST /api/v3/authorize-application-access`. A later rule for the same target takes the former's place.
///
/// # Errors
/// 404/2011; 404 at the first target that is none of this pool; 400 outside the bounds.
pub async fn authorize(ctx: &Ctx, req: AuthorizeAccessReq) -> Result<Success> {
    count("list", req.list.len(), MAX_SUBJECTS)?;
    let mut tx = ctx.write().await?;
    let app = load(&mut tx, ctx.pool(), &req.app_id).await.map_err(|e| e.at("appId"))?;
    let mut rows = Vec::new();
    for (i, given) in req.list.iter().enumerate() {
        let subject = Subject {
            kind: given.target_type,
            namespace: given.namespace_code.as_deref(),
            identifiers: &given.target_identifier,
        };
        let (kind, ids) = subject.resolve(&mut tx, ctx).await.map_err(|e| e.at(format!("list[{i}]")))?;
        for target_id in ids {
            rows.push(AppAccess {
                pool_id: ctx.pool().to_string(),
                id: ctx.new_id(),
                app_id: app.id.clone(),
                target_type: kind.as_str().into(),
                target_id,
                effect: given.effect.as_str().into(),
                enabled: true,
                inherit: kind == Target::Department && given.inherit_by_children.unwrap_or(true),
                created_at: ctx.now(),
                updated_at: ctx.now(),
            });
        }
    }
    store::put(&mut tx, &rows).await?;
    ctx.commit(tx, json!({ "appId": app.id, "rules": rows.len() })).await?;
    Ok(Success { success: true })
}

/// `POST /api/v3/revoke-application-access`. A target without a rule is passed over.
///
/// # Errors
/// As [`authorize`].
pub async fn revoke(ctx: &Ctx, req: RevokeAccessReq) -> Result<Success> {
    count("list", req.list.len(), MAX_SUBJECTS)?;
    let mut tx = ctx.write().await?;
    let app = load(&mut tx, ctx.pool(), &req.app_id).await.map_err(|e| e.at("appId"))?;
    let mut gone = 0;
    for (i, given) in req.list.iter().enumerate() {
        let subject = Subject {
            kind: given.target_type,
            namespace: given.namespace_code.as_deref(),
            identifiers: &given.target_identifier,
        };
        let (kind, ids) = subject.resolve(&mut tx, ctx).await.map_err(|e| e.at(format!("list[{i}]")))?;
        gone += store::remove(&mut tx, ctx.pool(), &app.id, kind, &ids).await?;
    }
    ctx.commit(tx, json!({ "appId": app.id, "rules": gone })).await?;
    Ok(Success { success: true })
}

/// Targets as a request names them.
struct Subject<'a> {
    kind: AccessSubject,
    namespace: Option<&'a str>,
    identifiers: &'a [String],
}

impl Subject<'_> {
    /// Kind and ids of the targets, which are held until the unit ends.
    async fn resolve(&self, tx: &mut Tx, ctx: &Ctx) -> Result<(Target, Vec<String>)> {
        count("targetIdentifier", self.identifiers.len(), MAX_TARGETS)?;
        crate::rules::once("targetIdentifier", self.identifiers)?;
        let (kind, ids) = match self.kind {
            AccessSubject::User => (Target::User, self.identifiers.iter().cloned().map(Some).collect()),
            AccessSubject::Org => (Target::Department, self.identifiers.iter().cloned().map(Some).collect()),
            AccessSubject::Group => {
                let found = group::by_codes(tx, ctx.pool(), self.identifiers).await?;
                let id = |code: &String| found.iter().find(|g| g.code == *code).map(|g| g.id.clone());
                (Target::Group, self.identifiers.iter().map(id).collect::<Vec<_>>())
            }
            AccessSubject::Role => {
                let needed = || Error::invalid("namespaceCode", text!("needed for ROLE", "主体类型为 ROLE 时必填"));
                let space = self.namespace.ok_or_else(needed)?;
                let space = role::space(tx, ctx, Some(space)).await.map_err(|_| {
                    Error::new(codes::NOT_FOUND).at("namespaceCode").because(text!("no such space", "权限分组不存在"))
                })?;
                let found = roles::by_codes(tx, ctx.pool(), &space.code, self.identifiers).await?;
                let id = |code: &String| found.iter().find(|r| r.code == *code).map(|r| r.id.clone());
                (Target::Role, self.identifiers.iter().map(id).collect())
            }
        };
        let known: Vec<String> = ids.iter().flatten().cloned().collect();
        let there = target::hold(tx, ctx.pool(), kind, &known).await?;
        let missing = ids.iter().position(|id| id.as_ref().is_none_or(|id| !there.contains(id)));
        match missing {
            None => Ok((kind, known)),
            Some(i) => Err(unknown(kind).at(format!("targetIdentifier[{i}]"))),
        }
    }
}

fn unknown(kind: Target) -> Error {
    match kind {
        Target::User => Error::new(codes::USER_NOT_FOUND),
        Target::Role => Error::new(codes::NOT_FOUND).because(text!("no such role", "角色不存在")),
        Target::Group => Error::new(codes::NOT_FOUND).because(text!("no such group", "分组不存在")),
        Target::Department => Error::new(codes::NOT_FOUND).because(text!("no such department", "部门不存在")),
    }
}

/// `POST /api/v3/update-auth-enabled`. Errors: 404 for a rule that is none of this pool.
pub async fn switch(ctx: &Ctx, req: UpdateAuthEnabledReq) -> Result<Success> {
    let mut tx = ctx.write().await?;
    if !store::switch(&mut tx, ctx.pool(), &req.id, req.enabled, ctx.now()).await? {
        return Err(no_rule().at("id"));
    }
    ctx.commit(tx, json!({ "rule": req.id, "enabled": req.enabled })).await?;
    Ok(Success { success: true })
}

/// `DELETE /api/v3/batch-applications-auth`: all of them or none.
///
/// # Errors
/// 404 when one is no rule of this pool, 400 outside 1 to 50.
pub async fn delete(ctx: &Ctx, query: AuthsQuery) -> Result<Success> {
    count("authIds", query.auth_ids.len(), MAX_TARGETS)?;
    crate::rules::once("authIds", &query.auth_ids)?;
    let mut tx = ctx.write().await?;
    if store::remove_ids(&mut tx, ctx.pool(), &query.auth_ids).await? != query.auth_ids.len() as u64 {
        return Err(no_rule().at("authIds"));
    }
    ctx.commit(tx, json!({ "rules": query.auth_ids })).await?;
    Ok(Success { success: true })
}

fn no_rule() -> Error {
    Error::new(codes::NOT_FOUND).because(text!("no such rule", "授权记录不存在"))
}

/// `POST /api/v3/list-applications-auth`: the rules of an application, the newest first.
///
/// # Errors
/// 404/2011; 400 outside the bounds of a page.
pub async fn list(ctx: &Ctx, req: ListAuthsReq) -> Result<Page<SubjectList>> {
    let page = page(req.page, req.limit, "")?;
    if let Some(name) = &req.target_name {
        rules::at_most("targetName", name, 200)?;
    }
    let mut tx = ctx.read().await?;
    let app = load(&mut tx, ctx.pool(), &req.app_id).await.map_err(|e| e.at("appId"))?;
    let kinds = req.target_type_list.filter(|list| !list.is_empty());
    let wanted = store::Wanted {
        name: req.target_name.filter(|n| !n.is_empty()).map(|n| unicode::fold(&n)),
        kinds: kinds.map(|list| list.into_iter().filter_map(target_of).map(|t| t.as_str().to_owned()).collect()),
        effect: req.effect.map(|e| e.as_str().to_owned()),
        enabled: req.enabled,
    };
    let (total_count, rows) = store::page(&mut tx, ctx.pool(), &app.id, &wanted, page).await?;
    let mut list = Vec::with_capacity(rows.len());
    for row in rows {
        let kind = Target::parse(&row.target_type).ok_or_else(|| Error::internal("a rule of no kind"))?;
        list.push(SubjectList {
            target_name: name(&mut tx, ctx, kind, &row.target_id).await?.unwrap_or_default(),
            target_type: kind_of(kind),
            effect: Effect::parse(&row.effect).unwrap_or(Effect::Deny),
            enabled: row.enabled,
            permission_type: PermissionType::Subject,
            id: row.id,
            target_id: row.target_id,
        });
    }
    Ok(Page { total_count, list })
}

fn target_of(kind: SubjectKind) -> Option<Target> {
    match kind {
        SubjectKind::User => Some(Target::User),
        SubjectKind::Role => Some(Target::Role),
        SubjectKind::Group => Some(Target::Group),
        SubjectKind::Org => Some(Target::Department),
        SubjectKind::AkSk => None,
    }
}

fn kind_of(target: Target) -> SubjectKind {
    match target {
        Target::User => SubjectKind::User,
        Target::Role => SubjectKind::Role,
        Target::Group => SubjectKind::Group,
        Target::Department => SubjectKind::Org,
    }
}

/// The name of a target, if it is one of this pool.
async fn name(tx: &mut Tx, ctx: &Ctx, kind: Target, id: &str) -> Result<Option<String>> {
    Ok(match kind {
        Target::User => user::TABLE.get(tx, ctx.pool(), id).await?.map(|u| {
            let names = [u.name, u.nickname, u.username, u.email, u.phone];
            names.into_iter().flatten().find(|n| !n.is_empty()).unwrap_or(u.id)
        }),
        Target::Role => roles::TABLE.get(tx, ctx.pool(), id).await?.map(|r| r.name),
        Target::Group => group::TABLE.get(tx, ctx.pool(), id).await?.map(|g| g.name),
        Target::Department => department::TABLE.get(tx, ctx.pool(), id).await?.map(|d| d.name),
    })
}

/// Kind and name of whoever a request asks about.
///
/// # Errors
/// 404 for an unknown id; 501 for access keys, which no rule names.
async fn subject(tx: &mut Tx, ctx: &Ctx, kind: SubjectKind, id: &str) -> Result<(Target, String)> {
    let target = target_of(kind).ok_or_else(|| {
        let detail = text!("access keys use no applications", "AK/SK 没有应用访问授权");
        Error::new(codes::NOT_IMPLEMENTED).because(detail).at("targetType")
    })?;
    let name = name(tx, ctx, target, id).await?.ok_or_else(|| unknown(target).at("targetId"))?;
    Ok((target, name))
}

/// The rules that reach a subject: its own, and of a user those by way of groups, roles and departments.
async fn of_subject(tx: &mut Tx, ctx: &Ctx, kind: Target, id: &str) -> Result<Vec<Reaching>> {
    if kind == Target::User {
        return reaching(tx, ctx, id).await;
    }
    let own = store::naming(tx, ctx.pool(), kind, &[id.to_owned()]).await?;
    Ok(own.into_iter().map(|rule| Reaching { rule, kind }).collect())
}

/// `GET /api/v3/get-subject-auth-detail`: what decides about the subject at the application.
///
/// # Errors
/// 404 for an unknown subject, 404/2011, 501 for access keys.
pub async fn detail(ctx: &Ctx, query: SubjectAuthQuery) -> Result<SubjectAuthDetail> {
    let mut tx = ctx.read().await?;
    let app = load(&mut tx, ctx.pool(), &query.app_id).await.map_err(|e| e.at("appId"))?;
    let (kind, asked) = subject(&mut tx, ctx, query.target_type, &query.target_id).await?;
    let mut rules = of_subject(&mut tx, ctx, kind, &query.target_id).await?;
    rules.retain(|r| r.rule.enabled && r.rule.app_id == app.id);
    // What denies decides; of equals what names the subject itself.
    rules.sort_by_key(|r| (r.rule.effect != Effect::Deny.as_str(), r.rule.target_id != query.target_id, r.kind));
    let (auth_type, target_type, target_name) = match rules.into_iter().next() {
        None => (AuthType::Default, query.target_type, asked.clone()),
        Some(r) if r.rule.target_id == query.target_id => (AuthType::Own, query.target_type, asked.clone()),
        Some(r) => {
            let by = name(&mut tx, ctx, r.kind, &r.rule.target_id).await?.unwrap_or_default();
            (AuthType::Subject, kind_of(r.kind), by)
        }
    };
    Ok(SubjectAuthDetail {
        app_id: app.id,
        app_name: app.name,
        req_target_id: query.target_id,
        req_target_name: asked,
        req_target_type: query.target_type,
        target_type,
        target_name,
        auth_type,
    })
}

/// `POST /api/v3/list-subject-auth`: the applications about which a rule says something for the subject.
///
/// # Errors
/// 404 for an unknown subject, 501 for access keys.
pub async fn of_targets(ctx: &Ctx, req: ListSubjectAuthReq) -> Result<SubjectAuths> {
    let mut tx = ctx.read().await?;
    let (kind, _) = subject(&mut tx, ctx, req.target_type, &req.target_id).await?;
    let mut effects: BTreeMap<String, Effect> = BTreeMap::new();
    for found in of_subject(&mut tx, ctx, kind, &req.target_id).await? {
        if req.enabled.is_some_and(|wanted| wanted != found.rule.enabled) {
            continue;
        }
        let effect = Effect::parse(&found.rule.effect).unwrap_or(Effect::Deny);
        let said = effects.entry(found.rule.app_id).or_insert(effect);
        if effect == Effect::Deny {
            *said = Effect::Deny;
        }
    }
    let ids: Vec<String> = effects.keys().cloned().collect();
    let apps = APPS.get_many(&mut tx, ctx.pool(), &ids).await?;
    let name = req.app_name.as_deref().map(unicode::fold).unwrap_or_default();
    let mut list: Vec<SubjectApp> = apps
        .into_iter()
        .filter(|app| app.name_key.contains(&name))
        .map(|app| SubjectApp {
            effect: effects.get(&app.id).copied().unwrap_or(Effect::Deny),
            app_type: app_type(&app),
            app_id: app.id,
            logo: app.logo,
            ext: String::new(),
            template: app.template.unwrap_or_default(),
        })
        .collect();
    let wanted = |list: &Option<Vec<String>>, value: &str| {
        list.as_ref().is_none_or(|wanted| wanted.is_empty() || wanted.iter().any(|w| w == value))
    };
    list.retain(|app| wanted(&req.app_type_list, app.app_type.as_str()) && wanted(&req.effect, app.effect.as_str()));
    list.sort_by(|a, b| a.app_id.cmp(&b.app_id));
    Ok(SubjectAuths { list })
}

/// How an application was made.
pub(crate) fn app_type(app: &Application) -> SubjectAppType {
    if app.is_integrate { SubjectAppType::Integrated } else { SubjectAppType::Selfbuilt }
}

/// Users with a live session of the application, the latest first.
///
/// # Errors
/// 404/2011; 400 outside the bounds of a page.
pub async fn active_users(
    ctx: &Ctx,
    req: watchword_api::app::ListActiveUsersReq,
) -> Result<Page<watchword_api::user::User>> {
    let options = req.options.unwrap_or_default();
    let pagination = options.pagination.unwrap_or_default();
    let page = page(pagination.page, pagination.limit, "options.pagination.")?;
    let mut tx = ctx.read().await?;
    let app = load(&mut tx, ctx.pool(), &req.app_id).await.map_err(|e| e.at("appId"))?;
    let (total_count, ids) =
        watchword_store::session::users_of_app(&mut tx, ctx.pool(), &app.id, ctx.now(), page).await?;
    let with = crate::user::view::With {
        custom_data: options.with_custom_data.unwrap_or_default(),
        identities: options.with_identities.unwrap_or_default(),
        department_ids: options.with_department_ids.unwrap_or_default(),
        ..Default::default()
    };
    let list = crate::group::users(&mut tx, ctx, &ids, with).await?;
    Ok(Page { total_count, list })
}
