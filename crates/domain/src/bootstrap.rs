//! The first pool with its key and application, or one more of them.

use std::sync::Arc;

use serde_json::json;
use watchword_kit::{Error, PoolId, Result, Secret};
use watchword_store::pool::Pool;
use watchword_store::server_key::{self, ServerKey};

use crate::access_key::{self, POOL_KEY};
use crate::audit::Audit;
use crate::ctx::Ctx;
use crate::pool::PoolSettings;
use crate::services::Services;
use crate::{app, permission};

/// What a script needs to talk to a new pool. The secrets are shown this once.
pub struct Created {
    pub user_pool_id: String,
    pub access_key_id: String,
    pub access_key_secret: Secret<String>,
    pub app_id: String,
    pub app_secret: Secret<String>,
}

/// Makes the installation's first pool; `None` when another node was faster.
pub async fn create_first(services: &Arc<Services>, name: &str) -> Result<Option<Created>> {
    make(services, name, true).await
}

/// Makes a pool, its own access key (whose id is the pool's) and a first application, all or nothing.
pub async fn create(services: &Arc<Services>, name: &str) -> Result<Created> {
    make(services, name, false).await?.ok_or_else(|| Error::internal("a further pool was taken for the first"))
}

async fn make(services: &Arc<Services>, name: &str, first: bool) -> Result<Option<Created>> {
    let id = services.ids.next(services.clock.now());
    let ctx = Ctx::system(services.clone(), PoolId::new(&id), Audit::PoolCreate);
    let settings = serde_json::to_string(&PoolSettings::default()).map_err(Error::internal)?;
    let pool = Pool { pool_id: id.clone(), name: name.into(), settings, created_at: ctx.now(), updated_at: ctx.now() };
    let (key, key_secret) = access_key::fresh(&ctx, &id, POOL_KEY, "", &permission::Grants::Nothing)?;
    let (mut application, app_secret) = app::fresh(&ctx, name)?;
    application.config = serde_json::to_string(&app::AppConfig::open()).map_err(Error::internal)?;
    let mut tx = ctx.write().await?;
    if first && !server_key::add_server_key(&mut tx, &first_pool_marker(&ctx)).await? {
        return Ok(None);
    }
    watchword_store::pool::insert(&mut tx, &pool).await?;
    watchword_store::access_key::TABLE.insert(&mut tx, &key).await?;
    watchword_store::app::TABLE.insert(&mut tx, &application).await?;
    ctx.commit(tx, json!({ "name": name, "appId": application.id })).await?;
    Ok(Some(Created {
        user_pool_id: id,
        access_key_id: key.id,
        access_key_secret: key_secret,
        app_id: application.id,
        app_secret,
    }))
}

/// One row that only one of several starting nodes can write.
fn first_pool_marker(ctx: &Ctx) -> ServerKey {
    ServerKey {
        kind: "first_pool".into(),
        id: "1".into(),
        sealed: Vec::new(),
        created_at: ctx.now(),
        signs_from: ctx.now(),
        retired_at: Some(ctx.now()),
    }
}
