-- Keys of the whole installation. Everything in them is sealed by the master key.
CREATE TABLE data_keys (
    class TEXT NOT NULL,
    key_id BIGINT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (class, key_id)
);

CREATE TABLE server_keys (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    -- a signing key is published at once and signs from then on
    signs_from BIGINT NOT NULL,
    -- from then on nothing that it signed is believed
    retired_at BIGINT,
    PRIMARY KEY (kind, id)
);

CREATE TABLE pools (
    pool_id TEXT NOT NULL,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id)
);

CREATE TABLE applications (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    identifier TEXT NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    logo TEXT NOT NULL,
    description TEXT,
    app_type TEXT NOT NULL,
    default_protocol TEXT NOT NULL,
    is_integrate BOOLEAN NOT NULL,
    template TEXT,
    redirect_uris TEXT NOT NULL,
    logout_redirect_uris TEXT NOT NULL,
    init_login_uri TEXT NOT NULL,
    sso_enabled BOOLEAN NOT NULL,
    sso_enabled_at BIGINT,
    secret_sealed BLOB NOT NULL,
    config TEXT NOT NULL,
    -- JSON list of the application's own MFA factors; NULL: the pool's apply.
    mfa_factors TEXT,
    mfa_on_api_signin TEXT NOT NULL,
    -- ALLOW_ALL or DENY_ALL: users whom no rule of app_access reaches
    permission_strategy TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

-- A request names its application before anyone knows the pool.
CREATE UNIQUE INDEX applications_id ON applications (id);
CREATE UNIQUE INDEX applications_identifier ON applications (pool_id, identifier);

CREATE TABLE access_keys (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    user_id TEXT NOT NULL,
    tenant_id TEXT,
    secret_sealed BLOB NOT NULL,
    permissions TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX access_keys_id ON access_keys (id);

-- Signed requests already used, for twice the allowed clock skew.
CREATE TABLE request_nonces (
    pool_id TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, access_key_id, nonce)
);

CREATE INDEX request_nonces_expires_at ON request_nonces (expires_at);
