-- +goose Up
-- SQLite makes a table of a list of four values for each row that is inserted, which cost as much as storing the part.
DROP INDEX parts_next;
CREATE INDEX parts_next ON parts (workspace, conversation, seq) WHERE (status = 'queued' OR status = 'parked' OR status = 'sending' OR status = 'unknown');
DROP INDEX parts_status;
CREATE INDEX parts_status ON parts (workspace, channel, status, id) WHERE (status = 'queued' OR status = 'parked' OR status = 'sending' OR status = 'unknown');

-- +goose Down
DROP INDEX parts_next;
CREATE INDEX parts_next ON parts (workspace, conversation, seq) WHERE status IN ('queued', 'parked', 'sending', 'unknown');
DROP INDEX parts_status;
CREATE INDEX parts_status ON parts (workspace, channel, status, id) WHERE status IN ('queued', 'parked', 'sending', 'unknown');
