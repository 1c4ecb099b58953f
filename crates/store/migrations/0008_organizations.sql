-- An organisation is a tree of departments; its id is the id of the root department, which never changes.
CREATE TABLE organizations (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    code TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX organizations_code ON organizations (pool_id, code);

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
CREATE INDEX departments_organization_id ON departments (pool_id, organization_id);
CREATE UNIQUE INDEX departments_code ON departments (pool_id, organization_id, code);
CREATE UNIQUE INDEX departments_open_department_id ON departments (pool_id, organization_id, open_department_id);

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
    is_main BOOLEAN NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, department_id, user_id)
);

CREATE INDEX department_members_user_id ON department_members (pool_id, user_id);
CREATE INDEX department_members_joined_at ON department_members (pool_id, department_id, joined_at, user_id);

-- Who is anywhere below a department, once, since when: pages of large trees read nothing else.
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
