-- What users do with their own account.

-- Changes in two steps: what the first has proven is in a token that the second takes. id is the SHA-256 of the token;
-- the row goes when it is used.
CREATE TABLE action_tokens (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- update_email, update_phone, reset_password, first_password or delete_account
    step TEXT NOT NULL,
    -- by what the user proved to be the user: email, sms or password
    channel TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- the session that began it; empty where nobody was signed in
    session_id TEXT NOT NULL,
    -- the new address or number
    target TEXT,
    target_country_code TEXT,
    -- what the account had then: the token is void once it has another
    seen TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX action_tokens_user_id ON action_tokens (pool_id, user_id);
CREATE INDEX action_tokens_expires_at ON action_tokens (expires_at);

-- Whence a user has signed in: one row per user agent.
CREATE TABLE user_devices (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- empty where the client sends none
    user_agent TEXT NOT NULL,
    last_ip TEXT,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, user_id, id)
);

CREATE INDEX user_devices_last_login_at ON user_devices (last_login_at);

-- Files of users. id is random, so that nobody finds a file by trying.
CREATE TABLE uploads (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    folder TEXT NOT NULL,
    -- found in the content, never believed
    media_type TEXT NOT NULL,
    is_private BOOLEAN NOT NULL,
    size BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX uploads_user_id ON uploads (pool_id, user_id, size);
