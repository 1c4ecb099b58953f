//! Roles, for management clients.

use watchword_api::common::{Page, Success};
use watchword_api::role::{
    AssignRoleBatchReq, AssignRoleReq, CheckMutualExclusionReq, CheckRoleParamsReq, CreateAdminRoleReq, CreateRoleReq,
    CreateRolesBatchReq, DeleteAdminRolesReq, DeleteRolesOfSpacesReq, DeleteRolesReq, GetRoleAuthorizedResourcesQuery,
    GetRoleQuery, GetUserRolesQuery, HasAnyRole, HasAnyRoleReq, HeldRole, ListRoleAssignmentsQuery,
    ListRoleDepartmentsQuery, ListRoleMembersQuery, ListRolesQuery, MutualExclusion, RevokeRoleBatchReq, RevokeRoleReq,
    Role, RoleAssignments, RoleCheck, RoleDepartment, RoleMember, RoleResource, UpdateRoleReq,
};
use watchword_domain::{Audit, Ctx, Permission, role};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-role", get_role).needs(Permission::RoleRead).says("Read a role"),
        Op::read("GET", "/api/v3/list-roles", list_roles)
            .needs(Permission::RoleRead)
            .says("List the roles of a permission space"),
        Op::write("POST", "/api/v3/create-role", create_role, Audit::RoleCreate)
            .needs(Permission::RoleWrite)
            .says("Create a role"),
        Op::write("POST", "/api/v3/create-roles-batch", create_roles_batch, Audit::RoleCreate)
            .needs(Permission::RoleWrite)
            .says("Create roles, all or none"),
        Op::write("POST", "/api/v3/update-role", update_role, Audit::RoleUpdate)
            .needs(Permission::RoleWrite)
            .says("Change a role"),
        Op::write("POST", "/api/v3/delete-roles-batch", delete_roles_batch, Audit::RoleDelete)
            .needs(Permission::RoleDelete)
            .says("Delete roles of one permission space, all or none"),
        Op::write("POST", "/api/v3/multiple-namespace-delete-roles-batch", delete_roles_of_spaces, Audit::RoleDelete)
            .needs(Permission::RoleDelete)
            .says("Delete roles of several permission spaces, all or none"),
        Op::read("POST", "/api/v3/check-role-params", check_role_params)
            .needs(Permission::RoleRead)
            .says("Whether a role could have this code and name"),
        Op::write("POST", "/api/v3/create-admin-role", create_admin_role, Audit::RoleCreate)
            .needs(Permission::RoleWrite)
            .says("Create a role of administrators"),
        Op::write("POST", "/api/v3/delete-admin-roles", delete_admin_roles, Audit::RoleDelete)
            .needs(Permission::RoleDelete)
            .says("Delete roles of administrators, all or none"),
        Op::write("POST", "/api/v3/assign-role", assign_role, Audit::RoleAssign)
            .needs(Permission::RoleAssign)
            .says("Give a role to users, groups, departments or holders of other roles"),
        Op::write("POST", "/api/v3/assign-role-batch", assign_role_batch, Audit::RoleAssign)
            .needs(Permission::RoleAssign)
            .says("Give several roles, all or none"),
        Op::write("POST", "/api/v3/revoke-role", revoke_role, Audit::RoleRevoke)
            .needs(Permission::RoleAssign)
            .says("Take a role away"),
        Op::write("POST", "/api/v3/revoke-role-batch", revoke_role_batch, Audit::RoleRevoke)
            .needs(Permission::RoleAssign)
            .says("Take several roles away, all or none"),
        Op::read("GET", "/api/v3/list-role-assignments", list_role_assignments)
            .needs(Permission::RoleRead)
            .says("List to whom roles are given, and from when to when"),
        Op::read("GET", "/api/v3/list-role-members", list_role_members)
            .needs(Permission::RoleRead)
            .says("List the users who hold a role, by whatever way"),
        Op::read("GET", "/api/v3/list-role-departments", list_role_departments)
            .needs(Permission::RoleRead)
            .says("List the departments to which a role is given"),
        Op::read("GET", "/api/v3/get-role-authorized-resources", get_role_authorized_resources)
            .needs(Permission::RoleRead)
            .says("List what a role is allowed to use"),
        Op::read("POST", "/api/v3/check-role-mutual-exclusion", check_role_mutual_exclusion)
            .needs(Permission::RoleRead)
            .says("Whether some of these roles exclude each other"),
        Op::read("GET", "/api/v3/get-user-roles", get_user_roles)
            .needs(Permission::RoleRead)
            .says("List the roles that a user holds"),
        Op::read("POST", "/api/v3/has-any-role", has_any_role)
            .needs(Permission::RoleRead)
            .says("Whether a user holds one of some roles"),
    ]
}

