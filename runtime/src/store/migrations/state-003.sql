-- state.db, version 3: the update channel that the installation follows.

-- Fails where the second version's tables are not there: such a file is left as it was.
SELECT 1 FROM install, model, highest_sequence, refusal, counter, trial, thrown_out, unproven LIMIT 0;

-- The root that is believed and the newest channel seen, as the channel's own JSON.
CREATE TABLE channel_trust (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    trust TEXT    NOT NULL
) STRICT;

-- Bundles that the newest channel recalls: none of them is installed, whoever brings it.
CREATE TABLE recalled (
    digest TEXT PRIMARY KEY,
    reason TEXT NOT NULL                    -- for people
) STRICT, WITHOUT ROWID;

-- Bundles of the channel that were refused here, and by which version of the runtime: a later one may take them.
CREATE TABLE declined (
    digest  TEXT    PRIMARY KEY,
    runtime TEXT    NOT NULL,
    code    TEXT    NOT NULL,               -- for programs
    at_us   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Keys that vouched for bundles which came over the channel: an installed bundle outlives the retirement of its key.
CREATE TABLE signer (
    digest TEXT PRIMARY KEY,                -- of the bundle
    name   TEXT NOT NULL,
    key    TEXT NOT NULL                    -- minisign's, as base64
) STRICT, WITHOUT ROWID;
