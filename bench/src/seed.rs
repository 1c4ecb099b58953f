//! A database of 100,000 users, written through the store before the server starts: signing in 60,000 of them would
//! take a quarter of an hour of password hashing.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;

use serde_json::Value;
use watchword_crypto::base32::{self, OtpSecret};
use watchword_crypto::vault::MasterKey;
use watchword_crypto::{password, recovery};
use watchword_domain::ctx::Ctx;
use watchword_domain::token::{self, Draft};
use watchword_domain::{Audit, Services, Settings, otp};
use watchword_kit::{Clock, Entropy, Millis, PoolId};
use watchword_store::app::Application;
use watchword_store::mfa_factor::{self, MfaFactor, RecoveryCode};
use watchword_store::session::{self, Session};
use watchword_store::statement::Kept;
use watchword_store::user::{self, User};
use watchword_store::{Db, Options, Record};

use crate::load::Connection;
use crate::{Plan, Result, http, note, said};

/// Users in the database.
pub const USERS: usize = 100_000;
/// Users of one import.
pub const IMPORT: usize = 10_000;
/// Rows per statement while seeding.
const CHUNK: usize = 10_000;
/// What every user's password is.
pub const PASSWORD: &str = "correct horse battery staple";

/// What the rows need to know.
pub struct Seeded {
    pub services: Arc<Services>,
    pub pool: String,
    pub app: String,
    pub app_secret: String,
    pub key: AccessKey,
    /// Users without a factor, 10,000 for each import.
    pub to_import: Vec<String>,
    /// Users with an authenticator and a session.
    pub with_otp: Vec<WithOtp>,
    /// Names of users who sign in with [`PASSWORD`].
    pub names: Vec<String>,
    /// Other users, for [`refresh_tokens`].
    refreshing: Vec<User>,
    application: Application,
    /// Access tokens of users without a factor.
    pub bare_tokens: Vec<String>,
}

/// The first access key of an installation.
pub struct AccessKey {
    pub id: String,
    pub secret: String,
}

impl AccessKey {
    /// The `Authorization` line of a fresh management token.
    pub async fn header(&self, at: SocketAddr) -> Result<String> {
        let body = serde_json::json!({ "accessKeyId": self.id, "accessKeySecret": self.secret }).to_string();
        let mut request = Vec::new();
        http::post(&mut request, "/api/v3/get-management-token", "", &body);
        let mut connection = Connection::open(at).await?;
        let reply = connection.exchange(&request).await?;
        let token = http::member(reply, "access_token");
        token.map(http::bearer).ok_or_else(|| String::from_utf8_lossy(reply).into_owned())
    }
}

#[derive(Clone)]
pub struct WithOtp {
    pub id: String,
    pub secret: Arc<OtpSecret>,
    pub access_token: String,
}

/// How many of the users are what; the rest is only there.
#[derive(Default)]
pub struct Shares {
    to_import: usize,
    with_otp: usize,
    names: usize,
    refreshing: usize,
    bare_tokens: usize,
}

impl Shares {
    /// For sign-in and second factors.
    pub fn login(plan: &Plan) -> Shares {
        let passes = if plan.quick || plan.soak.is_some() { 1 } else { 3 };
        Shares {
            to_import: passes * IMPORT,
            with_otp: passes * 20_000,
            names: 4_000,
            refreshing: 64,
            bare_tokens: 4_000,
        }
    }

    /// For the provider.
    pub fn provider() -> Shares {
        Shares { names: 4_000, bare_tokens: 10_000, ..Shares::default() }
    }
}

