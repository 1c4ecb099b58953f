//! Departments and who is in them, for management clients.

use watchword_api::app::ApplicationSimpleInfo;
use watchword_api::common::{Page, Success};
use watchword_api::department::{
    CreateDepartmentReq, CreateDepartmentTreeReq, DeleteDepartmentReq, DeleteDepartmentSyncRelationsReq, Department,
    DepartmentList, DepartmentMembersReq, DepartmentSyncRelation, DepartmentTreeResult, GetAllDepartmentsQuery,
    GetDepartmentAvailableAppReq, GetDepartmentByIdQuery, GetDepartmentQuery, GetDepartmentSyncRelationsQuery,
    GetParentDepartmentQuery, GetUserDepartmentsQuery, InDepartment, IsUserInDepartmentQuery,
    ListChildrenDepartmentsQuery, ListDepartmentMemberIdsQuery, ListDepartmentMembersQuery,
    SearchDepartmentMembersQuery, SearchDepartmentsListReq, SearchDepartmentsReq, SetUserDepartmentsReq,
    UpdateDepartmentReq, UpdateDepartmentStatusReq, UserDepartment,
};
use watchword_api::user::User;
use watchword_domain::department::{import, list, manage, member, of_user, sync_relation};
use watchword_domain::{Audit, Ctx, Permission};
use watchword_kit::Result;

use crate::op::Op;

pub fn ops() -> Vec<Op> {
    use Permission::{DepartmentDelete, DepartmentRead, DepartmentWrite, DepartmentWriteMembers, UserRead};
    vec![
        Op::read("GET", "/api/v3/get-department", get).needs(DepartmentRead).says("Read a department"),
        Op::write("POST", "/api/v3/create-department", create, Audit::DepartmentCreate)
            .needs(DepartmentWrite)
            .says("Make a department"),
        Op::write("POST", "/api/v3/update-department", update, Audit::DepartmentUpdate)
            .needs(DepartmentWrite)
            .says("Change a department, or move it with all below it"),
        Op::write("POST", "/api/v3/delete-department", delete, Audit::DepartmentDelete)
            .needs(DepartmentDelete)
            .says("Delete a department that has none below it"),
        Op::read("POST", "/api/v3/search-departments", search).needs(DepartmentRead).says("Search departments"),
        Op::read("POST", "/api/v3/search-departments-list", search_list)
            .needs(DepartmentRead)
            .says("Search departments by conditions"),
        Op::read("GET", "/api/v3/list-children-departments", list_children)
            .needs(DepartmentRead)
            .says("List the departments directly below one"),
        Op::read("GET", "/api/v3/get-all-departments", get_all)
            .needs(DepartmentRead)
            .says("List a department and all below it"),
        // Who may read users may read those of a department; who may read departments may not read users.
        Op::read("GET", "/api/v3/list-department-members", list_members)
            .needs(UserRead)
            .says("List the members of a department"),
        Op::read("GET", "/api/v3/list-department-member-ids", list_member_ids)
            .needs(DepartmentRead)
            .says("List the ids of a department's own members"),
        Op::read("GET", "/api/v3/search-department-members", search_members)
            .needs(UserRead)
            .says("Search the members of a department"),
        Op::write("POST", "/api/v3/add-department-members", add_members, Audit::DepartmentMembersAdd)
            .needs(DepartmentWriteMembers)
            .says("Put users into a department, all or none"),
        Op::write("POST", "/api/v3/remove-department-members", remove_members, Audit::DepartmentMembersRemove)
            .needs(DepartmentWriteMembers)
            .says("Take users out of a department, all or none"),
        Op::read("GET", "/api/v3/get-parent-department", get_parent)
            .needs(DepartmentRead)
            .says("Read the parent of a department"),
        Op::read("GET", "/api/v3/is-user-in-department", is_user_in)
            .needs(DepartmentRead)
            .says("Whether a user is in a department"),
        Op::read("GET", "/api/v3/get-department-by-id", get_by_id)
            .needs(DepartmentRead)
            .says("Read a department by its id"),
        Op::write("POST", "/api/v3/create-department-tree", create_tree, Audit::DepartmentTreeCreate)
            .needs(DepartmentWrite)
            .says("Make a tree of departments with its people, all or nothing"),
        Op::read("GET", "/api/v3/get-department-sync-relations", sync_relations)
            .needs(DepartmentRead)
            .says("What sources of synchronisation know a department as"),
        Op::write(
            "POST",
            "/api/v3/delete-department-sync-relations",
            delete_sync_relations,
            Audit::DepartmentSyncRelationDelete,
        )
        .needs(DepartmentWrite)
        .says("Forget what a source of synchronisation knows a department as"),
        Op::write("POST", "/api/v3/update-department-status", set_status, Audit::DepartmentUpdate)
            .needs(DepartmentWrite)
            .says("Take a department into use or out of it"),
        Op::read("POST", "/api/v3/get-department-available-app", available_apps)
            .needs(DepartmentRead)
            .says("List the applications granted to a department"),
        Op::read("GET", "/api/v3/get-user-departments", user_departments)
            .needs(UserRead)
            .says("List the departments of a user"),
        Op::write("POST", "/api/v3/set-user-departments", set_user_departments, Audit::UserDepartmentsSet)
            .needs(DepartmentWriteMembers)
            .says("Say in which departments a user is"),
    ]
}

