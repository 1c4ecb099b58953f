CREATE TABLE posts (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    -- folded code and name
    name_key TEXT NOT NULL,
    description TEXT,
    custom_data TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX posts_code ON posts (pool_id, code);
CREATE INDEX posts_created_at ON posts (pool_id, created_at, id);

CREATE TABLE post_users (
    pool_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, post_id, user_id)
);

CREATE INDEX post_users_user_id ON post_users (pool_id, user_id);

CREATE TABLE post_departments (
    pool_id TEXT NOT NULL,
    post_id TEXT NOT NULL,
    department_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, post_id, department_id)
);

CREATE INDEX post_departments_department_id ON post_departments (pool_id, department_id);