/// `watchword init`, then the users. `public_url` is what the server will be told.
pub async fn seed(plan: &Plan, public_url: &str, shares: Shares) -> Result<Seeded> {
    let made = init(plan)?;
    let of = |name: &str| text(&made, name);
    let services = open(plan, public_url).await?;
    let pool = of("userPoolId")?;
    note("seeding 100,000 users");
    let ctx = Ctx::system(services.clone(), PoolId::new(&pool), Audit::PoolCreate);
    let users = users(&ctx);
    write(&services.db, user::TABLE.insert_sql(), &users).await?;

    let mut rest = &users[..];
    let mut take = |n: usize| {
        let (taken, left) = rest.split_at(n);
        rest = left;
        taken
    };
    let app = watchword_domain::app::find(&services, &of("appId")?).await.map_err(said)?;
    let to_import = take(shares.to_import).iter().map(|u| u.id.clone()).collect();
    let with_otp = with_otp(&ctx, &app, take(shares.with_otp)).await?;
    let names = take(shares.names).iter().filter_map(|u| u.username.clone()).collect();
    let refreshing = take(shares.refreshing).to_vec();
    let bare = sign(&ctx, drafts(&ctx, &app, take(shares.bare_tokens), "openid profile").await?)?;
    services.db.checkpoint().await.map_err(said)?;
    if let Some(url) = &plan.database {
        // As it would have been long ago in a database of this age.
        crate::bulk::connect(url).await?.batch_execute("VACUUM ANALYZE").await.map_err(said)?;
    }
    Ok(Seeded {
        services,
        pool,
        app: app.id.clone(),
        application: app,
        refreshing,
        app_secret: of("appSecret")?,
        key: AccessKey { id: of("accessKeyId")?, secret: of("accessKeySecret")? },
        to_import,
        with_otp,
        names,
        bare_tokens: bare.into_iter().filter_map(|t| t.access_token).collect(),
    })
}

/// What `watchword init` printed under this name.
pub fn text(made: &Value, name: &str) -> Result<String> {
    made[name].as_str().map(str::to_owned).ok_or_else(|| format!("init printed no {name}"))
}

pub fn init(plan: &Plan) -> Result<Value> {
    let mut init = Command::new(&plan.watchword);
    init.arg("init").arg("--data").arg(&plan.data).args(["--output", "json"]);
    if let Some(url) = &plan.database {
        init.args(["--database", url]);
    }
    let done = init.output().map_err(said)?;
    if !done.status.success() {
        return Err(format!("watchword init: {}", String::from_utf8_lossy(&done.stderr)));
    }
    serde_json::from_slice(&done.stdout).map_err(said)
}

pub async fn open(plan: &Plan, public_url: &str) -> Result<Arc<Services>> {
    let key = std::fs::read_to_string(plan.data.join("master.key")).map_err(said)?;
    let master = MasterKey::parse(key.trim()).ok_or("master.key is no key")?;
    let url = plan.database.clone().unwrap_or_else(|| format!("sqlite:{}", plan.data.join("watchword.db").display()));
    let clock = Clock::system();
    let db = Db::open(&Options { url, connections: 4, frugal: false }, &clock).await.map_err(said)?;
    let settings = Settings { public_url: public_url.to_owned(), ..Settings::default() };
    Services::start(db, clock, &master, settings).await.map_err(said)
}

fn users(ctx: &Ctx) -> Vec<User> {
    let hash = password::hash(PASSWORD, ctx.passwords.argon(), &ctx.entropy);
    let name = |n: usize| format!("user-{n:06}");
    let user = |n: usize| User {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        status: "Activated".into(),
        username: Some(name(n)),
        username_key: Some(name(n)),
        email: None,
        email_key: None,
        email_verified: false,
        phone: None,
        phone_country_code: None,
        phone_key: None,
        phone_verified: false,
        external_id: None,
        external_id_key: None,
        custom_data: "{}".into(),
        password_hash: Some(hash.clone()),
        reset_password_on_next_login: false,
        register_source: "[]".into(),
        created_at: ctx.now(),
        updated_at: ctx.now(),
        suspend_at: None,
        activate_at: None,
        ..User::sample()
    };
    (0..USERS).map(user).collect()
}

pub async fn write<T: Record>(db: &Db, sql: &Kept, rows: &[T]) -> Result {
    for chunk in rows.chunks(CHUNK) {
        let mut tx = db.write().await.map_err(said)?;
        tx.insert_many(sql, chunk.iter().map(Record::values).collect()).await.map_err(said)?;
        tx.commit().await.map_err(said)?;
    }
    Ok(())
}

/// The rows that an import of fresh secrets for these users writes.
pub fn otp_rows(ctx: &Ctx, users: &[String]) -> (Vec<MfaFactor>, Vec<RecoveryCode>) {
    let factor = |id: &String| otp::factor(ctx, id, &base32::generate(&ctx.entropy), "import");
    let code = |id: &String| {
        let code = recovery::normalise(recovery::generate(&ctx.entropy).reveal()).unwrap_or_default();
        let hash = recovery::hash(&code, &ctx.keys.recovery_mac, &ctx.entropy, ctx.passwords.argon());
        RecoveryCode { pool_id: ctx.pool().to_string(), user_id: id.clone(), hash, created_at: ctx.now() }
    };
    (users.iter().map(factor).collect(), users.iter().map(code).collect())
}

