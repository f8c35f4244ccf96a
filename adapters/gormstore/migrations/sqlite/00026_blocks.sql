-- +goose Up
-- Whether a contact blocked the channel's account, rather than asked for silence.
ALTER TABLE wishes ADD COLUMN block INTEGER NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE wishes DROP COLUMN block;
