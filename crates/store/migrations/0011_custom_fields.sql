-- Definitions of custom fields.
CREATE TABLE custom_fields (
    pool_id TEXT NOT NULL,
    -- USER, ROLE, GROUP or DEPARTMENT
    target_type TEXT NOT NULL,
    key TEXT NOT NULL,
    data_type TEXT NOT NULL,
    -- JSON object: label, description, switches, rules, options, i18n
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, target_type, key)
);

-- What a pool says of the built-in fields of users; a field without a row has its defaults.
CREATE TABLE base_fields (
    pool_id TEXT NOT NULL,
    key TEXT NOT NULL,
    definition TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, key)
);

-- One owner per value of a unique field, also when two requests race.
CREATE TABLE custom_unique_values (
    pool_id TEXT NOT NULL,
    target_type TEXT NOT NULL,
    key TEXT NOT NULL,
    value_key TEXT NOT NULL,
    target_id TEXT NOT NULL,
    PRIMARY KEY (pool_id, target_type, key, value_key)
);

CREATE INDEX custom_unique_values_target_id ON custom_unique_values (pool_id, target_type, target_id);

-- Who may sign up, where the pool or an application asks for it.
CREATE TABLE whitelist (
    pool_id TEXT NOT NULL,
    -- empty: the pool's
    app_id TEXT NOT NULL,
    -- USERNAME, EMAIL or PHONE
    kind TEXT NOT NULL,
    value_key TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, app_id, kind, value_key)
);
