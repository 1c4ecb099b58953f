-- Origins whose pages may call from a browser; the pools' settings hold the lists.
CREATE TABLE allowed_origins (
    pool_id TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (pool_id, origin)
);

CREATE INDEX allowed_origins_origin ON allowed_origins (origin);
