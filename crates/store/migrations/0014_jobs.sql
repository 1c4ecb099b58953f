-- Work in many steps, each in a transaction that also says how far it is: what was broken off goes on from there.
CREATE TABLE jobs (
    pool_id TEXT NOT NULL,
    id TEXT NOT NULL,
    -- user.import
    kind TEXT NOT NULL,
    -- running, done, failed, cancelled
    state TEXT NOT NULL,
    -- who goes on with it: worker or cli
    runner TEXT NOT NULL,
    -- the name of the file; empty for a list of the API
    source TEXT NOT NULL,
    -- SHA-256 over content and options
    digest TEXT NOT NULL,
    -- JSON object
    options TEXT NOT NULL,
    -- rows that are done
    position BIGINT NOT NULL,
    -- rows in all; NULL: not known before the end
    total BIGINT,
    -- JSON object: how many rows ended how
    counts TEXT NOT NULL,
    last_error TEXT,
    -- how often somebody began or went on with it: who has an older number does nothing more
    attempts BIGINT NOT NULL,
    claimed_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, id)
);

CREATE INDEX jobs_digest ON jobs (pool_id, digest);
CREATE INDEX jobs_claimed_until ON jobs (state, runner, claimed_until);
CREATE INDEX jobs_expires_at ON jobs (expires_at);

-- The first rows of a job that could not be; of the others only the number is known.
CREATE TABLE job_problems (
    pool_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    line BIGINT NOT NULL,
    field TEXT NOT NULL,
    message_en TEXT NOT NULL,
    message_zh TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, job_id, line)
);

CREATE INDEX job_problems_expires_at ON job_problems (expires_at);

-- What a job of the API still has to do: rows that may have passwords among them, so sealed.
CREATE TABLE job_chunks (
    pool_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    n BIGINT NOT NULL,
    -- rows before those of this chunk
    position BIGINT NOT NULL,
    rows_sealed BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (pool_id, job_id, n)
);

CREATE INDEX job_chunks_expires_at ON job_chunks (expires_at);
