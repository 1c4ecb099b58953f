//! Groups, for management clients.

use watchword_api::common::{Page, Success};
use watchword_api::group::{
    CreateGroupsBatchReq, CreateOrUpdateGroup, DeleteGroupsReq, GetAllGroupsQuery, GetGroupAuthorizedResourcesQuery,
    GetGroupQuery, GetUserGroupsQuery, Group, GroupMembersReq, GroupResource, ListGroupMembersQuery, ListGroupsQuery,
    NewGroup, UpdateGroupReq,
};
use watchword_api::user::User;
use watchword_domain::{Audit, Ctx, Permission, group};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/get-group", get_group).needs(Permission::GroupRead).says("Read a group"),
        Op::read("GET", "/api/v3/list-groups", list_groups).needs(Permission::GroupRead).says("List groups"),
        Op::read("GET", "/api/v3/get-all-groups", get_all_groups)
            .needs(Permission::GroupRead)
            .says("List all groups at once, with their members if asked for"),
        Op::write("POST", "/api/v3/create-group", create_group, Audit::GroupCreate)
            .needs(Permission::GroupWrite)
            .says("Create a group, its members chosen one by one or by a rule"),
        Op::write("POST", "/api/v3/create-or-update-group", create_or_update_group, Audit::GroupSave)
            .needs(Permission::GroupWrite)
            .says("Create a group or change the one with this code"),
        Op::write("POST", "/api/v3/create-groups-batch", create_groups_batch, Audit::GroupCreate)
            .needs(Permission::GroupWrite)
            .says("Create groups, all or none"),
        Op::write("POST", "/api/v3/update-group", update_group, Audit::GroupUpdate)
            .needs(Permission::GroupWrite)
            .says("Change a group"),
        Op::write("POST", "/api/v3/delete-groups-batch", delete_groups_batch, Audit::GroupDelete)
            .needs(Permission::GroupDelete)
            .says("Delete groups, all or none; their members stay users"),
        Op::write("POST", "/api/v3/add-group-members", add_group_members, Audit::GroupMemberAdd)
            .needs(Permission::GroupWrite)
            .says("Add users to a group"),
        Op::write("POST", "/api/v3/remove-group-members", remove_group_members, Audit::GroupMemberRemove)
            .needs(Permission::GroupWrite)
            .says("Take users out of a group"),
        Op::read("GET", "/api/v3/list-group-members", list_group_members)
            .needs(Permission::GroupRead)
            .says("List the members of a group"),
        Op::read("GET", "/api/v3/get-group-authorized-resources", get_group_authorized_resources)
            .needs(Permission::GroupRead)
            .says("List what a group is allowed to use"),
        Op::read("GET", "/api/v3/get-user-groups", get_user_groups)
            .needs(Permission::GroupRead)
            .says("List the groups that a user is in"),
    ]
}

async fn get_group(ctx: Ctx, query: GetGroupQuery) -> Result<Group> {
    group::get(&ctx, query).await
}

async fn list_groups(ctx: Ctx, query: ListGroupsQuery) -> Result<Page<Group>> {
    group::list(&ctx, query).await
}

async fn get_all_groups(ctx: Ctx, query: GetAllGroupsQuery) -> Result<Vec<Group>> {
    group::all(&ctx, query).await
}

async fn create_group(ctx: Ctx, req: NewGroup) -> Result<Group> {
    group::create(&ctx, req).await
}

async fn create_or_update_group(ctx: Ctx, req: NewGroup) -> Result<CreateOrUpdateGroup> {
    group::create_or_update(&ctx, req).await
}

async fn create_groups_batch(ctx: Ctx, req: CreateGroupsBatchReq) -> Result<Vec<Group>> {
    group::create_batch(&ctx, req).await
}

async fn update_group(ctx: Ctx, req: UpdateGroupReq) -> Result<Group> {
    group::update(&ctx, req).await
}

async fn delete_groups_batch(ctx: Ctx, req: DeleteGroupsReq) -> Result<Success> {
    group::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn add_group_members(ctx: Ctx, req: GroupMembersReq) -> Result<Success> {
    group::add(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn remove_group_members(ctx: Ctx, req: GroupMembersReq) -> Result<Success> {
    group::remove(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn list_group_members(ctx: Ctx, query: ListGroupMembersQuery) -> Result<Page<User>> {
    group::list_members(&ctx, query).await
}

async fn get_group_authorized_resources(
    ctx: Ctx,
    query: GetGroupAuthorizedResourcesQuery,
) -> Result<Vec<GroupResource>> {
    group::authorized_resources(&ctx, query).await
}

async fn get_user_groups(ctx: Ctx, query: GetUserGroupsQuery) -> Result<Page<Group>> {
    group::of_user(&ctx, query).await
}
