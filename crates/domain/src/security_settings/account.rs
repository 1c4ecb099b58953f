//! What the user pool asks of users who make or change their own account.

use watchword_kit::Result;
use watchword_store::Tx;

use crate::ctx::Ctx;
use crate::pool;

/// The settings that concern users' own accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountRules {
    /// Nobody registers; administrators make accounts.
    pub register_disabled: bool,
    /// Who changes the e-mail address proves the present one, too.
    pub verify_old_email: bool,
    /// Who changes the phone number proves the present one, too.
    pub verify_old_phone: bool,
    /// Characters that a new password needs.
    pub password_min_length: usize,
}

/// The rules of the caller's pool; the contract's defaults where nothing is set.
pub async fn account_rules(tx: &mut Tx, ctx: &Ctx) -> Result<AccountRules> {
    let settings = pool::settings(tx, ctx.pool()).await?;
    Ok(AccountRules {
        register_disabled: false,
        verify_old_email: true,
        verify_old_phone: true,
        password_min_length: settings.password_min_length,
    })
}