/// The body of an import of fresh secrets for these users.
pub fn import_body(users: &[String]) -> String {
    let item = |id: &String| {
        let (secret, code) = (base32::generate(&Entropy), recovery::generate(&Entropy));
        serde_json::json!({
            "userId": id, "otp": { "secret": secret.canonical.reveal(), "recoveryCode": code.reveal() },
        })
    };
    serde_json::json!({ "list": users.iter().map(item).collect::<Vec<_>>() }).to_string()
}

async fn with_otp(ctx: &Ctx, app: &Application, users: &[User]) -> Result<Vec<WithOtp>> {
    let secrets: Vec<OtpSecret> = users.iter().map(|_| base32::generate(&ctx.entropy)).collect();
    let factor = |(user, secret): (&User, &OtpSecret)| otp::factor(ctx, &user.id, secret, "import");
    let factors: Vec<MfaFactor> = users.iter().zip(&secrets).map(factor).collect();
    write(&ctx.db, mfa_factor::TABLE.insert_sql(), &factors).await?;
    let tokens = sign(ctx, drafts(ctx, app, users, "profile").await?)?;
    let all = users.iter().zip(secrets).zip(tokens);
    Ok(all
        .filter_map(|((user, secret), tokens)| {
            Some(WithOtp { id: user.id.clone(), secret: Arc::new(secret), access_token: tokens.access_token? })
        })
        .collect())
}

/// A session for each user, and its tokens, unsigned.
async fn drafts(ctx: &Ctx, app: &Application, users: &[User], scope: &str) -> Result<Vec<Draft>> {
    let sessions: Vec<Session> = users.iter().map(|user| session(ctx, app, user, scope)).collect();
    write(&ctx.db, session::TABLE.insert_sql(), &sessions).await?;
    let mut tx = ctx.write().await.map_err(said)?;
    let mut out = Vec::with_capacity(users.len());
    for (session, user) in sessions.iter().zip(users) {
        out.push(token::draft(&mut tx, ctx, session, app, user, &token::Extras::default()).await.map_err(said)?);
    }
    tx.commit().await.map_err(said)?;
    Ok(out)
}

fn session(ctx: &Ctx, app: &Application, user: &User, scope: &str) -> Session {
    Session {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        user_id: user.id.clone(),
        app_id: app.id.clone(),
        scope: scope.into(),
        amr: r#"["pwd"]"#.into(),
        auth_time: ctx.now(),
        mfa_at: None,
        recovery_until: None,
        ip: Some("127.0.0.1".into()),
        user_agent: None,
        created_at: ctx.now(),
        expires_at: ctx.now() + Millis::days(30),
        revoked_at: None,
        sso_session_id: None,
        userinfo_claims: None,
    }
}

/// Signs on every core; the order stays.
fn sign(ctx: &Ctx, mut drafts: Vec<Draft>) -> Result<Vec<watchword_api::grant::TokenSet>> {
    let cores = crate::baseline::cores();
    let share = drafts.len().div_ceil(cores).max(1);
    let mut parts = Vec::new();
    while !drafts.is_empty() {
        let left = drafts.split_off(share.min(drafts.len()));
        parts.push(std::mem::replace(&mut drafts, left));
    }
    let signed = std::thread::scope(|scope| {
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(|| part.into_iter().map(|d| d.sign(ctx).map_err(said)).collect::<Result<Vec<_>>>()))
            .collect();
        threads.into_iter().map(|t| t.join().map_err(|_| "signing panicked".to_owned())?).collect::<Result<Vec<_>>>()
    })?;
    Ok(signed.into_iter().flatten().collect())
}

/// 64 sessions and a refresh token of each, which is good once.
pub async fn refresh_tokens(ctx: &Ctx, seeded: &Seeded) -> Result<Vec<String>> {
    let drafts = drafts(ctx, &seeded.application, &seeded.refreshing, "offline_access").await?;
    Ok(sign(ctx, drafts)?.into_iter().filter_map(|t| t.refresh_token).collect())
}
