-- +goose Up
-- One mail brings an album: how many of its messages.
ALTER TABLE notices ADD COLUMN album INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE notices DROP COLUMN album;
