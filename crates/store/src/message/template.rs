//! E-mail templates of a pool.

use watchword_kit::{Millis, PoolId};

use crate::{Record, Result, Tx, row, sql, vals};

row! {
    /// A template in the place of the server's own text.
    pub struct EmailTemplate {
        pub pool_id: String,
        /// The contract's type.
        pub kind: String,
        pub enabled: bool,
        pub name: String,
        pub subject: String,
        pub sender: String,
        /// HTML with placeholders.
        pub content: String,
        /// Seconds for which a code or link is good.
        pub expires_in: Option<i64>,
        pub updated_at: Millis,
    }
}

/// The pool's templates, in no order.
pub async fn all(tx: &mut Tx, pool: &PoolId) -> Result<Vec<EmailTemplate>> {
    let sql = sql!(
        "SELECT pool_id, kind, enabled, name, subject, sender, content, expires_in, updated_at FROM email_templates
         WHERE pool_id = $1"
    );
    tx.all(sql, vals![pool]).await
}

pub async fn get(tx: &mut Tx, pool: &PoolId, kind: &str) -> Result<Option<EmailTemplate>> {
    let sql = sql!(
        "SELECT pool_id, kind, enabled, name, subject, sender, content, expires_in, updated_at FROM email_templates
         WHERE pool_id = $1 AND kind = $2"
    );
    tx.maybe(sql, vals![pool, kind]).await
}

pub async fn put(tx: &mut Tx, template: &EmailTemplate) -> Result<()> {
    let sql = sql!(
        "INSERT INTO email_templates (pool_id, kind, enabled, name, subject, sender, content, expires_in, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (pool_id, kind) DO UPDATE SET enabled = excluded.enabled, name = excluded.name,
             subject = excluded.subject, sender = excluded.sender, content = excluded.content,
             expires_in = excluded.expires_in, updated_at = excluded.updated_at"
    );
    tx.run(sql, &template.values()).await.map(drop)
}
