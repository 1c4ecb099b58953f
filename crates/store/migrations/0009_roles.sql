-- Permission spaces: role codes are unique within one. Every pool has «default» and «system».
CREATE TABLE namespaces (
    pool_id TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, code)
);

CREATE TABLE roles (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    namespace TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    -- ENABLE or DISABLE
    status TEXT NOT NULL,
    disable_at BIGINT,
    is_admin BOOLEAN NOT NULL,
    custom_data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX roles_code ON roles (pool_id, namespace, code);
CREATE UNIQUE INDEX roles_name_key ON roles (pool_id, namespace, name_key);

CREATE TABLE role_assignments (
    pool_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    -- USER, ROLE, GROUP or DEPARTMENT
    target_type TEXT NOT NULL,
    target_id TEXT NOT NULL,
    enable_at BIGINT,
    end_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, role_id, target_type, target_id)
);

CREATE INDEX role_assignments_target_id ON role_assignments (pool_id, target_type, target_id);

-- Nobody may hold both. Each pair is here twice, once each way.
CREATE TABLE role_exclusions (
    pool_id TEXT NOT NULL,
    role_id TEXT NOT NULL,
    other_id TEXT NOT NULL,
    PRIMARY KEY (pool_id, role_id, other_id)
);

CREATE TABLE groups (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT NOT NULL,
    -- static or dynamic
    kind TEXT NOT NULL,
    -- JSON: the condition that makes a user a member of a dynamic group
    rule TEXT,
    custom_data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX groups_code ON groups (pool_id, code);
CREATE INDEX groups_kind ON groups (pool_id, kind);

-- Members of static groups, and what the rules of dynamic ones came to, kept with every change of a user.
CREATE TABLE group_members (
    pool_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, group_id, user_id)
);

CREATE INDEX group_members_user_id ON group_members (pool_id, user_id);
CREATE INDEX group_members_joined_at ON group_members (pool_id, group_id, joined_at, user_id);
