//! Who holds which role, against a plain model of assignments, groups, departments, nesting and validity.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use watchword_testkit::{Client, Server, seconds};

use super::{department, exec, group, has, holders, role, roles_of, start, target, user};
use crate::chance::Chance;

const USERS: [&str; 8] = ["u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"];
const ROLES: [&str; 5] = ["r0", "r1", "r2", "r3", "r4"];
const GROUPS: [&str; 3] = ["g0", "g1", "g2"];
/// Each with those above it.
const DEPARTMENTS: [(&str, &[&str]); 4] = [("d0", &[]), ("d1", &["d0"]), ("d2", &["d1", "d0"]), ("d3", &[])];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum To {
    User(usize),
    Role(usize),
    Group(usize),
    Department(usize),
}

#[derive(Clone, Copy, Debug)]
struct Time {
    from: Option<i64>,
    until: Option<i64>,
}

impl Time {
    fn counts(self, now: i64) -> bool {
        self.from.is_none_or(|t| t <= now) && self.until.is_none_or(|t| t > now)
    }
}

struct World {
    server: Server,
    admin: Client,
    chance: Chance,
    ids: Vec<String>,
    given: BTreeMap<(usize, To), Time>,
    groups: BTreeSet<(usize, usize)>,
    departments: BTreeSet<(usize, usize)>,
    /// Whether enabled, and until when.
    roles: [(bool, Option<i64>); 5],
}

impl World {
    async fn new() -> World {
        let (server, admin) = start().await;
        let mut ids = Vec::new();
        for name in USERS {
            ids.push(user(&admin, name).await);
        }
        for code in ROLES {
            role(&admin, code).await;
        }
        for code in GROUPS {
            group(&admin, code, &[]).await;
        }
        for (id, above) in DEPARTMENTS {
            department(&server, id, above).await;
        }
        World {
            server,
            admin,
            chance: Chance(11),
            ids,
            given: BTreeMap::new(),
            groups: BTreeSet::new(),
            departments: BTreeSet::new(),
            roles: [(true, None); 5],
        }
    }

    fn now(&self) -> i64 {
        self.server.clock.now().0
    }

    fn enabled(&self, role: usize) -> bool {
        self.roles[role].0 && self.roles[role].1.is_none_or(|t| t > self.now())
    }

    fn in_department(&self, user: usize, department: usize) -> bool {
        let name = DEPARTMENTS[department].0;
        self.departments
            .iter()
            .any(|(d, u)| *u == user && (DEPARTMENTS[*d].0 == name || DEPARTMENTS[*d].1.contains(&name)))
    }

    fn own(&self, user: usize, role: usize) -> bool {
        self.given.get(&(role, To::User(user))).is_some_and(|t| t.counts(self.now())) && self.enabled(role)
    }

    fn holds(&self, user: usize, role: usize) -> bool {
        self.enabled(role)
            && self.given.iter().filter(|((r, _), time)| *r == role && time.counts(self.now())).any(|((_, to), _)| {
                match *to {
                    To::User(u) => u == user,
                    To::Group(g) => self.groups.contains(&(g, user)),
                    To::Department(d) => self.in_department(user, d),
                    To::Role(r) => self.holds(user, r),
                }
            })
    }

    /// Whether `to` is reached from `from` by what is given, in force or not.
    fn reaches(&self, from: usize, to: usize) -> bool {
        from == to
            || self.given.keys().any(|(r, target)| *r == from && matches!(target, To::Role(n) if self.reaches(*n, to)))
    }

    fn wire(&self, to: To) -> Value {
        match to {
            To::User(n) => target("USER", &self.ids[n]),
            To::Role(n) => target("ROLE", ROLES[n]),
            To::Group(n) => target("GROUP", GROUPS[n]),
            To::Department(n) => target("DEPARTMENT", DEPARTMENTS[n].0),
        }
    }

    fn some(&mut self) -> To {
        match self.chance.below(5) {
            0 | 1 => To::User(self.chance.below(USERS.len())),
            2 => To::Role(self.chance.below(ROLES.len())),
            3 => To::Group(self.chance.below(GROUPS.len())),
            _ => To::Department(self.chance.below(DEPARTMENTS.len())),
        }
    }

    fn time(&mut self) -> Time {
        let now = self.now();
        let from = self.chance.one_in(4).then(|| now + 1000 * self.chance.below(8) as i64);
        let until = self.chance.one_in(3).then(|| from.unwrap_or(now) + 1000 * (1 + self.chance.below(12)) as i64);
        Time { from, until }
    }

