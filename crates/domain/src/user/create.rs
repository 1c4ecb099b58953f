//! New users, one or many at once.

use serde_json::json;
use watchword_api::custom_field::TargetType;
use watchword_api::user::{
    CreateUserOptions, CreateUserReq, CreateUsersBatchReq, Gender, NewUser, OtpInput, User, UserSourceType, UserStatus,
    WorkStatus,
};
use watchword_kit::{Error, Result, Secret, text};
use watchword_store::user::{self as store, CUSTOM_VALUES, IDENTITIES, TABLE};
use watchword_store::{StoreError, Tx};

use super::draft::Draft;
use super::notice::Notice;
use super::password::{self, Plan, Wish};
use super::unique::{self, Failed, Place};
use super::{custom, identity, view};
use crate::ctx::Ctx;
use crate::custom_field::{Drawn, Fields};
use crate::department::member::{self, Places};
use crate::group::follow;
use crate::mfa_otp::{self, NewOtp};
use crate::pool::{self, PoolSettings};
use crate::security_settings::password::PasswordRules;

/// Most users in one request.
pub const MAX_BATCH: usize = 50;

/// Creates one user.
///
/// # Errors
/// 400 at the member that cannot be, 409/2026 at the one that another user has.
pub async fn create(ctx: &Ctx, req: CreateUserReq) -> Result<User> {
    let (item, options) = req.split();
    let made = make(ctx, vec![item], options.unwrap_or_default(), Place::Alone).await?;
    made.into_iter().next().ok_or_else(|| Error::internal("a user was expected"))
}

/// Creates users, all or none.
///
/// # Errors
/// As [`create`], the member's path beginning with `list[i]`.
pub async fn create_batch(ctx: &Ctx, req: CreateUsersBatchReq) -> Result<Vec<User>> {
    batch_size("list", req.list.len())?;
    make(ctx, req.list, req.options.unwrap_or_default(), Place::InList).await
}

/// # Errors
/// 400 unless there are 1 to 50.
pub fn batch_size(field: &str, n: usize) -> Result<()> {
    if (1..=MAX_BATCH).contains(&n) {
        return Ok(());
    }
    Err(Error::invalid(field, text!("must have 1 to {MAX_BATCH} items", "应有 1 到 {MAX_BATCH} 项")))
}

/// A new user with everything that is stored for one.
pub(crate) struct New {
    pub(crate) row: store::User,
    identities: Vec<store::Identity>,
    custom: Vec<store::CustomValue>,
    pub(crate) drawn: Option<Drawn>,
    plan: Plan,
    otp: Option<OtpInput>,
    bound: Option<NewOtp>,
    /// The password, where it was made here.
    made: Option<Secret<String>>,
}

