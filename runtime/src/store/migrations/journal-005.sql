-- journal.db, version 5: answers that only one of two compared bundles gave.

-- In canary, for records that were divided by lot: 0 where the incumbent answered, 1 where the challenger did.
-- `outputs` then holds the answer of that one alone, or nothing where an outcome is waited for and no label.
ALTER TABLE compared ADD COLUMN arm INTEGER;
