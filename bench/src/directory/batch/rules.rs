//! Groups that follow rules, and people of whom their rules say something.

use serde_json::{Value, json};

use super::{BATCH, CREATE, newcomers, shown};
use crate::directory::Run;
use crate::directory::company::{self, COMPANY};
use crate::directory::people::Person;
use crate::load::{Connection, Load};
use crate::{Result, http};

/// What making people took, and changing them.
pub struct Written {
    pub created: Load,
    pub changed: Load,
}

pub async fn written(run: &Run<'_>, pass: u64) -> Result<Written> {
    let people = newcomers(run, pass);
    let batches = || people.chunks(BATCH).enumerate();
    let created = super::written(run, CREATE, batches().map(|(n, people)| create(run, n, people)).collect()).await?;
    let all = company::ids(&run.place.services, &run.place.pool).await?;
    let newest = all.len() - people.len();
    let bodies = all[newest..].chunks(BATCH).map(change).collect();
    let changed = super::written(run, "/api/v3/update-user-batch", bodies).await?;
    Ok(Written { created, changed })
}

/// Thirty rules of all kinds, a third of which name departments.
pub async fn make(run: &Run<'_>) -> Result {
    let mut connection = Connection::open(run.place.at).await?;
    for n in 0..30 {
        let condition = match n % 6 {
            0 => json!({ "field": "company", "operator": "CONTAINS", "value": format!("ny {n}") }),
            1 => json!({ "field": "status", "operator": "IN", "value": ["Activated", "Suspended"] }),
            2 => json!({ "field": "level", "operator": "GREATER", "value": n }),
            3 => json!({ "field": "gender", "operator": "EQUAL", "value": "F" }),
            _ => json!({ "field": "department", "operator": if n % 6 == 4 { "EQUAL" } else { "NOT_EQUAL" },
                "value": { "organizationCode": COMPANY, "departmentId": team(run, n),
                    "includeChildrenDepartments": n % 2 == 0 } }),
        };
        let other = json!({ "field": "username", "operator": "NOT_NULL" });
        let body = json!({ "code": format!("rule-{n}"), "name": format!("Rule {n}"), "description": "",
            "type": "dynamic", "rule": [condition, other] });
        let mut request = Vec::new();
        http::post(&mut request, "/api/v3/create-group", &run.place.management, &body.to_string());
        let reply = connection.exchange(&request).await?;
        if !reply.starts_with(br#"{"statusCode":200,"#) {
            return Err(String::from_utf8_lossy(reply).into_owned());
        }
    }
    Ok(())
}

fn team<'a>(run: &'a Run<'_>, n: usize) -> &'a str {
    let teams = &run.place.company.teams;
    &teams[n % teams.len()]
}

fn create(run: &Run<'_>, batch: usize, people: &[Person]) -> String {
    let one = |(n, p): (usize, &Person)| -> Value {
        let mut user = shown(p);
        user["gender"] = if n % 2 == 0 { "M" } else { "F" }.into();
        user["customData"] = json!({ "level": n });
        user["departmentIds"] = json!([team(run, batch + n)]);
        user
    };
    json!({ "list": people.iter().enumerate().map(one).collect::<Vec<_>>() }).to_string()
}

fn change(ids: &[String]) -> String {
    json!({ "list": ids.iter().map(|id| json!({ "userId": id, "gender": "F" })).collect::<Vec<_>>() }).to_string()
}
