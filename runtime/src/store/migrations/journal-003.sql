-- journal.db, version 3: two bundles of one model compared on the same records.

-- One row a model: what the comparison says so far.
CREATE TABLE trial (
    model_id   TEXT PRIMARY KEY,
    incumbent  TEXT NOT NULL,               -- digest
    challenger TEXT NOT NULL,               -- digest
    tally      TEXT NOT NULL                -- JSON
) STRICT, WITHOUT ROWID;

-- Answers of both to one record, until its label comes or it is evicted.
CREATE TABLE compared (
    id         INTEGER PRIMARY KEY,         -- the prediction's
    challenger TEXT NOT NULL,               -- digest
    outputs    TEXT NOT NULL                -- JSON: [the incumbent's, the challenger's], null where it did not answer
) STRICT;