async fn get(ctx: Ctx, query: GetDepartmentQuery) -> Result<Department> {
    manage::get(&ctx, query).await
}

async fn create(ctx: Ctx, req: CreateDepartmentReq) -> Result<Department> {
    manage::create(&ctx, req).await
}

async fn update(ctx: Ctx, req: UpdateDepartmentReq) -> Result<Department> {
    manage::update(&ctx, req).await
}

async fn delete(ctx: Ctx, req: DeleteDepartmentReq) -> Result<Success> {
    manage::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn search(ctx: Ctx, req: SearchDepartmentsReq) -> Result<Vec<Department>> {
    list::search(&ctx, req).await
}

async fn search_list(ctx: Ctx, req: SearchDepartmentsListReq) -> Result<Vec<Department>> {
    list::find_page(&ctx, req).await
}

async fn list_children(ctx: Ctx, query: ListChildrenDepartmentsQuery) -> Result<DepartmentList> {
    list::children(&ctx, query).await
}

async fn get_all(ctx: Ctx, query: GetAllDepartmentsQuery) -> Result<DepartmentList> {
    list::all(&ctx, query).await
}

async fn list_members(ctx: Ctx, query: ListDepartmentMembersQuery) -> Result<Page<User>> {
    member::list(&ctx, query).await
}

async fn list_member_ids(ctx: Ctx, query: ListDepartmentMemberIdsQuery) -> Result<Vec<String>> {
    member::ids(&ctx, query).await
}

async fn search_members(ctx: Ctx, query: SearchDepartmentMembersQuery) -> Result<Page<User>> {
    member::search(&ctx, query).await
}

async fn add_members(ctx: Ctx, req: DepartmentMembersReq) -> Result<Success> {
    member::add(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn remove_members(ctx: Ctx, req: DepartmentMembersReq) -> Result<Success> {
    member::remove(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn get_parent(ctx: Ctx, query: GetParentDepartmentQuery) -> Result<Department> {
    manage::get_parent(&ctx, query).await
}

async fn is_user_in(ctx: Ctx, query: IsUserInDepartmentQuery) -> Result<InDepartment> {
    Ok(InDepartment { in_department: member::is_in(&ctx, query).await? })
}

async fn get_by_id(ctx: Ctx, query: GetDepartmentByIdQuery) -> Result<Department> {
    manage::get_by_id(&ctx, query).await
}

async fn create_tree(ctx: Ctx, req: CreateDepartmentTreeReq) -> Result<DepartmentTreeResult> {
    import::create(&ctx, req).await
}

async fn sync_relations(ctx: Ctx, query: GetDepartmentSyncRelationsQuery) -> Result<Vec<DepartmentSyncRelation>> {
    sync_relation::list(&ctx, query).await
}

async fn delete_sync_relations(ctx: Ctx, req: DeleteDepartmentSyncRelationsReq) -> Result<Success> {
    sync_relation::delete(&ctx, req).await?;
    Ok(Success { success: true })
}

async fn set_status(ctx: Ctx, req: UpdateDepartmentStatusReq) -> Result<Department> {
    manage::set_status(&ctx, req).await
}

async fn available_apps(ctx: Ctx, req: GetDepartmentAvailableAppReq) -> Result<Vec<ApplicationSimpleInfo>> {
    manage::apps(&ctx, req).await
}

async fn user_departments(ctx: Ctx, query: GetUserDepartmentsQuery) -> Result<Page<UserDepartment>> {
    of_user::get(&ctx, query).await
}

async fn set_user_departments(ctx: Ctx, req: SetUserDepartmentsReq) -> Result<Success> {
    of_user::set(&ctx, req).await?;
    Ok(Success { success: true })
}
