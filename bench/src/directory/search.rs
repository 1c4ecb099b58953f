//! What is searched for and listed, each case with other values in every request.

use serde_json::{Value, json};
use watchword_kit::Millis;

use super::Place;
use super::company::{COMPANY, GROUP, WIDE_ROLE, role_code};
use super::people::{GIVEN, LAST, NOW, SURNAMES, mix, pick};
use crate::http;
use crate::load::Work;

/// What a right answer says of how many there are.
#[derive(Clone, Copy)]
enum Found {
    Some,
    None,
    /// It depends on the values.
    Any,
}

pub struct Case {
    pub name: &'static str,
    found: Found,
    request: fn(&Place, u64) -> Request,
}

/// A request without its token.
enum Request {
    List(Value),
    Get(String),
}

/// Requests of one case on one connection.
pub struct Page {
    management: String,
    requests: Vec<Request>,
    next: usize,
    found: Found,
}

impl Page {
    pub fn of(case: &Case, place: &Place, times: u64) -> Page {
        let requests = (0..times).map(|n| (case.request)(place, n)).collect();
        Page { management: place.management.clone(), requests, next: 0, found: case.found }
    }
}

impl Work for Page {
    fn request(&mut self, out: &mut Vec<u8>) -> bool {
        match self.requests.get(self.next) {
            Some(Request::List(body)) => {
                http::post(out, "/api/v3/list-users", &self.management, &body.to_string());
            }
            Some(Request::Get(path)) => http::get(out, path, &self.management),
            None => return false,
        }
        self.next += 1;
        true
    }

