-- journal.db, version 2: what was watched, what was noticed, and what waits to be sent.

-- One row a model version that was watched: the checkpoint of its open window, written with the rows that it counts.
CREATE TABLE watched (
    model_id   TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    touched_us INTEGER NOT NULL,            -- when it last counted something
    open       TEXT,                        -- JSON: the open window; NULL when none has begun
    past       TEXT    NOT NULL,            -- JSON: this device's own past, on the reference's bins
    labels     TEXT    NOT NULL,            -- JSON: detectors on labelled error
    reference  TEXT    NOT NULL,            -- JSON: the training distribution, for reports
    PRIMARY KEY (model_id, version, sequence)
) STRICT, WITHOUT ROWID;

-- Windows that are closed.
CREATE TABLE drift_window (
    seq        INTEGER PRIMARY KEY,
    epoch      INTEGER NOT NULL,            -- opening in which it began
    number     INTEGER NOT NULL,            -- within that opening; (epoch, number) never comes back
    model_id   TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    ended_us   INTEGER NOT NULL,
    summary    TEXT    NOT NULL,            -- JSON, as it is sent
    judged     TEXT    NOT NULL,            -- JSON: each comparison with its p-value and effect
    UNIQUE (epoch, number)
) STRICT;

-- What was noticed and is not over, or was over within the last windows.
CREATE TABLE alarm (
    seq        INTEGER PRIMARY KEY,
    kind       TEXT    NOT NULL,
    model_id   TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    subject    TEXT    NOT NULL,
    severity   TEXT    NOT NULL,
    since_us   INTEGER NOT NULL,
    last_us    INTEGER NOT NULL,
    windows    INTEGER NOT NULL,            -- windows in a row that showed it
    evidence   TEXT    NOT NULL,            -- JSON: how sure
    cleared_us INTEGER
) STRICT;
CREATE UNIQUE INDEX alarm_open ON alarm (kind, model_id, version, sequence, subject) WHERE cleared_us IS NULL;

-- Summaries that wait to be delivered, oldest first.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,     -- UUIDv7; never changes once attempted
    model_id   TEXT    NOT NULL,
    windows    INTEGER NOT NULL,
    summary    TEXT    NOT NULL,            -- JSON
    body       BLOB,                        -- as sent; NULL until first attempted, the same for ever after
    bytes      INTEGER NOT NULL,            -- of the body, or about what it will take
    attempts   INTEGER NOT NULL,
    shed       INTEGER NOT NULL,            -- 1 once sent without its histograms, because it was too large
    queued_us  INTEGER NOT NULL
) STRICT;

-- One row: how the last attempts went, so that a restart does not forget to wait.
CREATE TABLE outbox_state (
    only            INTEGER PRIMARY KEY CHECK (only = 1),
    failures        INTEGER NOT NULL,       -- in a row
    waiting_from_us INTEGER NOT NULL,
    waiting_us      INTEGER NOT NULL,
    paused          TEXT,                   -- why, when the receiver does not want us
    metered_from_us INTEGER NOT NULL,
    metered_bytes   INTEGER NOT NULL        -- sent over metered links since then
) STRICT;
INSERT INTO outbox_state VALUES (1, 0, 0, 0, NULL, 0, 0);

-- The last attempts, for reports.
CREATE TABLE upload (
    seq     INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL,
    wall_us INTEGER NOT NULL,
    windows INTEGER NOT NULL,
    bytes   INTEGER NOT NULL,
    status  INTEGER,                        -- of HTTP; NULL where there was no answer
    result  TEXT    NOT NULL
) STRICT;

-- One row: how asking the cloud has gone, so that a restart forgets neither the day's budget nor a service in trouble.
CREATE TABLE fallback_state (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    seen_us  INTEGER NOT NULL,              -- the latest wall time ever seen
    day_us   INTEGER NOT NULL,              -- how much of the present day had passed then
    asked    INTEGER NOT NULL,              -- requests within it
    failures INTEGER NOT NULL,              -- in a row
    open_us  INTEGER NOT NULL               -- how long the circuit stays open yet
) STRICT;
INSERT INTO fallback_state VALUES (1, 0, 0, 0, 0, 0);
