//! The trail: what each write is called, and how its row is made.

use serde_json::Value;
use watchword_kit::{Error, codes};
use watchword_store::audit::{AuditLog, TABLE};
use watchword_store::{StoreError, Tx};

use crate::ctx::{Actor, Ctx};

macro_rules! actions {
    ($($(#[$meta:meta])* $Name:ident = $wire:literal;)*) => {
        /// The name of a write in the audit trail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Audit { $($(#[$meta])* $Name,)* }

        impl Audit {
            pub const ALL: &'static [Audit] = &[$(Audit::$Name),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Audit::$Name => $wire,)* }
            }
        }
    };
}

actions! {
    PoolCreate = "pool.create";
    PoolUpdate = "pool.update";
    ManagementTokenIssue = "access_key.token";
    AccessKeyCreate = "access_key.create";
    AccessKeyUpdate = "access_key.update";
    AccessKeyDelete = "access_key.delete";
    UserCreate = "user.create";
    UserUpdate = "user.update";
    UserDelete = "user.delete";
    UserKick = "user.kick";
    OrganizationCreate = "organization.create";
    OrganizationUpdate = "organization.update";
    OrganizationDelete = "organization.delete";
    DepartmentCreate = "department.create";
    DepartmentUpdate = "department.update";
    DepartmentDelete = "department.delete";
    DepartmentTreeCreate = "department.tree_create";
    DepartmentMembersAdd = "department.members_add";
    DepartmentMembersRemove = "department.members_remove";
    DepartmentSyncRelationDelete = "department.sync_relation_delete";
    UserDepartmentsSet = "user.departments_set";
    UserResign = "user.resign";
    /// A state that changed by itself.
    UserTransition = "user.transition";
    IdentityLink = "user.identity_link";
    IdentityUnlink = "user.identity_unlink";
    SyncRelationsDelete = "user.sync_relations_delete";
    PrincipalAuthenticationReset = "user.principal_authentication_reset";
    PasswordLinkSend = "user.password_link_send";
    PasswordReset = "user.password_reset";
    UserImport = "user.import";
    UserImportCancel = "user.import_cancel";
    UserExport = "user.export";
    Authorize = "login.authorize";
    AuthorizeAbort = "login.authorize_abort";
    ConsentGrant = "login.consent";
    SignOut = "login.sign_out";
    EmailVerify = "user.email_verify";
    OtpImport = "otp.import";
    OtpSecretRead = "otp.secret_read";
    MfaTriggerIssue = "mfa.trigger_issue";
    MfaStatusSet = "mfa.status_set";
    MfaSettingsUpdate = "mfa.settings_update";
    SecuritySettingsUpdate = "security_settings.update";
    ApplicationCreate = "application.create";
    ApplicationUpdate = "application.update";
    ApplicationAccessChange = "application.access_change";
    ApplicationDelete = "application.delete";
    ApplicationRegister = "application.register";
    RegistrationUpdate = "application.registration_update";
    RegistrationDelete = "application.registration_delete";
    ApplicationSecretRead = "application.secret_read";
    ApplicationSecretRefresh = "application.secret_refresh";
    GroupCreate = "group.create";
    GroupUpdate = "group.update";
    GroupSave = "group.create_or_update";
    GroupDelete = "group.delete";
    GroupMemberAdd = "group.member_add";
    GroupMemberRemove = "group.member_remove";
    RoleCreate = "role.create";
    RoleUpdate = "role.update";
    RoleDelete = "role.delete";
    RoleAssign = "role.assign";
    RoleRevoke = "role.revoke";
    SignUp = "user.signup";
    ProfileUpdate = "user.profile_update";
    EmailBind = "user.email_bind";
    EmailUnbind = "user.email_unbind";
    EmailChangeStart = "user.email_change_start";
    EmailChange = "user.email_change";
    PhoneBind = "user.phone_bind";
    PhoneUnbind = "user.phone_unbind";
    PhoneChangeStart = "user.phone_change_start";
    PhoneChange = "user.phone_change";
    PasswordChange = "user.password_change";
    PasswordCheck = "user.password_check";
    PasswordResetStart = "user.password_reset_start";
    AccountDeleteStart = "user.account_delete_start";
    AccountDelete = "user.account_delete";
    DeviceUnbind = "user.device_unbind";
    DeviceSignOut = "user.device_sign_out";
    SessionsEnd = "user.sessions_end";
    OwnIdentityUnlink = "user.own_identity_unlink";
    Upload = "user.upload";
    SignIn = "login.signin";
    SelfUnlock = "login.self_unlock";
    CaptchaIssue = "captcha.issue";
    MfaVerify = "login.mfa_verify";
    RecoveryCodeUse = "login.recovery_code";
    TokenIssue = "login.token";
    TokenRevoke = "login.token_revoke";
    RequestPush = "login.request_push";
    DeviceBegin = "login.device_begin";
    DeviceDecide = "login.device_decide";
    FactorEnrollStart = "factor.enroll_start";
    FactorEnroll = "factor.enroll";
    FactorReset = "factor.reset";
    MessageSend = "message.send";
    CodeCheck = "message.code_check";
    ProviderUpdate = "message.provider_update";
    EmailTemplateUpdate = "message.template_update";
    BreakGlass = "mfa.break_glass";
    PostCreate = "post.create";
    PostUpdate = "post.update";
    PostDelete = "post.delete";
    PostAssign = "post.assign";
    CustomFieldSet = "custom_field.set";
    CustomFieldDelete = "custom_field.delete";
    BaseFieldSet = "custom_field.base_set";
    CustomDataSet = "custom_data.set";
    WhitelistAdd = "whitelist.add";
    WhitelistDelete = "whitelist.delete";
}

/// Writes one row into the transaction of the change it tells of.
pub(crate) async fn write(tx: &mut Tx, ctx: &Ctx, refused: Option<&Error>, details: Value) -> Result<(), StoreError> {
    let Some(action) = ctx.action() else { return Ok(()) };
    let code = refused.map_or(codes::OK, Error::code);
    let (actor_kind, actor_id) = match ctx.actor() {
        Actor::AccessKey(key) => ("access_key", key.id.clone()),
        Actor::User(session) => ("user", session.user_id.clone()),
        Actor::Pending(transaction) => ("user", transaction.user_id.clone()),
        Actor::Anonymous => ("anonymous", String::new()),
        Actor::System => ("system", String::new()),
    };
    let subject = details.get("userId").and_then(Value::as_str).map(str::to_owned);
    let row = AuditLog {
        pool_id: ctx.pool().to_string(),
        id: ctx.new_id(),
        at: ctx.now(),
        action: action.as_str().into(),
        result: match refused {
            None => "success",
            Some(e) if e.code().status >= 500 && e.code().status != 501 => "failed",
            Some(_) => "refused",
        }
        .into(),
        status_code: i64::from(code.status),
        api_code: i64::from(code.api),
        user_id: subject.or_else(|| ctx.user_id().map(str::to_owned)),
        actor_kind: actor_kind.into(),
        actor_id,
        app_id: ctx.app_id().map(str::to_owned),
        request_id: ctx.request().id.clone(),
        ip: ctx.request().ip.clone(),
        user_agent: ctx.request().user_agent.clone(),
        details: details.to_string(),
    };
    TABLE.insert_later(tx, &row).await
}
