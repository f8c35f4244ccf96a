-- +goose Up
-- The sealed records that a channel's session keeps: keys, ratchets and what its protocol's library remembers.
CREATE TABLE safe_records (
    workspace text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    space text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    box bytea NOT NULL,
    expires bigint,
    PRIMARY KEY (workspace, channel, space, key),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id) ON DELETE CASCADE
);
CREATE INDEX safe_records_expires ON safe_records (expires) WHERE expires IS NOT NULL;

-- +goose Down
DROP TABLE safe_records;