fn success(done: Result<()>) -> Result<Success> {
    done.map(|()| Success { success: true })
}

async fn get_role(ctx: Ctx, query: GetRoleQuery) -> Result<Role> {
    role::get(&ctx, query).await
}

async fn list_roles(ctx: Ctx, query: ListRolesQuery) -> Result<Page<Role>> {
    role::list(&ctx, query).await
}

async fn create_role(ctx: Ctx, req: CreateRoleReq) -> Result<Role> {
    role::create(&ctx, req).await
}

async fn create_roles_batch(ctx: Ctx, req: CreateRolesBatchReq) -> Result<Success> {
    success(role::create_batch(&ctx, req).await)
}

async fn update_role(ctx: Ctx, req: UpdateRoleReq) -> Result<Success> {
    success(role::update(&ctx, req).await)
}

async fn delete_roles_batch(ctx: Ctx, req: DeleteRolesReq) -> Result<Success> {
    success(role::delete(&ctx, req).await)
}

async fn delete_roles_of_spaces(ctx: Ctx, req: DeleteRolesOfSpacesReq) -> Result<Success> {
    success(role::delete_of_spaces(&ctx, req).await)
}

async fn check_role_params(ctx: Ctx, req: CheckRoleParamsReq) -> Result<RoleCheck> {
    role::check(&ctx, req).await
}

async fn create_admin_role(ctx: Ctx, req: CreateAdminRoleReq) -> Result<RoleCheck> {
    role::create_admin(&ctx, req).await
}

async fn delete_admin_roles(ctx: Ctx, req: DeleteAdminRolesReq) -> Result<Success> {
    success(role::delete_admin(&ctx, req).await)
}

async fn assign_role(ctx: Ctx, req: AssignRoleReq) -> Result<Success> {
    success(role::assign(&ctx, req).await)
}

async fn assign_role_batch(ctx: Ctx, req: AssignRoleBatchReq) -> Result<Success> {
    success(role::assign_batch(&ctx, req).await)
}

async fn revoke_role(ctx: Ctx, req: RevokeRoleReq) -> Result<Success> {
    success(role::revoke(&ctx, req).await)
}

async fn revoke_role_batch(ctx: Ctx, req: RevokeRoleBatchReq) -> Result<Success> {
    success(role::revoke_batch(&ctx, req).await)
}

async fn list_role_assignments(ctx: Ctx, query: ListRoleAssignmentsQuery) -> Result<RoleAssignments> {
    role::assignments(&ctx, query).await
}

async fn list_role_members(ctx: Ctx, query: ListRoleMembersQuery) -> Result<Page<RoleMember>> {
    role::members(&ctx, query).await
}

async fn list_role_departments(ctx: Ctx, query: ListRoleDepartmentsQuery) -> Result<Page<RoleDepartment>> {
    role::departments(&ctx, query).await
}

async fn get_role_authorized_resources(ctx: Ctx, query: GetRoleAuthorizedResourcesQuery) -> Result<Page<RoleResource>> {
    role::authorized_resources(&ctx, query).await
}

async fn check_role_mutual_exclusion(ctx: Ctx, req: CheckMutualExclusionReq) -> Result<MutualExclusion> {
    Ok(MutualExclusion { exist_mutually_exclusive: role::check_exclusion(&ctx, req).await? })
}

async fn get_user_roles(ctx: Ctx, query: GetUserRolesQuery) -> Result<Page<HeldRole>> {
    role::of_user(&ctx, query).await
}

async fn has_any_role(ctx: Ctx, req: HasAnyRoleReq) -> Result<HasAnyRole> {
    Ok(HasAnyRole { has_any_role: role::has_any(&ctx, req).await? })
}
