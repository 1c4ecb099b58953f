-- One live code per target, channel and purpose.
CREATE TABLE verification_codes (
    pool_id TEXT NOT NULL,
    -- sms or email
    medium TEXT NOT NULL,
    target TEXT NOT NULL,
    -- the API's channel, e.g. CHANNEL_LOGIN
    purpose TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT,
    PRIMARY KEY (pool_id, medium, target, purpose)
);

CREATE INDEX verification_codes_expires_at ON verification_codes (expires_at);

-- Counters with a window: messages per target, starts per user, requests per address.
CREATE TABLE rate_counters (
    pool_id TEXT NOT NULL,
    bucket TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    used BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, bucket)
);

CREATE INDEX rate_counters_expires_at ON rate_counters (expires_at);

-- How a pool sends: kind is email or sms, config a sealed JSON object.
CREATE TABLE message_providers (
    pool_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    driver TEXT NOT NULL,
    config_sealed BLOB NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, kind)
);

-- Messages written with the change that causes them, sent after commit.
CREATE TABLE outbox (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    body_sealed BLOB NOT NULL,
    attempts BIGINT NOT NULL,
    -- pending; settled: sent, failed, expired, withheld
    state TEXT NOT NULL,
    last_error TEXT,
    created_at BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    -- after this moment the message is worthless
    expires_at BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX outbox_next_at ON outbox (state, next_at);
CREATE INDEX outbox_expires_at ON outbox (expires_at);

-- What demo mode shows instead of sending it, in plain text: the last 100 messages of a pool. Empty otherwise.
CREATE TABLE dev_inbox (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX dev_inbox_at ON dev_inbox (pool_id, at);
