//! Leaving, archives, sessions, and what is known of a person.

use watchword_api::common::{Page, Success, UserQuery};
use watchword_api::user::{
    ArchivedUser, AuthorizedResource, AuthorizedResourcesQuery, CheckSessionStatusReq, EncryptedPassword,
    ListArchivedUsersQuery, PasswordCiphertext, PasswordCiphertextBatchReq, PasswordCiphertextReq,
    PrincipalAuthentication, ResetPrincipalAuthenticationReq, ResignUserBatchReq, ResignUserReq, SessionStatus,
};
use watchword_domain::user::life;
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub(super) fn ops() -> Vec<Op> {
    vec![
        Op::write("POST", "/api/v3/resign-user", resign_user, Audit::UserResign)
            .needs(Permission::UserWrite)
            .says("A user leaves: departments, groups, posts, roles and sessions go"),
        Op::write("POST", "/api/v3/resign-user-batch", resign_user_batch, Audit::UserResign)
            .needs(Permission::UserWrite)
            .says("Users leave, all or none"),
        Op::read("GET", "/api/v3/list-archived-users", list_archived_users)
            .needs(Permission::UserRead)
            .says("List archived users"),
        Op::read("POST", "/api/v3/check-session-status", check_session_status)
            .needs(Permission::UserRead)
            .says("Whether a user is signed in to an application"),
        Op::read("GET", "/api/v3/get-user-authorized-resources", get_user_authorized_resources)
            .needs(Permission::UserRead)
            .says("Resources that a user may use"),
        Op::read("GET", "/api/v3/get-user-principal-authentication-info", get_principal_authentication)
            .needs(Permission::UserRead)
            .says("Real-name authentication of a user"),
        Op::write(
            "POST",
            "/api/v3/reset-user-principal-authentication-info",
            reset_principal_authentication,
            Audit::PrincipalAuthenticationReset,
        )
        .needs(Permission::UserWrite)
        .says("Forget the real-name authentication of a user"),
        Op::read("POST", "/api/v3/get-user-password-ciphertext", get_user_password_ciphertext)
            .needs(Permission::UserRead)
            .says("Refused: passwords are kept as one-way hashes"),
        Op::read("POST", "/api/v3/batch-get-user-encrypt-password", batch_get_user_encrypt_password)
            .needs(Permission::UserRead)
            .says("Refused: passwords are kept as one-way hashes"),
    ]
}

async fn resign_user(ctx: Ctx, req: ResignUserReq) -> Result<Success> {
    life::resign(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn resign_user_batch(ctx: Ctx, req: ResignUserBatchReq) -> Result<Success> {
    life::resign_batch(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn list_archived_users(ctx: Ctx, query: ListArchivedUsersQuery) -> Result<Page<ArchivedUser>> {
    life::archived(&ctx, query).await
}

async fn check_session_status(ctx: Ctx, req: CheckSessionStatusReq) -> Result<SessionStatus> {
    Ok(SessionStatus { active: life::has_session(&ctx, req).await? })
}

async fn get_user_authorized_resources(ctx: Ctx, query: AuthorizedResourcesQuery) -> Result<Page<AuthorizedResource>> {
    life::authorized_resources(&ctx, query).await
}

async fn get_principal_authentication(ctx: Ctx, query: UserQuery) -> Result<Page<PrincipalAuthentication>> {
    life::principal_authentication(&ctx, query).await
}

async fn reset_principal_authentication(ctx: Ctx, req: ResetPrincipalAuthenticationReq) -> Result<Success> {
    life::reset_principal_authentication(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn get_user_password_ciphertext(ctx: Ctx, req: PasswordCiphertextReq) -> Result<PasswordCiphertext> {
    life::password_ciphertext(&ctx, req).await
}

async fn batch_get_user_encrypt_password(ctx: Ctx, req: PasswordCiphertextBatchReq) -> Result<Vec<EncryptedPassword>> {
    life::password_ciphertexts(&ctx, req).await
}