async fn make(ctx: &Ctx, list: Vec<NewUser>, options: CreateUserOptions, place: Place) -> Result<Vec<User>> {
    let mut options = options;
    let (settings, notice, fields) = {
        let mut tx = ctx.read().await?;
        let settings = pool::settings(&mut tx, ctx.pool()).await?;
        let fields = match list.iter().any(|item| item.custom_data.is_some()) {
            true => Fields::load(&mut tx, ctx, TargetType::User).await?,
            false => Fields::none(TargetType::User),
        };
        (settings, Notice::created(&mut tx, ctx, options.send_notification.take()).await?, fields)
    };
    if notice.is_none() && options.auto_generate_password.unwrap_or_default() {
        let detail = text!(
            "nobody would learn the password: set options.sendNotification too",
            "没有人会得知该密码：请同时设置 options.sendNotification"
        );
        return Err(Error::invalid("options.autoGeneratePassword", detail));
    }
    let mut list = list;
    let departments: Vec<_> = list.iter_mut().map(|item| item.department_ids.take()).collect();
    let kind = options.department_id_type.unwrap_or_default();
    let places = member::places(ctx, &departments, kind).await.map_err(|(i, e)| place.at(e, i))?;
    let rules = PasswordRules::of(&settings)?;
    let mut made = Vec::with_capacity(list.len());
    for (i, item) in list.into_iter().enumerate() {
        let new = draw_up(ctx, item, &options, &rules, &fields).map_err(|e| place.at(e, i))?;
        if let Some(notice) = &notice {
            notice.reaches(&new.row).map_err(|e| place.at(e, i))?;
        }
        made.push(new);
    }
    let refused = {
        let rows: Vec<&store::User> = made.iter().map(|n| &n.row).collect();
        unique::within(&rows, place)?;
        let identities: Vec<&[store::Identity]> = made.iter().map(|n| n.identities.as_slice()).collect();
        unique::identities_within(&identities, place)?;
        unique::taken(&mut ctx.read().await?, ctx.pool(), &rows, &identities, place).await?
    };
    if let Some(refused) = refused {
        return Err(refused);
    }
    for (i, new) in made.iter_mut().enumerate() {
        work(ctx, new, &settings, &rules).await.map_err(|e| place.at(e, i))?;
    }
    match insert(ctx, &made, notice.as_ref(), places.as_ref(), &fields, place).await {
        Ok(()) => view::written_all(ctx, made.into_iter().map(|new| new.row).collect()).await,
        Err(Failed::Store(e)) => {
            // Somebody was faster: look again to say which user and which member.
            let rows: Vec<&store::User> = made.iter().map(|n| &n.row).collect();
            let identities: Vec<&[store::Identity]> = made.iter().map(|n| n.identities.as_slice()).collect();
            Err(match unique::refusal(&e) {
                None => e.into(),
                Some(general) => unique::taken(&mut ctx.read().await?, ctx.pool(), &rows, &identities, place)
                    .await?
                    .unwrap_or(general),
            })
        }
        Err(Failed::Other(e)) => Err(e),
    }
}

/// The costly part: the password's hash, the authenticator's seal.
pub(crate) async fn work(ctx: &Ctx, new: &mut New, settings: &PoolSettings, rules: &PasswordRules) -> Result<()> {
    let plan = std::mem::replace(&mut new.plan, Plan::Nothing);
    if let Some(prepared) = password::prepare(ctx, plan, &rules.clone().of_user(&new.row)).await? {
        new.row.password_hash = Some(prepared.hash);
        new.row.password_level = prepared.level;
        new.row.password_set_at = Some(ctx.now());
        new.made = prepared.made;
    }
    if let Some(otp) = new.otp.take() {
        let (worker, min_bits) = (ctx.clone(), settings.min_imported_otp_bits);
        let prepared = ctx.passwords.run(move || mfa_otp::prepare(&worker, otp, min_bits)).await?;
        new.bound = Some(prepared.map_err(|e| e.at("otp"))?);
    }
    Ok(())
}

async fn insert(
    ctx: &Ctx,
    made: &[New],
    notice: Option<&Notice>,
    places: Option<&Places>,
    fields: &Fields,
    place: Place,
) -> std::result::Result<(), Failed> {
    let mut tx = ctx.write().await?;
    if made.len() > 1 {
        // One batch at a time: two that have names in common in another order would wait for each other.
        watchword_store::pool::hold(&mut tx, ctx.pool()).await?;
    }
    put(&mut tx, made).await?;
    let ids: Vec<String> = made.iter().map(|n| n.row.id.clone()).collect();
    let (at, claims): (Vec<usize>, Vec<(&str, &Drawn)>) =
        made.iter().enumerate().filter_map(|(i, n)| Some((i, (n.row.id.as_str(), n.drawn.as_ref()?)))).unzip();
    fields.claim(&mut tx, ctx, &claims, |key, i| place.path(&format!("customData.{key}"), at[i])).await?;
    if let Some(places) = places {
        places.fill(&mut tx, ctx, &ids).await?;
    }
    follow::created(&mut tx, ctx, &ids).await?;
    for new in made {
        if let Some(otp) = &new.bound {
            mfa_otp::bind_new(&mut tx, ctx, &new.row.id, otp).await?;
        }
        if let Some(notice) = notice {
            notice.write(&mut tx, ctx, &new.row, new.made.as_ref()).await?;
        }
    }
    let details = match ids.as_slice() {
        [one] => json!({ "userId": one }),
        many => json!({ "userIds": many }),
    };
    Ok(ctx.commit(tx, details).await?)
}

