-- Requests that an application has pushed (RFC 9126); id is the SHA-256 of the request_uri's random part.
CREATE TABLE pushed_requests (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- JSON object, without what authenticated the application
    params TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX pushed_requests_expires_at ON pushed_requests (expires_at);
CREATE INDEX pushed_requests_app_id ON pushed_requests (pool_id, app_id);

-- Devices that wait for their user (RFC 8628); id is the SHA-256 of the device code.
CREATE TABLE device_codes (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- keyed hash of what the user types
    user_code TEXT NOT NULL,
    app_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    -- JSON list (RFC 8707)
    resources TEXT NOT NULL,
    -- pending, approved, denied or spent
    state TEXT NOT NULL,
    user_id TEXT,
    -- JSON list of how the approving user had signed in (RFC 8176)
    amr TEXT,
    auth_time BIGINT,
    mfa_at BIGINT,
    polled_at BIGINT NOT NULL,
    -- milliseconds between polls
    pause BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

-- Whoever types a code on the page names no pool.
CREATE UNIQUE INDEX device_codes_user_code ON device_codes (user_code);
CREATE INDEX device_codes_user_id ON device_codes (pool_id, user_id);
CREATE INDEX device_codes_app_id ON device_codes (pool_id, app_id);
CREATE INDEX device_codes_expires_at ON device_codes (expires_at);

-- Access tokens without a session that were revoked before their time; id is the token's jti.
CREATE TABLE revoked_tokens (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX revoked_tokens_expires_at ON revoked_tokens (expires_at);

-- Applications that registered themselves (RFC 7591); id is the application's.
CREATE TABLE client_registrations (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- SHA-256 of the registration access token
    token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);
