-- A journal as the first version leaves it: its schema, an opening that was closed, two predictions, a label.
-- An id is (epoch << 32 | counter); label and outcome join by it without a foreign key.

-- One row an opening of the folder that has rows here (or is the present one), in order of opening.
CREATE TABLE epoch (
    seq       INTEGER PRIMARY KEY,
    epoch     INTEGER NOT NULL UNIQUE,
    boot_id   TEXT    NOT NULL,
    opened_us INTEGER NOT NULL,
    accepted  INTEGER NOT NULL,             -- rows handed to the journal when the last transaction was committed
    settled   INTEGER NOT NULL,             -- of these: written, or counted as not written
    in_flight INTEGER NOT NULL,             -- rows that a killed process can take with it, at most
    unsynced  INTEGER NOT NULL,             -- rows that a power cut can take besides, at most
    closed    INTEGER NOT NULL,             -- 1 once nothing is in flight any more
    kept      INTEGER NOT NULL              -- predictions of this epoch that are here now
) STRICT;

-- What many predictions of one epoch share.
CREATE TABLE context (
    id         INTEGER PRIMARY KEY,
    epoch      INTEGER NOT NULL,
    model_id   TEXT    NOT NULL,
    version    TEXT    NOT NULL,
    sequence   INTEGER NOT NULL,
    slot       TEXT    NOT NULL,
    kernel_set TEXT    NOT NULL,
    UNIQUE (epoch, model_id, version, sequence, slot, kernel_set)
) STRICT;

CREATE TABLE prediction (
    id           INTEGER PRIMARY KEY,
    context      INTEGER NOT NULL,
    answered_by  TEXT    NOT NULL,
    verdict      TEXT    NOT NULL,
    reasons      TEXT,                      -- codes, separated by commas
    culprit      TEXT,                      -- feature or tensor that made a record refused
    confidence   REAL,
    distance     REAL,
    latency_us   INTEGER NOT NULL,
    mono_us      INTEGER NOT NULL,          -- since the boot that epoch.boot_id names
    wall_us      INTEGER NOT NULL,          -- since 1970, UTC
    subject_hash BLOB,
    features     TEXT,                      -- JSON, as the privacy classes allow
    output       TEXT                       -- JSON
) STRICT;

CREATE TABLE label (
    id      INTEGER PRIMARY KEY,
    value   TEXT    NOT NULL,               -- JSON scalar; the last one stands
    wall_us INTEGER NOT NULL
) STRICT;

CREATE TABLE outcome (
    id      INTEGER NOT NULL,
    name    TEXT    NOT NULL,
    value   TEXT    NOT NULL,               -- JSON scalar; the last one stands
    wall_us INTEGER NOT NULL,
    PRIMARY KEY (id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
    seq     INTEGER PRIMARY KEY,
    wall_us INTEGER NOT NULL,
    kind    TEXT    NOT NULL,
    detail  TEXT    NOT NULL                -- JSON object
) STRICT;

CREATE TABLE counter (
    name  TEXT    PRIMARY KEY,
    total INTEGER NOT NULL                  -- cumulative over the life of the installation
) STRICT, WITHOUT ROWID;

-- Maintained with the rows, so that nothing is counted at open.
CREATE TABLE total (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    predictions INTEGER NOT NULL
) STRICT;
INSERT INTO total (only, predictions) VALUES (1, 0);

-- For people and tools.
CREATE VIEW prediction_row AS
SELECT p.id, (p.id >> 32) || '-' || (p.id & 0xffffffff) AS name,
       c.model_id, c.version, c.sequence, c.slot, p.answered_by, p.verdict, p.reasons, p.culprit,
       p.confidence, p.distance, p.latency_us, c.kernel_set, e.boot_id, p.mono_us, p.wall_us,
       p.subject_hash, p.features, p.output, l.value AS label
  FROM prediction p
 CROSS JOIN context c ON c.id = p.context   -- CROSS fixes the order: predictions are walked by id
 CROSS JOIN epoch e ON e.epoch = c.epoch
  LEFT JOIN label l ON l.id = p.id;

INSERT INTO epoch (seq, epoch, boot_id, opened_us, accepted, settled, in_flight, unsynced, closed, kept)
VALUES (1, 3, 'boot', 1700000000000000, 3, 3, 0, 0, 1, 2);
INSERT INTO context VALUES (1, 3, 'digits', '1.0.0', 1, 'active', 'scalar');
INSERT INTO prediction VALUES
    (3 << 32 | 1, 1, 'model', 'accept', NULL, NULL, 0.9, 1.0, 50, 10, 1700000000000000, NULL, NULL, '{"digit":"7"}'),
    (3 << 32 | 2, 1, 'none', 'refused', 'missing', 'image', NULL, NULL, 5, 20, 1700000000000020, NULL, NULL, NULL);
INSERT INTO label VALUES (3 << 32 | 1, '"7"', 1700000000000030);
UPDATE total SET predictions = 2;
PRAGMA application_id = 1148087370;
PRAGMA user_version = 1;
