-- The browser side of the OpenID Provider.

-- Sign-on of a browser. id is the SHA-256 of its cookie; realm is the pool for applications that share sign-on,
-- otherwise the application.
CREATE TABLE sso_sessions (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    realm TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- JSON list of RFC 8176 values, the first factor first
    amr TEXT NOT NULL,
    auth_time BIGINT NOT NULL,
    -- when a second factor was last proven
    mfa_at BIGINT,
    recovery_until BIGINT,
    ip TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    -- pushed on by use, never beyond expires_at
    idle_until BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX sso_sessions_user_id ON sso_sessions (pool_id, user_id);
CREATE INDEX sso_sessions_idle_until ON sso_sessions (idle_until);

-- An authorization request that waits for its user.
CREATE TABLE interactions (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- SHA-256 of the cookie of the browser that began it
    browser TEXT NOT NULL,
    -- JSON of the checked request
    request TEXT NOT NULL,
    -- who signed in during this interaction
    user_id TEXT,
    -- who has proven a password that must be changed first
    password_user_id TEXT,
    -- the sign-in or step-up that waits for its second factor
    mfa_id TEXT,
    -- the user chose to go on as who was signed in
    selected BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX interactions_id ON interactions (id);
CREATE INDEX interactions_expires_at ON interactions (expires_at);
CREATE INDEX interactions_user_id ON interactions (pool_id, user_id) WHERE user_id IS NOT NULL;
CREATE INDEX interactions_password_user_id ON interactions (pool_id, password_user_id)
    WHERE password_user_id IS NOT NULL;

-- id is the SHA-256 of the code.
CREATE TABLE authorization_codes (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    -- PKCE, S256
    code_challenge TEXT,
    -- JSON of what the request adds to the ID token
    extras TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX authorization_codes_user_id ON authorization_codes (pool_id, user_id);
CREATE INDEX authorization_codes_expires_at ON authorization_codes (expires_at);

-- What a user lets an application know. id is USER:APPLICATION.
CREATE TABLE consents (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- scopes, separated by spaces
    scope TEXT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX consents_user_id ON consents (pool_id, user_id);
CREATE INDEX consents_app_id ON consents (pool_id, app_id);

-- The sign-on of a browser that opened the session, and JSON of the claims asked for at userinfo.
ALTER TABLE sessions ADD COLUMN sso_session_id TEXT;
ALTER TABLE sessions ADD COLUMN userinfo_claims TEXT;
CREATE INDEX sessions_sso_session_id ON sessions (pool_id, sso_session_id) WHERE sso_session_id IS NOT NULL;

-- The interaction whose sign-in waits; the mfaToken of such a row is never handed out.
ALTER TABLE mfa_transactions ADD COLUMN interaction_id TEXT;
-- JSON of what the request for tokens asked for beside the scope: resources, and the key to which they are bound.
ALTER TABLE mfa_transactions ADD COLUMN extras TEXT;
