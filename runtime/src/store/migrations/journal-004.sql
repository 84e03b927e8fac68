-- journal.db, version 4: changes of bundles' states that no summary has told yet.

CREATE TABLE untold_state (
    model_id TEXT    NOT NULL,
    change   TEXT    NOT NULL,              -- version, new state, cause
    count    INTEGER NOT NULL,
    PRIMARY KEY (model_id, change)
) STRICT, WITHOUT ROWID;
