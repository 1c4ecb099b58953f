CREATE TABLE sessions (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- JSON list of RFC 8176 values
    amr TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    -- when a second factor was last proven in this session
    mfa_at BIGINT,
    -- set when the second factor was a recovery code: until then the OTP factor may be reset without it
    recovery_until BIGINT,
    ip TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX sessions_user_id ON sessions (pool_id, user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- id is the SHA-256 of the token. A token used twice kills its session.
CREATE TABLE refresh_tokens (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    -- JSON list of the resources (RFC 8707) for which access tokens may be asked
    resources TEXT NOT NULL,
    -- thumbprint of the key (RFC 9449) without which a public client's token is worth nothing
    jkt TEXT,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX refresh_tokens_session_id ON refresh_tokens (pool_id, session_id);
CREATE INDEX refresh_tokens_user_id ON refresh_tokens (pool_id, user_id);
CREATE INDEX refresh_tokens_expires_at ON refresh_tokens (expires_at);
