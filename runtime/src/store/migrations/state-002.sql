-- state.db, version 2: bundles that are being tried, and those that were thrown out.

-- Fails where the first version's tables are not there: such a file is left as it was.
SELECT 1 FROM install, model, highest_sequence, refusal, counter LIMIT 0;

-- One row a model: two bundles that both run for a while, so that they can be compared.
CREATE TABLE trial (
    model_id   TEXT    PRIMARY KEY,
    incumbent  TEXT    NOT NULL,            -- digest
    challenger TEXT    NOT NULL,            -- digest
    stage      TEXT    NOT NULL CHECK (stage IN ('shadow', 'canary', 'probation')),
    since_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row a model: the last bundle that was thrown out. Up to its sequence nothing is taken any more.
CREATE TABLE thrown_out (
    model_id TEXT    PRIMARY KEY,
    version  TEXT    NOT NULL,
    sequence INTEGER NOT NULL,
    digest   TEXT    NOT NULL,
    cause    TEXT    NOT NULL,              -- for programs
    at_us    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Bundles that have not answered yet. Counted up before what may crash, and down after it.
CREATE TABLE unproven (
    digest TEXT    PRIMARY KEY,
    begun  INTEGER NOT NULL                 -- starts that were begun and have not ended
) STRICT, WITHOUT ROWID;