/// Writes the rows of new users.
pub(crate) async fn put(tx: &mut Tx, made: &[New]) -> std::result::Result<(), StoreError> {
    let rows: Vec<store::User> = made.iter().map(|n| n.row.clone()).collect();
    TABLE.insert_many(tx, &rows).await?;
    let identities: Vec<store::Identity> = made.iter().flat_map(|n| n.identities.clone()).collect();
    IDENTITIES.insert_many(tx, &identities).await?;
    let custom: Vec<store::CustomValue> = made.iter().flat_map(|n| n.custom.clone()).collect();
    CUSTOM_VALUES.insert_many(tx, &custom).await
}

/// A new user from what a request says, apart from the departments.
pub(crate) fn draw_up(
    ctx: &Ctx,
    mut item: NewUser,
    options: &CreateUserOptions,
    rules: &PasswordRules,
    fields: &Fields,
) -> Result<New> {
    absent("tenantIds", item.tenant_ids.as_deref())?;
    let mut row = blank(ctx);
    let draft = Draft::of_new(&mut item);
    draft.apply(&mut row, ctx.now())?;
    let drawn = draft.custom(ctx, fields, &mut row)?;
    row.reset_password_on_next_login = options.reset_password_on_first_login.unwrap_or_default();
    let wish = Wish {
        password: item.password,
        salt: item.salt,
        hash: item.password_hash,
        keep: options.keep_password.unwrap_or_default(),
        make: options.auto_generate_password.unwrap_or_default(),
        encrypted: options.password_encrypt_type.unwrap_or_default(),
    };
    let data = custom::object(&row.custom_data)?;
    Ok(New {
        otp: item.otp,
        bound: None,
        made: None,
        plan: password::plan(wish, &rules.clone().of_user(&row), &ctx.entropy)?,
        identities: identity::rows(ctx, &row.id, item.identities.unwrap_or_default())?,
        custom: custom::index(ctx.pool().as_str(), &row.id, &data),
        drawn,
        row,
    })
}

/// Tenants do not exist yet, so no id can name one.
fn absent(field: &str, ids: Option<&[String]>) -> Result<()> {
    if ids.is_none_or(|ids| ids.is_empty()) {
        return Ok(());
    }
    Err(Error::invalid(format!("{field}[0]"), text!("no such one exists in this user pool", "用户池中不存在该项")))
}

/// A user who is nothing yet.
pub(super) fn blank(ctx: &Ctx) -> store::User {
    store::User {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        status: UserStatus::default().as_str().into(),
        work_status: WorkStatus::default().as_str().into(),
        username: None,
        username_key: None,
        email: None,
        email_key: None,
        email_verified: false,
        phone: None,
        phone_country_code: None,
        phone_key: None,
        phone_verified: false,
        external_id: None,
        external_id_key: None,
        identity_number: None,
        gender: Gender::default().as_str().into(),
        name: None,
        name_key: None,
        nickname: None,
        nickname_key: None,
        photo: None,
        birthdate: None,
        country: None,
        province: None,
        city: None,
        address: None,
        street_address: None,
        postal_code: None,
        company: None,
        browser: None,
        device: None,
        given_name: None,
        family_name: None,
        middle_name: None,
        profile: None,
        preferred_username: None,
        website: None,
        zoneinfo: None,
        locale: None,
        formatted: None,
        region: None,
        custom_data: "{}".into(),
        metadata_source: None,
        password_hash: None,
        password_set_at: None,
        password_level: None,
        reset_password_on_next_login: false,
        source_type: UserSourceType::AdminCreated.as_str().into(),
        source_id: None,
        register_source: "[]".into(),
        logins_count: 0,
        last_login_at: None,
        last_login_ip: None,
        last_login_app: None,
        last_mfa_at: None,
        status_changed_at: None,
        created_at: ctx.now(),
        updated_at: ctx.now(),
        suspend_at: None,
        activate_at: None,
    }
}
