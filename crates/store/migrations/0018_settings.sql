-- Origins whose pages may call from a browser; the pools' settings hold the lists.
CREATE TABLE allowed_origins (
    pool_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (pool_id, origin)
);

CREATE INDEX allowed_origins_origin ON allowed_origins (origin);

-- Pictures that were shown, until they are used or over. asker is a hash of who asked: application, address and agent.
CREATE TABLE captchas (
    pool_id TEXT NOT NULL,
    -- SHA-256 of the token
    id TEXT NOT NULL,
    asker TEXT NOT NULL,
    -- HMAC of the text
    code_hash TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX captchas_asker ON captchas (pool_id, asker, created_at);
CREATE INDEX captchas_expires_at ON captchas (expires_at);

-- Who may use an application, or may not: one row for an application and a user, role, group or department.
CREATE TABLE app_access (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- USER, ROLE, GROUP or DEPARTMENT
    target_type TEXT NOT NULL,
    target_id TEXT NOT NULL,
    -- ALLOW or DENY
    effect TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    -- of a department: those below it, too
    inherit BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX app_access_target_id ON app_access (pool_id, app_id, target_type, target_id);
CREATE INDEX app_access_target ON app_access (pool_id, target_type, target_id);

CREATE INDEX sessions_app_id ON sessions (pool_id, app_id, user_id);

-- E-mail templates: kind is the contract's type; a pool has a row only for what it has written itself.
CREATE TABLE email_templates (
    pool_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    name TEXT NOT NULL,
    subject TEXT NOT NULL,
    sender TEXT NOT NULL,
    content TEXT NOT NULL,
    -- seconds for which a code or link is good
    expires_in BIGINT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, kind)
);
