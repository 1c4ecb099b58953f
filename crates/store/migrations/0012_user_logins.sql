-- When a state of an account changes by itself.
ALTER TABLE users ADD COLUMN suspend_at BIGINT;
ALTER TABLE users ADD COLUMN activate_at BIGINT;

CREATE INDEX users_suspend_at ON users (suspend_at) WHERE suspend_at IS NOT NULL;
CREATE INDEX users_activate_at ON users (activate_at) WHERE activate_at IS NOT NULL;
CREATE INDEX users_archived_at ON users (pool_id, status_changed_at, id) WHERE status = 'Archived';

-- Whoever was made in another state than Activated came into it when made.
UPDATE users SET status_changed_at = created_at WHERE status <> 'Activated' AND status_changed_at IS NULL;

-- Sign-ins that came to an end, well or not.
CREATE TABLE user_logins (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- JSON list of RFC 8176 values
    methods TEXT NOT NULL,
    success BOOLEAN NOT NULL,
    ip TEXT,
    user_agent TEXT,
    PRIMARY KEY (pool_id, user_id, at, id)
);

CREATE INDEX user_logins_at ON user_logins (at);

-- Links that set a new password once. id is the SHA-256 of the token; the row goes when it is used.
CREATE TABLE password_resets (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- where the link went: it is void when the account's address is another one by then
    email_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX password_resets_user_id ON password_resets (pool_id, user_id);
CREATE INDEX password_resets_expires_at ON password_resets (expires_at);
