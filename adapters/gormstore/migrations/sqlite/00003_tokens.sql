-- +goose Up
-- The last fencing token that a start of a job was given. Numbers of jobs will not do: SQLite gives those of deleted rows out again.
CREATE TABLE queue_tokens (
    one  INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    last INTEGER NOT NULL
) STRICT;
INSERT INTO queue_tokens (one, last) VALUES (1, 0);

-- +goose Down
DROP TABLE queue_tokens;
