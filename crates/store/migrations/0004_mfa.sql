-- A bound second factor. kind OTP fills the secret_… to serial columns, SMS and EMAIL fill the target.
CREATE TABLE mfa_factors (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_primary BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    name TEXT,
    target TEXT,
    target_country_code TEXT,
    secret_sealed BLOB,
    -- totp or hotp
    otp_type TEXT,
    algorithm TEXT,
    digits BIGINT,
    -- seconds
    period BIGINT,
    -- HOTP: the next counter expected
    counter BIGINT,
    -- TOTP: how many steps this authenticator's clock was last seen off
    drift BIGINT,
    -- TOTP: codes of this step and before are used up
    last_used_step BIGINT,
    serial TEXT,
    weak_seed BOOLEAN NOT NULL,
    -- import, enroll or admin
    source TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX mfa_factors_user_id ON mfa_factors (pool_id, user_id);

-- What the V3 operations know: one factor of a kind per user. Further named authenticators are not primary.
CREATE UNIQUE INDEX mfa_factors_kind ON mfa_factors (pool_id, user_id, kind) WHERE is_primary;

CREATE TABLE recovery_codes (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, user_id)
);

-- The trigger data of a user that set-mfa-status stores: JSON list of {mfaPolicy, status, sort}.
CREATE TABLE user_mfa_settings (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    application_mfa TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, user_id)
);

-- Failures of one secret of one user, whoever tries and wherever: bucket is otp:USER, recovery:USER, password:USER…
CREATE TABLE throttles (
    pool_id TEXT NOT NULL,
    bucket TEXT NOT NULL,
    straight BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL,
    locked BOOLEAN NOT NULL,
    touched_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, bucket)
);

CREATE TABLE throttle_days (
    pool_id TEXT NOT NULL,
    bucket TEXT NOT NULL,
    -- days since the epoch
    day BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    PRIMARY KEY (pool_id, bucket, day)
);

-- Enrolments begun and not finished; id is the SHA-256 of the token.
CREATE TABLE enrollments (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    -- the session or MFA transaction that began it
    bound_to TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT,
    target_country_code TEXT,
    secret_sealed BLOB,
    recovery_hash TEXT,
    code_hash TEXT,
    attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX enrollments_user_id ON enrollments (pool_id, user_id);
CREATE INDEX enrollments_expires_at ON enrollments (expires_at);

-- Sign-ins that wait for a second factor; id is the jti of the mfaToken.
CREATE TABLE mfa_transactions (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    amr TEXT NOT NULL,
    -- personal or application: who asked for the second factor
    demanded_by TEXT NOT NULL,
    ip TEXT,
    user_agent TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX mfa_transactions_user_id ON mfa_transactions (pool_id, user_id);
CREATE INDEX mfa_transactions_expires_at ON mfa_transactions (expires_at);
