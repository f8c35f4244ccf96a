-- +goose Up
-- Whether a contact blocked the channel's account, rather than asked for silence.
ALTER TABLE wishes ADD COLUMN block boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE wishes DROP COLUMN block;
