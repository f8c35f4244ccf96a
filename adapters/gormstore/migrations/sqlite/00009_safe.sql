-- +goose Up
-- The sealed records that a channel's session keeps: keys, ratchets and what its protocol's library remembers.
CREATE TABLE safe_records (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    space     TEXT NOT NULL,
    key       TEXT NOT NULL,
    box       BLOB NOT NULL,
    expires   INTEGER,
    PRIMARY KEY (workspace, channel, space, key),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX safe_records_expires ON safe_records (expires) WHERE expires IS NOT NULL;

-- +goose Down
DROP TABLE safe_records;
