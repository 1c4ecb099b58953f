//! Calls about organisations, departments and who is in them.

use serde_json::{Value, json};
use watchword_testkit::{Client, Server};
use watchword_web::Op;

use super::Call;

/// The call, if the operation is one of these.
pub async fn valid(s: &Server, op: &Op, admin: &Client) -> Option<Call> {
    if !matches!(op.module, "organization" | "department") {
        return None;
    }
    let call = |path: String, body| Call { client: admin.clone(), method: op.method, path, body, form: false };
    let get = |query: String| call(format!("{}{query}", op.path), None);
    let post = |body: Value| call(op.path.to_owned(), Some(body));
    let name = op.path.strip_prefix("/api/v3/").unwrap_or_default();
    match name {
        "create-organization" => {
            return Some(post(json!({ "organizationCode": "hq", "organizationName": "Company", "metadata": {} })));
        }
        "create-department-tree" => {
            let people = json!([{ "username": "ada", "name": "Ada" }]);
            let body = json!({ "name": "Company", "children": ["Sales", { "name": "Dev", "members": people }] });
            return Some(post(body));
        }
        _ => {}
    }
    let (root, dev) = company(admin).await;
    let user = s.user("ada").await;
    let member = json!({ "organizationCode": "hq", "departmentId": dev, "userIds": [user] });
    if name != "add-department-members" {
        admin.post("/api/v3/add-department-members", member.clone()).await.ok();
    }
    let dev_query = format!("?organizationCode=hq&departmentId={dev}");
    Some(match name {
        "get-organization" => get("?organizationCode=hq&withPost=true".into()),
        "get-organization-batch" => get("?organizationCodeList=hq".into()),
        "list-organizations" => get("?page=1&limit=10".into()),
        "search-organizations" => get("?keywords=comp".into()),
        "update-organization" => post(json!({ "organizationCode": "hq", "organizationNewCode": "main" })),
        "delete-organization" => post(json!({ "organizationCode": "hq" })),
        "update-organization-status" => post(json!({ "rootNodeId": root, "status": "false" })),
        "create-department" => post(json!({ "organizationCode": "hq", "parentDepartmentId": root, "name": "Sales",
            "metadata": {} })),
        "update-department" => post(json!({ "organizationCode": "hq", "departmentId": dev, "name": "Development",
            "leaderUserIds": [user], "metadata": {} })),
        "delete-department" => post(json!({ "organizationCode": "hq", "departmentId": dev })),
        "search-departments" => post(json!({ "organizationCode": "hq", "keywords": "de" })),
        "search-departments-list" => post(json!({ "organizationCode": "hq", "advancedFilter":
            [{ "field": "name", "operator": "CONTAINS", "value": "de" }] })),
        "get-department-by-id" => get(format!("?departmentId={dev}")),
        "get-all-departments" => get("?organizationCode=hq".into()),
        "search-department-members" => get(format!("{dev_query}&keywords=ad")),
        "is-user-in-department" => get(format!("{dev_query}&userId={user}")),
        "add-department-members" | "remove-department-members" => post(member),
        "delete-department-sync-relations" => {
            post(json!({ "organizationCode": "hq", "departmentId": dev, "provider": "lark" }))
        }
        "update-department-status" => post(json!({ "departmentId": dev, "status": false })),
        "get-department-available-app" => post(json!({ "departmentId": dev })),
        "get-user-departments" => get(format!("?userId={user}&withDepartmentPaths=true")),
        "set-user-departments" => post(json!({ "userId": user, "departments": [{ "departmentId": root }] })),
        // get-department, list-children-departments, list-department-members, …-ids, get-parent-department,
        // get-department-sync-relations
        _ => get(dev_query),
    })
}

/// An organisation `hq` with a department `dev`: the ids of its root and of that.
async fn company(admin: &Client) -> (String, String) {
    let body = json!({ "organizationCode": "hq", "organizationName": "Company" });
    let made = admin.post("/api/v3/create-organization", body).await.ok();
    let root = made["departmentId"].as_str().expect("an id").to_owned();
    let body = json!({ "organizationCode": "hq", "parentDepartmentId": "root", "name": "Dev", "code": "dev" });
    let made = admin.post("/api/v3/create-department", body).await.ok();
    (root, made["departmentId"].as_str().expect("an id").to_owned())
}
