// The official Node SDK, unmodified, keeps a company of 3 trees, 200 departments, 5,000 people, 50 roles and 30 dynamic
// groups, reorganises it, and compares every view with a plain model in memory. Only host and keys are ours.
import assert from "node:assert/strict";
import { ManagementClient } from "authing-node-sdk";

const { WATCHWORD_HOST: host, ACCESS_KEY_ID, ACCESS_KEY_SECRET } = process.env;
const PEOPLE = 5000;
const NOBODY = "0123456789abcdef01234567";

let passed = 0;
async function check(sentence, body) {
  const began = performance.now();
  try {
    await body();
    console.log(`ok ${++passed} ${sentence} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
  } catch (error) {
    console.log(`not ok ${passed + 1} ${sentence}`);
    console.error(error.response?.data ?? error);
    console.log(`node company: ${passed} passed, 1 failed`);
    process.exit(1);
  }
}

/** The data of a successful reply. */
function ok(reply) {
  assert.equal(reply.statusCode, 200, JSON.stringify(reply));
  return reply.data;
}

function refused(reply, statusCode) {
  assert.equal(reply.statusCode, statusCode, JSON.stringify(reply));
  assert.ok(reply.requestId, "a refusal names its request");
}

/** How often each operation was called, how long all and the slowest of these calls took. */
const timings = new Map();
const keyPair = { accessKeyId: ACCESS_KEY_ID, accessKeySecret: ACCESS_KEY_SECRET };
const client = new ManagementClient({ host, ...keyPair });
const management = new Proxy(client, {
  get(target, name) {
    return async (request) => {
      const began = performance.now();
      const reply = await target[name](request);
      const took = performance.now() - began;
      const [calls, all, slowest] = timings.get(name) ?? [0, 0, 0];
      timings.set(name, [calls + 1, all + took, Math.max(slowest, took)]);
      return reply;
    };
  },
});

/** Four at a time; the answers in the order of the list. */
async function each(list, body) {
  const items = [...list].map((item, index) => [item, index]);
  const answers = new Array(items.length);
  const work = async () => {
    for (let next = items.shift(); next; next = items.shift()) answers[next[1]] = await body(...next);
  };
  await Promise.all([work(), work(), work(), work()]);
  return answers;
}

function chunks(list, size = 50) {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size));
}

/** Every page of a list, which tells the same count on each and shows nothing twice. */
async function pages(list, key = "userId") {
  const first = ok(await list({ page: 1, limit: 50 }));
  const numbers = Array.from({ length: Math.max(0, Math.ceil(first.totalCount / 50) - 1) }, (_, i) => i + 2);
  const others = await each(numbers, async (page) => ok(await list({ page, limit: 50 })));
  const all = [first, ...others].flatMap((page) => page.list);
  for (const page of others) assert.equal(page.totalCount, first.totalCount);
  assert.equal(all.length, first.totalCount, "the pages have as many as the count says");
  assert.equal(new Set(all.map((item) => item[key])).size, all.length, "nothing is shown twice");
  return all;
}

/** Every page of list-users. */
const find = (advancedFilter, options = {}) =>
  pages((pagination) => management.listUsers({ advancedFilter, options: { pagination, ...options } }));

function same(found, expected, what) {
  assert.deepEqual([...found].sort(), [...expected].sort(), what);
}

// --- The model -------------------------------------------------------------------------------------------------------

const SITES = ["berlin", "chengdu", "dublin", "eugene", "fukuoka", "geneva"];
const TREES = { east: 100, south: 40, north: 60 };

/** By key: the code of the organisation for its root, `east-7` below. */
const departments = new Map();
/** By username. */
const users = new Map();
const groups = new Map();
const roles = new Map();
const posts = new Map();

const department = (key) => departments.get(key);
const user = (i) => users.get(`p${String(i).padStart(4, "0")}`);
const below = (key) => [...departments.values()].filter((d) => d.parent === key);
const living = (holds) => [...users.values()].filter((u) => holds(u));
const isIn = (u, keys) => [...u.departments.keys()].some((key) => keys.has(key));
const inside = (keys) => living((u) => isIn(u, keys));
const ids = (people) => people.map((u) => u.id);
const inGroup = (group) => living((u) => (group.holds ? group.holds(u) : group.members.has(u)));

/** What `subtree` has found; empty again when a department moves. */
const subtrees = new Map();

/** A department and all below it. */
function subtree(key) {
  if (!subtrees.has(key)) subtrees.set(key, new Set([key, ...below(key).flatMap((d) => [...subtree(d.key)])]));
  return subtrees.get(key);
}

/** Those who hold a role now: the users, and whether each holds it directly. */
function holders(code) {
  const role = roles.get(code);
  const held = new Map();
  if (!role || !role.inForce) return held;
  for (const [kind, name] of role.targets) {
    const found = {
      USER: () => [],
      GROUP: () => inGroup(groups.get(name)),
      DEPARTMENT: () => inside(subtree(name)),
      ROLE: () => holders(name).keys(),
    }[kind]();
    for (const u of found) held.set(u, false);
  }
  for (const [kind, name] of role.targets) if (kind === "USER") held.set(users.get(name), true);
  return held;
}

/** Ends every assignment to something that is gone. */
function gone(kind, name) {
  for (const role of roles.values()) role.targets = role.targets.filter(([k, n]) => k !== kind || n !== name);
}

function join(u, key) {
  if (!u.departments.has(key)) u.departments.set(key, { main: ![...u.departments.values()].some((d) => d.main) });
}

function leave(u) {
  for (const d of departments.values()) d.leaders.delete(u);
  for (const group of groups.values()) group.members?.delete(u);
  u.departments.clear();
  u.posts.clear();
  gone("USER", u.username);
}

const at = (key) => ({ organizationCode: department(key).tree, departmentId: department(key).id });

// --- Building --------------------------------------------------------------------------------------------------------

await check("two trees are built department by department, the third in one call", async () => {
  for (const [tree, size] of Object.entries(TREES)) {
    const name = `Tree ${tree}`;
    const root = ok(await management.createOrganization({ organizationCode: tree, organizationName: name }));
    departments.set(tree, { key: tree, tree, id: root.departmentId, parent: null, name, leaders: new Set() });
    for (let i = 0; i < size; i++) {
      const above = { east: i < 5 ? -1 : Math.floor((i - 5) / 4), south: i % 8 ? i - 1 : -1, north: i < 6 ? -1 : i % 6 };
      const parent = above[tree] < 0 ? tree : `${tree}-${above[tree]}`;
      const key = `${tree}-${i}`;
      departments.set(key, { key, tree, parent, name: `Department ${key}`, leaders: new Set() });
    }
  }
  for (const d of departments.values()) {
    if (d.id || d.tree === "north") continue;
    const { id: parentDepartmentId } = department(d.parent);
    const named = { name: d.name, code: d.key, openDepartmentId: `open-${d.key}` };
    d.id = ok(await management.createDepartment({ organizationCode: d.tree, parentDepartmentId, ...named })).departmentId;
  }
  const drawn = (key) => ({ name: department(key).name, children: below(key).map((d) => drawn(d.key)) });
  const { addDepartment } = ok(await management.createDepartmentTree(drawn("north")));
  assert.equal(addDepartment, TREES.north);
  const { list } = ok(await management.getAllDepartments({ organizationCode: "north" }));
  const byName = new Map(list.map((d) => [d.name, d.departmentId]));
  for (const d of departments.values()) d.id ??= byName.get(d.name);
  assert.equal(new Set([...departments.values()].map((d) => d.id)).size, 203);
});

const keys = [...departments.keys()].filter((key) => key.includes("-"));
const condition = (field, operator, value) => ({ field, operator, value });
const within = (key, includeChildrenDepartments) =>
  condition("department", "EQUAL", { ...at(key), includeChildrenDepartments });
const RULES = [
  ...SITES.map((site) => [`site-${site}`, [condition("site", "EQUAL", site)], (u) => u.site === site]),
  ...[5, 6, 7, 8, 9].map((n) => [`level-${n}`, [condition("level", "GREATER", n)], (u) => u.level >= n]),
  ...Object.keys(TREES).map((tree) => [`tree-${tree}`, [within(tree, true)], (u) => isIn(u, subtree(tree))]),
  ...[0, 1, 2, 3, 4].map((i) => [`division-${i}`, [within(`east-${i}`, true)], (u) => isIn(u, subtree(`east-${i}`))]),
  ...[5, 12, 40].map((i) => [`only-east-${i}`, [within(`east-${i}`, false)], (u) => isIn(u, new Set([`east-${i}`]))]),
  ...["M", "F"].map((gender) => [`gender-${gender}`, [condition("gender", "EQUAL", gender)], (u) => u.gender === gender]),
  ...["Suspended", "Resigned"].map((s) => [`status-${s}`, [condition("status", "EQUAL", s)], (u) => u.status === s]),
  [
    "senior-dublin",
    [condition("site", "EQUAL", "dublin"), condition("level", "GREATER", 7)],
    (u) => u.site === "dublin" && u.level >= 7,
  ],
  [
    "north-women",
    [within("north", true), condition("gender", "IN", ["F"])],
    (u) => u.gender === "F" && isIn(u, subtree("north")),
  ],
  ["reachable", [condition("email", "NOT_NULL")], (u) => u.email !== null],
  ["sevens", [condition("name", "CONTAINS", "person 77")], (u) => u.name.startsWith("Person 77")],
];

async function createGroups(rules) {
  for (const [code, rule, holds] of rules) {
    ok(await management.createGroup({ code, name: code, description: "", type: "dynamic", rule }));
    groups.set(code, { code, holds });
  }
}

await check("fields are defined, 15 dynamic groups made before there are people", async () => {
  const options = SITES.map((value) => ({ value, label: value }));
  const level = { targetType: "USER", key: "level", label: "Level", dataType: "NUMBER" };
  const site = { targetType: "USER", key: "site", label: "Site", dataType: "ENUM", options };
  ok(await management.setCustomFields({ list: [level, site] }));
  assert.equal(RULES.length, 30);
  await createGroups(RULES.filter((_, i) => i % 2));
});

await check("5,000 people are created, half of them into their departments", async () => {
  for (let i = 0; i < PEOPLE; i++) {
    const username = `p${String(i).padStart(4, "0")}`;
    const [home, second] = [keys[(i * 7) % 200], keys[(i * 13 + 5) % 200]];
    const email = i % 4 ? `${username}@example.com` : null;
    const person = { username, email, name: `Person ${i}`, gender: "MFU"[i % 3] };
    const wanted = i % 25 ? [home] : [];
    if (i % 10 === 3 && second !== home) wanted.push(second);
    if (i % 500 === 7) wanted.push("east");
    const [level, site] = [i % 10, SITES[i % 6]];
    users.set(username, { number: i, ...person, level, site, wanted, status: "Activated", departments: new Map(), posts: new Set() });
  }
  const made = await each(chunks([...users.values()]), async (some) => {
    const list = some.map(({ username, name, gender, email, level, site, wanted }, i) => ({
      ...{ username, name, gender, externalId: `ext-${username}`, customData: { level, site } },
      ...(email && { email }),
      ...(i % 2 === 0 && wanted.length && { departmentIds: wanted.map((key) => department(key).id) }),
    }));
    return ok(await management.createUsersBatch({ list }));
  });
  for (const { userId, username } of made.flat()) users.get(username).id = userId;
  [...users.values()].forEach((u, i) => i % 2 === 0 && u.wanted.forEach((key) => join(u, key)));
});

await check("the other half joins department by department, first the main ones", async () => {
  for (const place of [0, 1, 2]) {
    const joining = new Map();
    for (const u of living((u) => u.wanted[place] && !u.departments.has(u.wanted[place]))) {
      joining.set(u.wanted[place], [...(joining.get(u.wanted[place]) ?? []), u]);
    }
    await each(joining, async ([key, people]) => {
      ok(await management.addDepartmentMembers({ ...at(key), userIds: ids(people) }));
      people.forEach((u) => join(u, key));
    });
  }
});

async function lead(key, leaders) {
  const leaderUserIds = ids(leaders);
  same(ok(await management.updateDepartment({ ...at(key), leaderUserIds })).leaderUserIds, leaderUserIds);
  department(key).leaders = new Set(leaders);
  leaders.forEach((u) => join(u, key));
}

await check("half of the departments get a leader, who becomes a member", async () => {
  await each(keys.filter((_, d) => d % 2 === 0).entries(), ([d, key]) => lead(key, [user((d * 11 + 1) % PEOPLE)]));
});

await check("15 dynamic groups are made of people who are there, and 5 static ones filled", async () => {
  await createGroups(RULES.filter((_, i) => i % 2 === 0));
  for (let g = 0; g < 5; g++) {
    const members = Array.from({ length: 40 }, (_, i) => user((g * 311 + i * 41) % PEOPLE));
    const code = `static-${g}`;
    ok(await management.createGroup({ code, name: code, description: "by hand", type: "static" }));
    ok(await management.addGroupMembers({ code, userIds: ids(members) }));
    groups.set(code, { code, members: new Set(members) });
  }
});

const roleCode = (k) => `role-${String(k).padStart(2, "0")}`;
const wire = ([targetType, name]) => ({
  targetType,
  targetIdentifier: { USER: () => users.get(name).id, DEPARTMENT: () => department(name).id }[targetType]?.() ?? name,
});

await check("50 roles are created and given to people, groups, departments and roles", async () => {
  const list = Array.from({ length: 50 }, (_, k) => ({ code: roleCode(k), name: `Role ${k}`, description: `Number ${k}` }));
  ok(await management.createRolesBatch({ list }));
  for (const { code } of list) roles.set(code, { code, targets: [], inForce: true });
  const named = (i) => ["USER", user(i % PEOPLE).username];
  const codes = [...groups.keys()];
  const plan = [
    ...Array.from({ length: 20 }, (_, k) => [k, Array.from({ length: 40 }, (_, i) => named(k * 97 + i * 31))]),
    ...Array.from({ length: 10 }, (_, i) => [20 + i, [["GROUP", codes[(i * 3) % codes.length]]]]),
    ...Array.from({ length: 12 }, (_, i) => [30 + i, [["DEPARTMENT", keys[(i * 17) % 200]], ["DEPARTMENT", keys[i * 3]]]]),
    [42, [["ROLE", roleCode(0)]]],
    [43, [["ROLE", roleCode(42)]]],
    [44, [["ROLE", roleCode(24)]]],
    [45, [["ROLE", roleCode(30)]]],
    [46, [["ROLE", roleCode(43)], ["ROLE", roleCode(1)]]],
    [47, [named(5), named(7), ["GROUP", "static-0"], ["DEPARTMENT", "south-0"]]],
    [48, [["DEPARTMENT", "north"]]],
  ];
  await each(plan, async ([k, targets]) => {
    ok(await management.assignRole({ code: roleCode(k), targets: targets.map(wire) }));
    roles.get(roleCode(k)).targets = targets;
  });
  const enableTime = Date.now() + 86_400_000;
  ok(await management.assignRole({ code: roleCode(49), enableTime, targets: [wire(named(3))] }));
  roles.get(roleCode(49)).later = [named(3)];
});

await check("several roles are given to several targets in one call, all or none", async () => {
  const targets = [["USER", user(11).username], ["GROUP", "static-1"], ["DEPARTMENT", "south-1"], ["ROLE", roleCode(2)]];
  const codes = [3, 4, 25, 44].map(roleCode);
  const give = (codes) =>
    management.assignRoleBatch({ roles: codes.map((code) => ({ code })), targets: targets.map(wire) });
  ok(await give(codes));
  for (const code of codes) roles.get(code).targets.push(...targets);
  refused(await give([roleCode(6), "no-such-role"]), 404);
});

await check("12 posts are given to departments and people", async () => {
  for (let p = 0; p < 12; p++) {
    const held = [keys[p * 3], keys[p * 7 + 1], keys[p * 11 + 2]];
    const departmentIdList = held.map((key) => department(key).id);
    const { id } = ok(await management.createPost({ code: `post-${p}`, name: `Post ${p}`, departmentIdList }));
    posts.set(`post-${p}`, { id, departments: new Set(held) });
  }
  await each(Array.from({ length: 120 }, (_, i) => i), async (i) => {
    const codes = [...new Set([`post-${i % 12}`, `post-${(i * 5 + 1) % 12}`])];
    const postIds = codes.map((code) => posts.get(code).id);
    const { statusCode } = await management.setUserPosts({ userId: user(i).id, postIds });
    assert.equal(statusCode, 200);
    user(i).posts = new Set(codes);
  });
});

// --- Views -----------------------------------------------------------------------------------------------------------

const mainOf = (u) => [...u.departments].find(([, d]) => d.main)?.[0];
const departmentIds = (u) => [...u.departments.keys()].map((key) => department(key).id).sort();

/** What the model and a reply about a user say alike. */
function facts(u) {
  return {
    ...{ username: u.username, name: u.name, gender: u.gender, email: u.email, status: u.status },
    ...{ level: u.level, site: u.site, externalId: `ext-${u.username}`, departmentIds: departmentIds(u) },
    ...{ postIdList: [...u.posts].map((code) => posts.get(code).id).sort() },
    ...{ mainDepartmentId: mainOf(u) ? department(mainOf(u)).id : null },
    workStatus: u.status === "Resigned" ? "Closed" : "Active",
  };
}

function shown(reply) {
  const { username, name, gender, email = null, status, customData, externalId, mainDepartmentId = null, workStatus } = reply;
  return {
    ...{ username, name, gender, email, status, ...customData, externalId, mainDepartmentId, workStatus },
    ...{ departmentIds: reply.departmentIds.sort(), postIdList: reply.postIdList.sort() },
  };
}

const everything = { withCustomData: true, withDepartmentIds: true, withPost: true };

/** People whose own views are looked at one by one. */
let watched = [];

async function agree(when) {
  const some = living((u) => u.number % 53 === 0);
  watched = [...new Set([...watched.filter((u) => users.has(u.username)), ...some])];

  await check(`${when}: list-users, get-user and get-user-batch show everybody as they are`, async () => {
    const listed = await find([], everything);
    same(listed.map((u) => u.userId), ids([...users.values()]));
    for (const reply of listed) assert.deepEqual(shown(reply), facts(users.get(reply.username)));
    await each(watched, async (u) => {
      assert.deepEqual(shown(ok(await management.getUser({ userId: u.id, ...everything }))), facts(u));
    });
    await each(chunks(watched), async (some) => {
      const asked = { userIds: ids(some), withCustomData: true, withDepartmentIds: true };
      const batch = ok(await management.getUserBatch(asked));
      for (const reply of batch) {
        const { postIdList, ...others } = facts(users.get(reply.username));
        const { postIdList: _, ...told } = shown({ ...reply, postIdList: [] });
        assert.deepEqual(told, others);
      }
      same(batch.map((u) => u.userId), ids(some));
    });
  });

  await check(`${when}: the trees have these departments, leaders and counts`, async () => {
    for (const tree of Object.keys(TREES)) {
      const { list, totalCount } = ok(await management.getAllDepartments({ organizationCode: tree }));
      assert.equal(totalCount, list.length);
      same(list.map((d) => d.departmentId), [...subtree(tree)].map((key) => department(key).id));
      const byId = new Map(list.map((d) => [d.departmentId, d]));
      for (const key of subtree(tree)) {
        const [d, reply] = [department(key), byId.get(department(key).id)];
        const { name, parentDepartmentId, membersCount, hasChildren, leaderUserIds } = reply;
        const above = d.parent && department(d.parent).id;
        const expected = [d.name, above, inside(new Set([key])).length, below(key).length > 0];
        assert.deepEqual([name, parentDepartmentId ?? null, membersCount, hasChildren], expected, key);
        same(leaderUserIds, ids([...d.leaders]), key);
      }
      const found = ok(await management.getOrganization({ organizationCode: tree }));
      assert.equal(found.membersCount, inside(subtree(tree)).length, tree);
    }
    await each(keys.filter((key) => departments.has(key) && below(key).length), async (key) => {
      const { list } = ok(await management.listChildrenDepartments(at(key)));
      same(list.map((d) => d.departmentId), below(key).map((d) => d.id), key);
    });
  });

  await check(`${when}: every department has these members, directly and with what is below it`, async () => {
    await each(departments.keys(), async (key) => {
      const listed = await pages((page) => management.listDepartmentMembers({ ...at(key), ...page, orderBy: "Asc" }));
      same(listed.map((u) => u.userId), ids(inside(new Set([key]))), key);
      const told = ok(await management.listDepartmentMemberIds(at(key)));
      assert.deepEqual(told, listed.map((u) => u.userId), `${key}: both in the order of joining`);
    });
    const large = [...Object.keys(TREES), ...keys.filter((key) => ["east", "south"].includes(department(key)?.parent))];
    for (const key of large) {
      const asked = { ...at(key), includeChildrenDepartments: true, withDepartmentIds: true };
      const listed = await pages((page) => management.listDepartmentMembers({ ...asked, ...page }));
      same(listed.map((u) => u.userId), ids(inside(subtree(key))), key);
      for (const u of listed) assert.deepEqual(u.departmentIds.sort(), departmentIds(users.get(u.username)));
    }
  });

  await check(`${when}: people are in these departments, which of them is the main one, and whom they lead`, async () => {
    await each(watched, async (u) => {
      const list = await pages((page) => management.getUserDepartments({ userId: u.id, ...page }), "departmentId");
      const told = list.map((d) => [d.departmentId, d.isMainDepartment, d.isLeader].join());
      const expected = [...u.departments].map(([key, { main }]) => [department(key), main]);
      same(told, expected.map(([d, main]) => [d.id, main, d.leaders.has(u)].join()), u.username);
      const key = keys.filter((key) => departments.has(key))[u.number % 190];
      const asked = { userId: u.id, ...at(key) };
      assert.equal(ok(await management.isUserInDepartment(asked)).inDepartment, u.departments.has(key));
      const tree = { userId: u.id, ...at("east"), includeChildrenDepartments: true };
      assert.equal(ok(await management.isUserInDepartment(tree)).inDepartment, isIn(u, subtree("east")));
    });
  });

  await check(`${when}: groups, static and dynamic, have these members, and people these groups`, async () => {
    const listed = await pages((page) => management.listGroups(page), "code");
    same(listed.map((g) => g.code), groups.keys());
    for (const group of groups.values()) {
      const members = await pages((page) => management.listGroupMembers({ code: group.code, ...page }));
      same(members.map((u) => u.username), inGroup(group).map((u) => u.username), group.code);
    }
    const all = new Map([...groups.values()].map((group) => [group.code, new Set(inGroup(group))]));
    await each(watched, async (u) => {
      const { list, totalCount } = ok(await management.getUserGroups({ userId: u.id }));
      assert.equal(totalCount, list.length);
      same(list.map((g) => g.code), [...all].filter(([, members]) => members.has(u)).map(([code]) => code), u.username);
    });
  });

  await check(`${when}: roles are held by these people, directly or not, and people hold these roles`, async () => {
    const all = new Map([...roles.keys()].map((code) => [code, holders(code)]));
    for (const [code, held] of all) {
      const members = await pages((page) => management.listRoleMembers({ code, ...page }));
      same(members.map((u) => `${u.username} ${u.inherited}`), [...held].map(([u, own]) => `${u.username} ${!own}`), code);
    }
    await each(watched, async (u) => {
      const { list } = ok(await management.getUserRoles({ userId: u.id }));
      const expected = [...all].filter(([, held]) => held.has(u));
      same(list.map((r) => `${r.code} ${r.inherited}`), expected.map(([code, held]) => `${code} ${!held.get(u)}`), u.username);
      const some = [roleCode(0), roleCode(24), roleCode(31), roleCode(46)];
      const asked = { userId: u.id, roles: some.map((code) => ({ code })) };
      assert.equal(ok(await management.hasAnyRole(asked)).hasAnyRole, some.some((code) => all.get(code)?.has(u)));
    });
    await each(roles.values(), async ({ code, targets, inForce }) => {
      const departmentsOf = targets.filter(([kind]) => kind === "DEPARTMENT" && inForce).map(([, key]) => department(key).id);
      const found = await pages((page) => management.listRoleDepartments({ code, ...page }), "id");
      same(found.map((d) => d.id), new Set(departmentsOf), code);
    });
  });

  await check(`${when}: roles are given to these targets, in force or not`, async () => {
    let total = 0;
    await each(roles.values(), async ({ code, targets, inForce, later = [] }) => {
      const written = ({ targetType, targetIdentifier }) => `${targetType} ${targetIdentifier}`;
      const given = await pages(async (page) => {
        const { statusCode, data } = await management.listRoleAssignments({ roleCode: code, ...page });
        const list = data.data.map((given) => ({ ...given, target: written(given) }));
        return { statusCode, data: { totalCount: data.totalCount, list } };
      }, "target");
      const told = given.map((a) => `${a.target} ${a.status} ${a.roleCode}`);
      const expected = (list, status) => list.map((target) => `${written(wire(target))} ${status} ${code}`);
      same(told, new Set([...expected(targets, inForce ? "ENABLE" : "DISABLE"), ...expected(later, "DISABLE")]), code);
      total += given.length;
    });
    assert.equal(ok(await management.listRoleAssignments({ limit: 1 })).totalCount, total, "of all roles");
  });

  await check(`${when}: filters of list-users find the same people`, async () => {
    for (const [code, rule, holds] of RULES) {
      const found = await find(rule);
      same(found.map((u) => u.username), living(holds).map((u) => u.username), code);
    }
    const cases = [
      [[condition("department", "IS_NULL")], (u) => u.departments.size === 0],
      [
        [within("east-1", true), condition("status", "NOT_EQUAL", "Activated")],
        (u) => u.status !== "Activated" && isIn(u, subtree("east-1")),
      ],
      [
        [condition("level", "BETWEEN", [2, 3]), condition("site", "IN", SITES.slice(0, 2))],
        (u) => [2, 3].includes(u.level) && SITES.indexOf(u.site) < 2,
      ],
      [[condition("department", "IN", ["south-3", "north-2"].map(at))], (u) => isIn(u, new Set(["south-3", "north-2"]))],
    ];
    for (const [filter, holds] of cases) {
      same((await find(filter)).map((u) => u.username), living(holds).map((u) => u.username), JSON.stringify(filter));
    }
    const named = await pages((pagination) => management.listUsers({ keywords: "person 12", options: { pagination } }));
    same(named.map((u) => u.username), living((u) => u.name.startsWith("Person 12")).map((u) => u.username));
  });

  await check(`${when}: searches find the same departments and members`, async () => {
    for (const tree of Object.keys(TREES)) {
      const found = ok(await management.searchDepartments({ organizationCode: tree, keywords: "DEPARTMENT " }));
      const expected = [...subtree(tree)].filter((key) => department(key).name.startsWith("Department"));
      same(found.map((d) => d.departmentId), expected.map((key) => department(key).id), tree);
      const asked = { ...at(tree), keywords: "Person 1", includeChildrenDepartments: true };
      const members = await pages((page) => management.searchDepartmentMembers({ ...asked, ...page }));
      same(members.map((u) => u.userId), ids(inside(subtree(tree)).filter((u) => u.name.startsWith("Person 1"))), tree);
    }
  });

  await check(`${when}: posts have these people and departments`, async () => {
    const listed = await pages((page) => management.postList(page), "code");
    same(listed.map((p) => p.code), posts.keys());
    for (const { code, userCount, departmentCount } of listed) {
      const post = posts.get(code);
      assert.deepEqual([userCount, departmentCount], [living((u) => u.posts.has(code)).length, post.departments.size], code);
      const { departmentIdList } = ok(await management.getPost({ code }));
      same(departmentIdList, [...post.departments].map((key) => department(key).id), code);
    }
    await each(watched, async (u) => {
      same(ok(await management.getUserPosts({ userId: u.id })).map((p) => p.code), u.posts, u.username);
    });
  });
}

await agree("built");

// --- Reorganising ----------------------------------------------------------------------------------------------------

async function move(key, parent) {
  ok(await management.updateDepartment({ ...at(key), parentDepartmentId: department(parent).id }));
  department(key).parent = parent;
  subtrees.clear();
}

await check("departments move with all below them, but not into themselves or another tree", async () => {
  await move("east-12", "east-4");
  await move("east-3", "east-2");
  await move("south-12", "south-1");
  await move("north-4", "north-5");
  await move("east-25", "east");
  const into = (key, parent) => management.updateDepartment({ ...at(key), parentDepartmentId: department(parent).id });
  refused(await into("east-2", "east-3"), 400);
  refused(await into("east-2", "east-2"), 400);
  refused(await into("east-2", "north-2"), 400);
});

await check("departments get other leaders and names; people other main departments", async () => {
  await each(keys.filter((_, d) => d % 10 === 0).entries(), ([d, key]) => lead(key, [user(d * 17 + 2), user(d * 19 + 3)]));
  department("south-3").name = "Renamed south-3";
  ok(await management.updateDepartment({ ...at("south-3"), name: department("south-3").name }));
  const twice = living((u) => u.departments.size === 2).slice(0, 40);
  await each(twice, async (u) => {
    const [home, second] = u.departments.keys();
    const wanted = [second, home].map((key) => ({ departmentId: department(key).id, isMainDepartment: key === second }));
    ok(await management.setUserDepartments({ userId: u.id, departments: wanted }));
    [...u.departments].forEach(([key, d]) => (d.main = key === second));
  });
  watched.push(...twice.slice(0, 10));
});

await check("people change, are suspended, resign and are deleted", async () => {
  const some = (first, n) => Array.from({ length: n }, (_, i) => user(first + i * 3));
  const [changed, suspended, resigned, deleted] = [some(1, 300), some(1500, 60), some(2001, 100), some(2500, 100)];
  await each(chunks(changed), async (people) => {
    for (const u of people) [u.level, u.site] = [(u.level + 3) % 10, SITES[(u.level + 1) % 6]];
    const list = people.map((u) => ({ userId: u.id, customData: { level: u.level, site: u.site } }));
    ok(await management.updateUserBatch({ list }));
  });
  await each(chunks(suspended), async (people) => {
    ok(await management.updateUserBatch({ list: people.map((u) => ({ userId: u.id, status: "Suspended" })) }));
    for (const u of people) u.status = "Suspended";
  });
  await each(chunks(resigned), async (people) => {
    ok(await management.resignUserBatch({ userIds: ids(people) }));
    for (const u of people) (u.status = "Resigned"), leave(u);
  });
  await each(chunks(deleted), async (people) => {
    ok(await management.deleteUsersBatch({ userIds: ids(people) }));
    for (const u of people) leave(u), users.delete(u.username);
  });
  watched.push(...[changed, suspended, resigned].flatMap((people) => people.slice(0, 10)));
  for (const u of deleted.slice(0, 5)) refused(await management.getUser({ userId: u.id }), 404);
  refused(await management.getUserDepartments({ userId: deleted[0].id }), 404);
  refused(await management.getUserRoles({ userId: deleted[0].id }), 404);
});

await check("roles, groups, posts and a department are deleted, members and rights taken away", async () => {
  ok(await management.deleteRolesBatch({ codeList: [roleCode(5), roleCode(30)] }));
  for (const code of [roleCode(5), roleCode(30)]) roles.delete(code), gone("ROLE", code);
  ok(await management.updateRole({ code: roleCode(43), status: "DISABLE" }));
  roles.get(roleCode(43)).inForce = false;
  const right = roles.get(roleCode(31));
  ok(await management.revokeRole({ code: right.code, targets: [wire(right.targets[0])] }));
  right.targets = right.targets.slice(1);
  refused(await management.getRole({ code: roleCode(5) }), 404);

  ok(await management.deleteGroupsBatch({ codeList: ["site-berlin", "static-1"] }));
  for (const code of ["site-berlin", "static-1"]) groups.delete(code), gone("GROUP", code);
  ok(await management.updateGroup({ code: "level-9", description: "", rule: [condition("level", "LESSER", 1)] }));
  groups.get("level-9").holds = (u) => u.level <= 1;
  const leaving = [...groups.get("static-2").members].slice(0, 7);
  ok(await management.removeGroupMembers({ code: "static-2", userIds: ids(leaving) }));
  leaving.forEach((u) => groups.get("static-2").members.delete(u));

  ok(await management.removePost({ code: "post-3" }));
  posts.delete("post-3");
  for (const u of users.values()) u.posts.delete("post-3");

  refused(await management.deleteDepartment(at("east-2")), 422);
  const out = inside(new Set(["south-5"])).slice(0, 10);
  ok(await management.removeDepartmentMembers({ ...at("south-5"), userIds: ids(out) }));
  const leaf = "east-99";
  const { id } = department(leaf);
  ok(await management.deleteDepartment(at(leaf)));
  for (const u of out) u.departments.delete("south-5"), department("south-5").leaders.delete(u);
  for (const u of inside(new Set([leaf]))) u.departments.delete(leaf), watched.push(u);
  for (const post of posts.values()) post.departments.delete(leaf);
  departments.delete(leaf);
  subtrees.clear();
  gone("DEPARTMENT", leaf);
  refused(await management.getDepartment({ organizationCode: "east", departmentId: id }), 404);
  refused(await management.listDepartmentMembers({ organizationCode: "east", departmentId: id }), 404);
  refused(await management.getDepartment({ organizationCode: "east", departmentId: NOBODY }), 404);
});

await agree("reorganised");

if (process.env.JOURNEY_TIMINGS) {
  const slowest = [...timings].sort(([, a], [, b]) => b[1] - a[1]);
  for (const [name, [calls, all, worst]] of slowest) {
    console.log(`${name}: ${calls} calls, ${(all / calls).toFixed(1)} ms on average, ${worst.toFixed(0)} ms at worst`);
  }
}
console.log(`node company: ${passed} passed, 0 failed`);
