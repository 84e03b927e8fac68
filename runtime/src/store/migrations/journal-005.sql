-- journal.db, version 5: records that only one of two compared bundles ran on, and whose outcome may come.

-- In canary, for records that were divided by lot: 0 where the incumbent answered, 1 where the challenger did; null where that is
-- not counted, or was counted. `outputs` holds the answers of both where both ran, that of one where one did, and
-- nothing where no label is waited for any more.
ALTER TABLE compared ADD COLUMN arm INTEGER;