    async fn assign(&mut self) {
        let role = self.chance.below(ROLES.len());
        let (to, time) = (self.some(), self.time());
        let body =
            json!({ "code": ROLES[role], "enableTime": time.from, "endTime": time.until, "targets": [self.wire(to)] });
        let reply = self.admin.post("/api/v3/assign-role", body).await;
        if let To::Role(n) = to
            && self.reaches(n, role)
        {
            reply.refused(400);
            return;
        }
        reply.ok();
        self.given.insert((role, to), time);
    }

    async fn revoke(&mut self) {
        let all: Vec<(usize, To)> = self.given.keys().copied().collect();
        let (role, to) = if all.is_empty() || self.chance.one_in(5) {
            (self.chance.below(ROLES.len()), self.some())
        } else {
            *self.chance.pick(&all)
        };
        let body = json!({ "code": ROLES[role], "targets": [self.wire(to)] });
        self.admin.post("/api/v3/revoke-role", body).await.ok();
        self.given.remove(&(role, to));
    }

    async fn regroup(&mut self) {
        let (group, user) = (self.chance.below(GROUPS.len()), self.chance.below(USERS.len()));
        let body = json!({ "code": GROUPS[group], "userIds": [self.ids[user]] });
        let path = if self.groups.remove(&(group, user)) {
            "/api/v3/remove-group-members"
        } else {
            self.groups.insert((group, user));
            "/api/v3/add-group-members"
        };
        self.admin.post(path, body).await.ok();
    }

    async fn move_somebody(&mut self) {
        let (place, user) = (self.chance.below(DEPARTMENTS.len()), self.chance.below(USERS.len()));
        if !self.departments.remove(&(place, user)) {
            self.departments.insert((place, user));
        }
        let sql = "DELETE FROM department_tree_members WHERE user_id = $1";
        exec(&self.server, sql, &[self.ids[user].as_str().into()]).await;
        for (n, (name, _)) in DEPARTMENTS.iter().enumerate() {
            if self.in_department(user, n) {
                super::join(&self.server, &self.ids[user], &[name]).await;
            }
        }
    }

    async fn switch(&mut self) {
        let role = self.chance.below(ROLES.len());
        let enabled = !self.chance.one_in(3);
        let until = self.chance.one_in(3).then(|| self.now() + 1000 * (1 + self.chance.below(10)) as i64);
        let body = json!({ "code": ROLES[role], "newCode": ROLES[role], "name": ROLES[role],
            "status": if enabled { "ENABLE" } else { "DISABLE" }, "disableTime": until.map(|t| t.to_string()) });
        self.admin.post("/api/v3/update-role", body).await.ok();
        self.roles[role] = (enabled, until);
    }

    async fn compare(&self, step: usize) {
        let star = |inherited: bool| if inherited { "*" } else { "" };
        for (r, code) in ROLES.iter().enumerate() {
            let due: Vec<String> = (0..USERS.len())
                .filter(|u| self.holds(*u, r))
                .map(|u| format!("{}{}", USERS[u], star(!self.own(u, r))))
                .collect();
            assert_eq!(holders(&self.admin, code).await, due, "step {step}: {code}, {:?}", self.given);
        }
        let u = step % USERS.len();
        let due: Vec<String> = (0..ROLES.len())
            .filter(|r| self.holds(u, *r))
            .map(|r| format!("{}{}", ROLES[r], star(!self.own(u, r))))
            .collect();
        assert_eq!(roles_of(&self.admin, &self.ids[u]).await, due, "step {step}: {}", USERS[u]);
        let asked = [step % ROLES.len(), (step / 2) % ROLES.len()];
        let roles: Vec<Value> = asked.iter().map(|r| json!({ "code": ROLES[*r] })).collect();
        let any = asked.iter().any(|r| self.holds(u, *r));
        assert_eq!(has(&self.admin, &self.ids[u], json!(roles)).await, any, "step {step}: {asked:?}");
    }
}

#[tokio::test]
async fn after_any_changes_every_view_tells_the_holders_that_a_plain_model_has() {
    let mut world = World::new().await;
    for step in 0..120 {
        match world.chance.below(12) {
            0..=3 => world.assign().await,
            4 => world.revoke().await,
            5 | 6 => world.regroup().await,
            7 | 8 => world.move_somebody().await,
            9 => world.switch().await,
            _ => world.server.advance(seconds(1 + world.chance.below(4) as i64)),
        }
        world.compare(step).await;
    }
    assert!(world.given.len() > 5, "the model did something: {:?}", world.given);
}
