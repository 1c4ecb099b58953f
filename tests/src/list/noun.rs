//! Nouns that have a code and a name, and lists that look for words in both.

use serde_json::{Value, json};
use watchword_kit::unicode::fold;
use watchword_testkit::{Client, Server, seconds};

use super::{Shown, judge, query};
use crate::chance::Chance;

const STEPS: usize = 60;
const CODES: [&str; 5] = ["dev", "DEV", "a-b", "x_y", "z"];
const NAMES: [&str; 7] = ["Dev", "dev ops", "Straße", "STRASSE", "研发", "100%", "a_b"];
const WORDS: [&str; 12] = ["", "dev", "DEV", "strasse", "ß", "研", "%", "_", "A-B", "Z1", "1", "nothing"];

#[derive(Clone, Debug)]
struct Item {
    code: String,
    name: String,
    /// As the server calls it elsewhere.
    id: String,
    made: i64,
    changed: i64,
    enabled: bool,
}

/// What is asked of a list; a list ignores what it does not know.
struct Asked {
    words: &'static str,
    enabled: Option<bool>,
    /// Made within, changed within: milliseconds.
    made: (i64, i64),
    changed: (i64, i64),
    codes: Vec<String>,
}

impl Asked {
    fn words_in(&self, item: &Item) -> bool {
        let words = fold(self.words);
        item.code.to_ascii_lowercase().contains(&words) || fold(&item.name).contains(&words)
    }
}

/// A list: path and query or body for a page, and what belongs into it.
struct List {
    ask: fn(&Asked, usize, usize) -> (String, Option<Value>),
    admits: fn(&Asked, &Item) -> bool,
}

/// Path and body of a request about an item.
type Ask = fn(&Item) -> (&'static str, Value);

struct Noun {
    /// The member that names a row in its list.
    key: &'static str,
    newest_first: bool,
    create: Ask,
    /// The member of the reply to `create` that has the id.
    id: &'static str,
    rename: Ask,
    remove: Ask,
    /// Takes it out of use or into it again, where there is that.
    enable: Option<Ask>,
    lists: &'static [List],
}

fn paged(path: &str, more: Vec<(&str, String)>, page: usize, limit: usize) -> String {
    query(path, &[more, vec![("page", page.to_string()), ("limit", limit.to_string())]].concat())
}

fn by_words(path: &str, asked: &Asked, page: usize, limit: usize) -> (String, Option<Value>) {
    (paged(path, vec![("keywords", asked.words.to_owned())], page, limit), None)
}

const ORGANIZATIONS: Noun = Noun {
    key: "organizationCode",
    newest_first: false,
    create: |o| ("/api/v3/create-organization", json!({ "organizationCode": o.code, "organizationName": o.name })),
    id: "departmentId",
    rename: |o| ("/api/v3/update-organization", json!({ "organizationCode": o.code, "organizationName": o.name })),
    remove: |o| ("/api/v3/delete-organization", json!({ "organizationCode": o.code })),
    enable: Some(|o| ("/api/v3/update-organization-status", json!({ "rootNodeId": o.id, "status": o.enabled }))),
    lists: &[
        List {
            ask: |asked, page, limit| {
                let status = asked.enabled.map(|e| ("status", e.to_string()));
                (paged("/api/v3/list-organizations", status.into_iter().collect(), page, limit), None)
            },
            admits: |asked, o| asked.enabled.is_none_or(|e| e == o.enabled),
        },
        List {
            // Words are needed there.
            ask: |asked, page, limit| {
                let words = if asked.words.is_empty() { "dev" } else { asked.words };
                (paged("/api/v3/search-organizations", vec![("keywords", words.to_owned())], page, limit), None)
            },
            admits: |asked, o| {
                let words = if asked.words.is_empty() { "dev" } else { asked.words };
                Asked { words, enabled: None, made: (0, 0), changed: (0, 0), codes: Vec::new() }.words_in(o)
            },
        },
    ],
};

const POSTS: Noun = Noun {
    key: "code",
    newest_first: true,
    create: |p| ("/api/v3/create-post", json!({ "code": p.code, "name": p.name })),
    id: "id",
    rename: |p| ("/api/v3/update-post", json!({ "code": p.code, "name": p.name })),
    remove: |p| ("/api/v3/remove-post", json!({ "code": p.code })),
    enable: None,
    lists: &[
        List {
            ask: |asked, page, limit| by_words("/api/v3/list-post", asked, page, limit),
            admits: |asked, p| asked.words_in(p),
        },
        List {
            ask: |asked, page, limit| {
                let body = json!({
                    "keywords": asked.words, "createdAfter": asked.made.0, "createdBefore": asked.made.1,
                    "updatedAfter": asked.changed.0, "updatedBefore": asked.changed.1, "postCodes": asked.codes,
                    "skipCount": page % 2 == 0, "page": page, "limit": limit,
                });
                ("/api/v3/list-post".into(), Some(body))
            },
            admits: |asked, p| {
                asked.words_in(p)
                    && (asked.made.0..=asked.made.1).contains(&p.made)
                    && (asked.changed.0..=asked.changed.1).contains(&p.changed)
                    && asked.codes.contains(&p.code)
            },
        },
    ],
};

const GROUPS: Noun = Noun {
    key: "code",
    newest_first: true,
    create: |g| {
        let body = json!({ "code": g.code, "name": g.name, "description": "", "type": "static" });
        ("/api/v3/create-group", body)
    },
    id: "code",
    rename: |g| ("/api/v3/update-group", json!({ "code": g.code, "name": g.name, "description": "renamed" })),
    remove: |g| ("/api/v3/delete-groups-batch", json!({ "codeList": [g.code] })),
    enable: None,
    lists: &[List {
        ask: |asked, page, limit| by_words("/api/v3/list-groups", asked, page, limit),
        admits: |asked, g| asked.words_in(g),
    }],
};

const ROLES: Noun = Noun {
    key: "code",
    newest_first: true,
    create: |r| ("/api/v3/create-role", json!({ "code": r.code, "name": r.name })),
    id: "code",
    rename: |r| ("/api/v3/update-role", json!({ "code": r.code, "name": r.name })),
    remove: |r| ("/api/v3/delete-roles-batch", json!({ "codeList": [r.code] })),
    enable: None,
    lists: &[List {
        ask: |asked, page, limit| by_words("/api/v3/list-roles", asked, page, limit),
        admits: |asked, r| asked.words_in(r),
    }],
};

struct World<'a> {
    noun: &'a Noun,
    server: &'a Server,
    admin: Client,
    chance: Chance,
    items: Vec<Item>,
    made: usize,
}

