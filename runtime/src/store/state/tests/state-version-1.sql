-- What state.db's first version left behind: an installation, two models, a refusal, a counter. Never edited.

CREATE TABLE install (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    install_id BLOB    NOT NULL,            -- 16 random bytes; reset at the user's wish
    hash_key   BLOB    NOT NULL,            -- 32 random bytes; never leaves the device
    open_epoch INTEGER NOT NULL,            -- writable openings so far
    clean      INTEGER NOT NULL             -- 1 once the present opening has been closed in order
) STRICT;

CREATE TABLE model (
    digest       TEXT    PRIMARY KEY,       -- SHA-256 of the bundle, hex
    model_id     TEXT    NOT NULL,
    version      TEXT    NOT NULL,
    sequence     INTEGER NOT NULL,
    file         TEXT    NOT NULL,          -- name within the folder of installed bundles
    slot         TEXT    NOT NULL CHECK (slot IN ('active', 'previous', 'candidate')),
    installed_us INTEGER NOT NULL,
    UNIQUE (model_id, slot)
) STRICT, WITHOUT ROWID;

-- Outlives the models themselves: what an attacker would have to lower.
CREATE TABLE highest_sequence (
    model_id TEXT    PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE refusal (
    id         INTEGER PRIMARY KEY,
    model_id   TEXT,                        -- NULL where the bundle could not be read that far
    version    TEXT,
    digest     TEXT,
    code       TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    refused_us INTEGER NOT NULL
) STRICT;

CREATE TABLE counter (
    name  TEXT    PRIMARY KEY,
    total INTEGER NOT NULL                  -- cumulative over the life of the installation
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 1148087379;
PRAGMA user_version = 1;
INSERT INTO install VALUES (1, x'000102030405060708090a0b0c0d0e0f', x'000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 4, 1);
INSERT INTO model VALUES ('digest of 1.0.0', 'digits', '1.0.0', 1, '1.0.0.dunlin', 'previous', 1700000000000000);
INSERT INTO model VALUES ('digest of 1.1.0', 'digits', '1.1.0', 2, '1.1.0.dunlin', 'active', 1700000001000000);
INSERT INTO highest_sequence VALUES ('digits', 2);
INSERT INTO refusal VALUES (1, NULL, NULL, NULL, 'older', 'an old one', 1700000002000000);
INSERT INTO counter VALUES ('registry.refused', 1);
