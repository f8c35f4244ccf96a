-- +goose Up
-- What was given up is looked for by the doctor and the status, among all that was ever sent. Only what failed is in this index.
CREATE INDEX parts_failed ON parts (workspace, channel, id) WHERE status = 'failed';

-- +goose Down
DROP INDEX parts_failed;