impl World<'_> {
    async fn write(&self, (path, body): (&'static str, Value)) -> Value {
        self.admin.post(path, body).await.ok()
    }

    fn name(&mut self) -> String {
        self.made += 1;
        format!("{} {}", self.chance.pick(&NAMES), self.made)
    }

    async fn create(&mut self) {
        let now = self.server.clock.now().0;
        let name = self.name();
        let code = format!("{}{}", self.chance.pick(&CODES), self.made);
        let mut item = Item { code, name, id: String::new(), made: now, changed: now, enabled: true };
        let made = self.write((self.noun.create)(&item)).await;
        item.id = made[self.noun.id].as_str().expect("an id").to_owned();
        self.items.push(item);
    }

    async fn change(&mut self) {
        match self.chance.below(10) {
            0..=4 => self.create().await,
            kind if !self.items.is_empty() => {
                let at = self.chance.below(self.items.len());
                let mut item = self.items[at].clone();
                item.changed = self.server.clock.now().0;
                match (kind, self.noun.enable) {
                    (5, _) => {
                        self.items.remove(at);
                        self.write((self.noun.remove)(&item)).await;
                        return;
                    }
                    (6 | 7, Some(enable)) => {
                        item.enabled = !item.enabled;
                        self.write(enable(&item)).await;
                    }
                    _ => {
                        item.name = self.name();
                        self.write((self.noun.rename)(&item)).await;
                    }
                }
                self.items[at] = item;
            }
            _ => {}
        }
        // Often within the same moment.
        if self.chance.one_in(2) {
            self.server.clock.advance(seconds(1));
        }
    }

    fn asked(&mut self) -> Asked {
        let now = self.server.clock.now().0;
        let mut span = |wide: usize| match self.chance.below(3) {
            0 => (now - 1000 * self.chance.below(wide) as i64, now - 1000 * self.chance.below(wide) as i64),
            _ => (0, now),
        };
        let (made, changed) = (span(40), span(20));
        let mut codes: Vec<String> = self.items.iter().map(|i| i.code.clone()).collect();
        if self.chance.one_in(2) {
            codes.retain(|_| self.chance.one_in(2));
        }
        Asked {
            words: WORDS[self.chance.below(WORDS.len())],
            enabled: [None, Some(true), Some(false)][self.chance.below(3)],
            made,
            changed,
            codes,
        }
    }

    async fn judge(&mut self) {
        let asked = self.asked();
        for list in self.noun.lists {
            let admitted = self.items.iter().filter(|item| (list.admits)(&asked, item));
            let rank = |item: &Item| if self.noun.newest_first { -item.made } else { item.made };
            let expected: Vec<(i64, String)> = admitted.map(|item| (rank(item), item.code.clone())).collect();
            let what = format!("{:?}", (list.ask)(&asked, 1, 50));
            let mut chance = Chance(self.chance.below(1 << 30) as u64);
            let ask = async |page: usize, limit: usize| {
                let reply = match (list.ask)(&asked, page, limit) {
                    (path, None) => self.admin.get(&path).await,
                    (path, Some(body)) => self.admin.post(&path, body).await,
                };
                Shown::read(&reply.ok(), "list", self.noun.key)
            };
            judge(&what, &expected, &mut chance, ask).await;
        }
    }
}

async fn walk(noun: &Noun, seed: u64) {
    let server = Server::start().await;
    let admin = server.admin().await;
    let mut world = World { noun, server: &server, admin, chance: Chance(seed), items: Vec::new(), made: 0 };
    world.judge().await;
    for step in 0..STEPS {
        world.change().await;
        if step % 3 == 0 {
            world.judge().await;
        }
    }
    world.judge().await;
}

#[tokio::test]
async fn lists_of_organizations_are_those_of_a_plain_model() {
    walk(&ORGANIZATIONS, 1).await;
}

#[tokio::test]
async fn lists_of_posts_are_those_of_a_plain_model() {
    walk(&POSTS, 2).await;
}

#[tokio::test]
async fn lists_of_groups_are_those_of_a_plain_model() {
    walk(&GROUPS, 3).await;
}

#[tokio::test]
async fn lists_of_roles_are_those_of_a_plain_model() {
    walk(&ROLES, 4).await;
}
