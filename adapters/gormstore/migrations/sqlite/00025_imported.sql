-- +goose Up
-- What was imported is read by its own time, everything else by its sequence.
DROP INDEX messages_seq;
CREATE INDEX messages_seq ON messages (workspace, conversation, historic, seq);
CREATE INDEX messages_imported ON messages (workspace, conversation, at, seq) WHERE historic;

-- +goose Down
DROP INDEX messages_imported;
DROP INDEX messages_seq;
CREATE INDEX messages_seq ON messages (workspace, conversation, seq);
