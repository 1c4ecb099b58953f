-- What is needed to search users; see docs/decisions/0009-user-search.md. Triggers on users keep these tables, so that
-- no writer of users can forget them; they differ by engine and are in 0013_user_search.sqlite.sql and .postgres.sql.

-- How many users of each status a pool has.
CREATE TABLE user_counts (
    pool_id TEXT NOT NULL,
    status TEXT NOT NULL,
    -- Parts are added up: writers who count in different parts do not wait for each other. One part may be negative.
    part BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (pool_id, status, part)
);

-- The folded texts of users who are in no segment yet: new ones, and those whose texts changed.
CREATE TABLE user_texts_recent (
    pool_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- phone, email, name, username, nickname, identity number
    main TEXT NOT NULL,
    -- every other member in which keywords can be searched
    more TEXT NOT NULL,
    PRIMARY KEY (pool_id, user_id)
);

-- The texts of users in segments. A document's number is that of its segment, times 8,192, plus its place there.
CREATE TABLE user_texts (
    pool_id TEXT NOT NULL,
    doc BIGINT NOT NULL,
    user_id TEXT NOT NULL,
    main TEXT NOT NULL,
    more TEXT NOT NULL,
    PRIMARY KEY (pool_id, doc)
);

CREATE UNIQUE INDEX user_texts_user_id ON user_texts (pool_id, user_id);

CREATE TABLE user_segments (
    pool_id TEXT NOT NULL,
    segment BIGINT NOT NULL,
    -- -1: it is being dissolved
    size BIGINT NOT NULL,
    -- when the newest of its users was created
    newest BIGINT NOT NULL,
    PRIMARY KEY (pool_id, segment)
);

-- Which documents of a segment contain one, two or three characters in a row. A document that has left stays here.
CREATE TABLE user_grams (
    pool_id TEXT NOT NULL,
    segment BIGINT NOT NULL,
    -- 0 for the main texts and 1 for the others, then the characters
    gram TEXT NOT NULL,
    docs BLOB NOT NULL,
    PRIMARY KEY (pool_id, segment, gram)
);

-- The orders in which a pool's users are walked; they end in the id, which decides among equals.
DROP INDEX users_created_at;
CREATE INDEX users_created_at ON users (pool_id, created_at, id);
CREATE INDEX users_updated_at ON users (pool_id, updated_at, id);
CREATE INDEX users_last_login_at ON users (pool_id, last_login_at, id);
CREATE INDEX users_logins_count ON users (pool_id, logins_count, id);
CREATE INDEX users_status ON users (pool_id, status, created_at, id);
