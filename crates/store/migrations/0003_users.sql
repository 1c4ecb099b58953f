CREATE TABLE users (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    status TEXT NOT NULL,
    work_status TEXT NOT NULL,
    username TEXT,
    username_key TEXT,
    email TEXT,
    email_key TEXT,
    email_verified BOOLEAN NOT NULL,
    phone TEXT,
    phone_country_code TEXT,
    phone_key TEXT,
    phone_verified BOOLEAN NOT NULL,
    external_id TEXT,
    external_id_key TEXT,
    identity_number TEXT,
    gender TEXT NOT NULL,
    name TEXT,
    name_key TEXT,
    nickname TEXT,
    nickname_key TEXT,
    photo TEXT,
    birthdate TEXT,
    country TEXT,
    province TEXT,
    city TEXT,
    address TEXT,
    street_address TEXT,
    postal_code TEXT,
    company TEXT,
    browser TEXT,
    device TEXT,
    given_name TEXT,
    family_name TEXT,
    middle_name TEXT,
    profile TEXT,
    preferred_username TEXT,
    website TEXT,
    zoneinfo TEXT,
    locale TEXT,
    formatted TEXT,
    region TEXT,
    custom_data TEXT NOT NULL,
    -- PHC string or an imported format; NULL: the user has no password.
    password_hash TEXT,
    password_set_at BIGINT,
    password_level BIGINT,
    reset_password_on_next_login BOOLEAN NOT NULL,
    source_type TEXT NOT NULL,
    source_id TEXT,
    register_source TEXT NOT NULL,
    logins_count BIGINT NOT NULL,
    last_login_at BIGINT,
    last_login_ip TEXT,
    last_login_app TEXT,
    last_mfa_at BIGINT,
    status_changed_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

-- Keys are folded (NFKC, lower case); one name has one owner per pool, also when two requests race.
CREATE UNIQUE INDEX users_username_key ON users (pool_id, username_key);
CREATE UNIQUE INDEX users_email_key ON users (pool_id, email_key);
CREATE UNIQUE INDEX users_phone_key ON users (pool_id, phone_key);
CREATE UNIQUE INDEX users_external_id_key ON users (pool_id, external_id_key);
CREATE INDEX users_created_at ON users (pool_id, created_at);

CREATE TABLE user_identities (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    ext_idp_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    kind TEXT NOT NULL,
    user_id_in_idp TEXT NOT NULL,
    user_info_in_idp TEXT NOT NULL,
    access_token_sealed BLOB,
    refresh_token_sealed BLOB,
    origin_conn_ids TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE UNIQUE INDEX user_identities_kind ON user_identities (pool_id, ext_idp_id, user_id_in_idp, kind);
CREATE INDEX user_identities_user_id ON user_identities (pool_id, user_id);
CREATE INDEX user_identities_user_id_in_idp ON user_identities (pool_id, user_id_in_idp);

CREATE TABLE sync_relations (
    pool_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    user_id_in_idp TEXT NOT NULL,
    user_id TEXT NOT NULL,
    user_info_in_idp TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, provider, user_id_in_idp)
);

CREATE INDEX sync_relations_user_id ON sync_relations (pool_id, user_id);
CREATE INDEX sync_relations_user_id_in_idp ON sync_relations (pool_id, user_id_in_idp);

-- Values of custom data, one row per top-level member, so that a user is found by (key, value).
CREATE TABLE user_custom_values (
    pool_id TEXT NOT NULL,
    name TEXT NOT NULL,
    value_key TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- numbers and dates: hex digits that sort as numbers do
    number_key TEXT,
    PRIMARY KEY (pool_id, name, value_key, user_id)
);

CREATE INDEX user_custom_values_value_key ON user_custom_values (pool_id, value_key);
CREATE INDEX user_custom_values_user_id ON user_custom_values (pool_id, user_id);
CREATE INDEX user_custom_values_number_key ON user_custom_values (pool_id, name, number_key);
