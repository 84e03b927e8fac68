-- What the server has received. `user_version` is 1; a later version adds files beside this one.
CREATE TABLE upload (
    id TEXT PRIMARY KEY,
    digest BLOB NOT NULL,             -- SHA-256 of the message, so that an id that comes back with another one is noticed
    install TEXT NOT NULL,
    model_id TEXT NOT NULL,
    model_version TEXT NOT NULL,
    model_sequence INTEGER NOT NULL,
    received_us INTEGER NOT NULL,     -- the server's clock
    started_us INTEGER NOT NULL,      -- the device's clock
    ended_us INTEGER NOT NULL,
    from_the_future INTEGER NOT NULL, -- 1 when it ended later than the server's clock allows
    windows INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    body BLOB NOT NULL                -- as it came, gzip
) STRICT;
CREATE INDEX upload_model ON upload (model_id, model_version, model_sequence);

-- One row a window: the key is what keeps a window from being counted twice, whatever ids it comes under.
CREATE TABLE window (
    install TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    number INTEGER NOT NULL,
    PRIMARY KEY (install, epoch, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE install (
    id TEXT PRIMARY KEY,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    runtime_version TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Counts of a model version over all installations: a summary as JSON, without windows, alarms and counters.
CREATE TABLE aggregate (
    model_id TEXT NOT NULL,
    model_version TEXT NOT NULL,
    model_sequence INTEGER NOT NULL,
    uploads INTEGER NOT NULL,
    windows INTEGER NOT NULL,
    summary TEXT NOT NULL,
    PRIMARY KEY (model_id, model_version, model_sequence)
) STRICT;

-- Totals over the life of an installation: the largest that it has sent.
CREATE TABLE counter (
    install TEXT NOT NULL,
    name TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (install, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE alarm (
    install TEXT NOT NULL,
    model_id TEXT NOT NULL,
    model_version TEXT NOT NULL,
    model_sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    since_us INTEGER NOT NULL,
    windows INTEGER NOT NULL,
    PRIMARY KEY (model_id, model_version, model_sequence, kind, subject, install)
) STRICT, WITHOUT ROWID;

-- What is rare and worth remembering across restarts.
CREATE TABLE statistic (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