    fn right(&mut self, body: &[u8]) -> bool {
        let nobody = http::find(body, br#""list":[]"#).is_some();
        let as_said = match self.found {
            Found::Some => !nobody,
            Found::None => nobody,
            Found::Any => true,
        };
        body.starts_with(br#"{"statusCode":200,"#) && as_said
    }
}

fn keyword(text: impl Into<String>) -> Request {
    Request::List(json!({ "keywords": text.into() }))
}

fn filter(conditions: Value) -> Request {
    Request::List(json!({ "advancedFilter": conditions }))
}

fn is(field: &str, operator: &str, value: impl Into<Value>) -> Value {
    json!({ "field": field, "operator": operator, "value": value.into() })
}

fn suspended() -> Value {
    is("status", "EQUAL", "Suspended")
}

fn member_of(id: &str, tree: bool) -> Value {
    is(
        "department",
        "EQUAL",
        json!({ "organizationCode": COMPANY, "departmentId": id, "includeChildrenDepartments": tree }),
    )
}

fn page(mut request: Request, n: u64) -> Request {
    if let Request::List(body) = &mut request {
        body["options"]["pagination"] = json!({ "page": n, "limit": 10 });
    }
    request
}

fn sorted(mut request: Request, field: &str, order: &str) -> Request {
    if let Request::List(body) = &mut request {
        body["options"]["sort"] = json!([{ "field": field, "order": order }]);
    }
    request
}

fn iso(at: i64) -> String {
    Millis(at).iso()
}

/// A moment in the last year, another one each time.
fn ago(n: u64) -> i64 {
    NOW - (mix(n) % 300) as i64 * DAY
}

const DAY: i64 = 86_400_000;

/// One of twenty neighbouring pages of 50, `part` of the way through a tenth of all people.
fn page_of_many(place: &Place, n: u64, part: f64) -> u64 {
    let pages = place.users / 10 / 50;
    let first = ((pages as f64 * part) as u64).saturating_sub(10).min(pages.saturating_sub(20));
    1 + first + n % pages.min(20)
}

/// Something of the members of the subtree with a tenth of all people.
fn subtree(place: &Place, operation: &str, rest: &str) -> Request {
    Request::Get(format!(
        "/api/v3/{operation}?organizationCode={COMPANY}&departmentId={}&includeChildrenDepartments=true&{rest}",
        place.company.division
    ))
}

/// A page of them, in the order of their joining or another.
fn members(place: &Place, n: u64, part: f64, order: &str) -> Request {
    let page = page_of_many(place, n, part);
    subtree(place, "list-department-members", &format!("limit=50&page={page}{order}"))
}

const BY_AGE: &str = "&sortBy=Default&orderBy=Asc";

/// The first page of those of them whom a text finds.
fn searched(place: &Place, keywords: &str) -> Request {
    subtree(place, "search-department-members", &format!("keywords={keywords}"))
}

/// Somebody below the first division.
fn inside(place: &Place, n: u64) -> super::Person {
    place.person(mix(n) % (place.users / 10) * 10)
}

/// A page of 50 holders of the role that a division and two groups have.
fn holders(place: &Place, n: u64, part: f64) -> Request {
    let page = page_of_many(place, n, part);
    Request::Get(format!("/api/v3/list-role-members?code={WIDE_ROLE}&limit=50&page={page}"))
}

pub fn cases() -> Vec<Case> {
    let case = |name, found, request| Case { name, found, request };
    use Found::{Any, None, Some};
    vec![
        case("list-users, everybody", Some, |p, n| page(filter(json!([])), 1 + n % (p.users / 10).min(20))),
        case("everybody, pages in the middle", Some, |p, n| page(filter(json!([])), p.users / 20 + n % 20)),
        case("everybody, the last pages", Some, |p, n| page(filter(json!([])), p.users / 10 - n % 20)),
        case("keywords: a whole phone number", Some, |p, n| keyword(p.person(mix(n)).phone)),
        case("keywords: six digits of a phone number", Some, |p, n| keyword(&p.person(mix(n)).phone[3..9])),
        case("keywords: a user name", Some, |p, n| keyword(p.person(mix(n)).username)),
        case("keywords: a part of an e-mail address", Some, |p, n| {
            let email = p.person(mix(n)).email;
            let at = email.find('@').unwrap_or_default();
            keyword(&email[at - 4..at + 6])
        }),
        case("keywords: a common name (lovelace)", Some, |_, n| keyword(LAST[n as usize % 10])),
        case("keywords: in nearly everybody (example)", Some, |_, _| keyword("example")),
        case("keywords: in the oldest quarter only", Some, |_, _| keyword("old-company")),
        case("keywords: one letter", Any, |_, n| keyword((b'a' + (n % 26) as u8) as char)),
        case("keywords: two characters", Any, |_, n| {
            keyword(["lo", "ad", "zz", "xq", "m@", ".c", "13", "77"][n as usize % 8])
        }),
        case("keywords: one Chinese character", Any, |_, n| keyword(pick(SURNAMES, n))),
        case("keywords: a Chinese name of two", Any, |_, n| {
            keyword(format!("{}{}", pick(SURNAMES, mix(n)), pick(GIVEN, mix(n) >> 9)))
        }),
        case("keywords: a whole name", Some, |p, n| keyword(p.person(mix(n)).name)),
        case("keywords: nobody has it", None, |_, n| {
            keyword(["nosuchthing", "龘", "qqqqq", "00000000000", "user@nowhere"][n as usize % 5])
        }),
        case("keywords: in nearly everybody, by last login", Some, |_, _| {
            sorted(keyword("example"), "lastLogin", "desc")
        }),
        case("keywords in the company", Any, |_, n| {
            Request::List(json!({ "keywords": format!("company {}", mix(n) % 200 * 5),
                "options": { "fuzzySearchOn": ["company"] } }))
        }),
        case("status", Some, |p, n| page(filter(json!([suspended()])), 1 + mix(n) % (p.users / 1000).min(100))),
        case("status, most have it, pages further on", Any, |_, n| {
            page(filter(json!([is("status", "EQUAL", "Activated")])), 1 + mix(n) % 500)
        }),
        case("department", Some, |p, n| {
            let teams = &p.company.teams;
            filter(json!([member_of(&teams[mix(n) as usize % teams.len()], false)]))
        }),
        case("department, a tenth of all below it", Some, |p, n| {
            page(filter(json!([member_of(&p.company.division, true)])), 1 + n % 10)
        }),
        case("the same, and status", Any, |p, n| {
            page(filter(json!([member_of(&p.company.division, true), suspended()])), 1 + n % 5)
        }),
        case("the same, and keywords", Any, |p, n| {
            Request::List(json!({ "keywords": LAST[n as usize % 10],
                "advancedFilter": [member_of(&p.company.division, true), suspended()] }))
        }),
        case("last login within a week", Any, |_, n| {
            let to = ago(n);
            filter(json!([is("lastLogin", "BETWEEN", json!([iso(to - 7 * DAY), iso(to)]))]))
        }),
        case("last login since a date, by last login", Some, |_, n| {
            sorted(filter(json!([is("lastLogin", "GREATER", iso(ago(n) - 60 * DAY))])), "lastLogin", "desc")
        }),
        case("never logged in", Some, |_, n| {
            page(filter(json!([json!({ "field": "lastLogin", "operator": "IS_NULL" })])), 1 + n % 20)
        }),
        case("by last login, pages in the middle", Some, |p, n| {
            page(sorted(filter(json!([])), "lastLogin", "desc"), p.users / 20 + n % 20)
        }),
        case("changed within a day", Any, |p, n| {
            let from = p.person(mix(n)).created;
            filter(json!([is("updatedAt", "BETWEEN", json!([iso(from), iso(from + DAY)]))]))
        }),
        case("gender, which no index has", Some, |_, _| filter(json!([is("gender", "EQUAL", "U")]))),
        case("custom field: a badge of seven", Some, |p, n| {
            filter(json!([is("badge", "EQUAL", inside(p, n).custom.unwrap_or_default().0)]))
        }),
        case("custom field: a town of many", Any, |_, n| {
            filter(json!([is("town", "EQUAL", format!("Town {}", n % 20))]))
        }),
        case("more than 95 logins", Some, |_, _| filter(json!([is("loginsCount", "GREATER", 95)]))),
        case("created within a day", Some, |p, n| {
            let from = p.person(mix(n)).created;
            filter(json!([is("signedUp", "BETWEEN", json!([iso(from), iso(from + DAY)]))]))
        }),
        case("created within 100 days", Any, |_, n| {
            let to = ago(n);
            filter(json!([is("signedUp", "BETWEEN", json!([iso(to - 100 * DAY), iso(to)]))]))
        }),
        case("name is", Some, |p, n| filter(json!([is("name", "EQUAL", p.person(mix(n)).name)]))),
        case("external id is", Some, |p, n| filter(json!([is("externalId", "EQUAL", p.person(mix(n)).external_id)]))),
        case("e-mail contains", Some, |_, n| {
            filter(json!([is("email", "CONTAINS", ["corp.example", ".cn", "old-company"][n as usize % 3])]))
        }),
        case("by user name", Some, |_, n| page(sorted(filter(json!([])), "username", "desc"), 1 + n % 50)),
        case("by last login", Some, |_, n| page(sorted(filter(json!([])), "lastLogin", "desc"), 1 + n % 50)),
        case("list-department-members, subtree of a tenth of all, first pages", Some, |p, n| members(p, n, 0.0, "")),
        case("the same, middle pages", Some, |p, n| members(p, n, 0.5, "")),
        case("the same, last pages", Some, |p, n| members(p, n, 1.0, "")),
        case("list-department-members, by age, first pages", Some, |p, n| members(p, n, 0.0, BY_AGE)),
        case("the same by age, middle pages", Some, |p, n| members(p, n, 0.5, BY_AGE)),
        case("search-department-members, subtree of a tenth of all, a common name", Any, |p, n| {
            searched(p, LAST[n as usize % 10])
        }),
        case("the same, in nearly everybody", Some, |p, _| searched(p, "example")),
        case("the same, a whole phone number of theirs", Some, |p, n| searched(p, &inside(p, n).phone)),
        case("the same, nobody's", None, |p, n| {
            searched(p, ["nosuchthing", "qqqqq", "00000000000", "user@nowhere"][n as usize % 4])
        }),
        case("list-group-members, a group of a tenth of all", Some, |p, n| {
            let pages = (p.users / 10 / 50).min(20);
            Request::Get(format!("/api/v3/list-group-members?code={GROUP}&limit=50&page={}", 1 + n % pages))
        }),
        case("list-role-members", Some, |_, n| {
            Request::Get(format!("/api/v3/list-role-members?code={}&limit=50&page={}", role_code(n), 1 + n % 5))
        }),
        case("list-role-members, a role of a division and two groups, first pages", Some, |p, n| holders(p, n, 0.0)),
        case("the same role, middle pages", Some, |p, n| holders(p, n, 0.5)),
    ]
}
