CREATE TABLE audit_logs (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    action TEXT NOT NULL,
    -- success, refused or failed
    result TEXT NOT NULL,
    status_code BIGINT NOT NULL,
    api_code BIGINT NOT NULL,
    -- access_key, user, anonymous or system
    actor_kind TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    user_id TEXT,
    app_id TEXT,
    request_id TEXT NOT NULL,
    ip TEXT,
    user_agent TEXT,
    details TEXT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX audit_logs_at ON audit_logs (pool_id, at);
