-- An organisation is a tree of departments; its id is the id of the root department, which never changes.
-- Who changes a tree or who is in it holds, in this order: the users concerned by ascending id, then the rows of the
-- organisations by ascending id.
CREATE TABLE organizations (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX organizations_code ON organizations (pool_id, code);
CREATE INDEX organizations_created_at ON organizations (pool_id, created_at, id);

CREATE TABLE departments (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    -- NULL: the root
    parent_id TEXT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    description TEXT,
    code TEXT,
    open_department_id TEXT,
    is_virtual BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- JSON object, as the API shows it
    i18n TEXT,
    custom_data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX departments_parent_id ON departments (pool_id, parent_id);
CREATE INDEX departments_updated_at ON departments (pool_id, organization_id, updated_at, id);
CREATE INDEX departments_name_key ON departments (pool_id, name_key);
CREATE UNIQUE INDEX departments_code ON departments (pool_id, organization_id, code);
CREATE UNIQUE INDEX departments_open_department_id ON departments (pool_id, organization_id, open_department_id);
-- For requests that name no organisation.
CREATE INDEX departments_any_code ON departments (pool_id, code);
CREATE INDEX departments_any_open_department_id ON departments (pool_id, open_department_id);

-- The scalar members of a department's custom data, so that it is found by them.
CREATE TABLE department_custom_values (
    pool_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value_key TEXT NOT NULL,
    department_id TEXT NOT NULL,
    PRIMARY KEY (pool_id, name, value_key, department_id)
);

CREATE INDEX department_custom_values_department_id ON department_custom_values (pool_id, department_id);
CREATE INDEX department_custom_values_value_key ON department_custom_values (pool_id, value_key);

-- Where a synchronised department comes from.
CREATE TABLE department_sync_relations (
    pool_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    id_in_idp TEXT NOT NULL,
    department_id TEXT NOT NULL,
    -- JSON object
    info_in_idp TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, provider, id_in_idp)
);

CREATE INDEX department_sync_relations_department_id ON department_sync_relations (pool_id, department_id);
CREATE INDEX department_sync_relations_id_in_idp ON department_sync_relations (pool_id, id_in_idp);

-- Every department with itself (depth 0) and all above it.
CREATE TABLE department_ancestors (
    pool_id TEXT NOT NULL,
    department_id TEXT NOT NULL,
    ancestor_id TEXT NOT NULL,
    depth BIGINT NOT NULL,
    PRIMARY KEY (pool_id, department_id, ancestor_id)
);

CREATE INDEX department_ancestors_ancestor_id ON department_ancestors (pool_id, ancestor_id, depth);

-- Direct membership.
CREATE TABLE department_members (
    pool_id TEXT NOT NULL,
    department_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    is_leader BOOLEAN NOT NULL,
    -- At most one of a user's rows
    is_main BOOLEAN NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, department_id, user_id)
);

CREATE INDEX department_members_user_id ON department_members (pool_id, user_id);
CREATE INDEX department_members_joined_at ON department_members (pool_id, department_id, joined_at, user_id);
CREATE INDEX department_members_is_leader ON department_members (pool_id, department_id, joined_at, user_id)
    WHERE is_leader;

-- Who is anywhere below a department, once, since the earliest of the memberships: pages of large trees read nothing
-- else.
CREATE TABLE department_tree_members (
    pool_id TEXT NOT NULL,
    department_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, department_id, user_id)
);

CREATE INDEX department_tree_members_joined_at
    ON department_tree_members (pool_id, department_id, joined_at, user_id);
CREATE INDEX department_tree_members_user_id ON department_tree_members (pool_id, user_id);

-- How many are in a department, and how many are anywhere below it. Triggers on both tables of members keep it, so that
-- no writer can forget it; they are in 0008_organizations.sqlite.sql and .postgres.sql. Whoever changes members holds
-- the organisation, so nobody waits for a row of this table.
CREATE TABLE department_counts (
    pool_id TEXT NOT NULL,
    department_id TEXT NOT NULL,
    members BIGINT NOT NULL,
    tree_members BIGINT NOT NULL,
    PRIMARY KEY (pool_id, department_id)
);
