-- +goose Up
-- Where a medium lies besides: the other side of a shared number has its own.
ALTER TABLE files ADD COLUMN spare_channel text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN spare text COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE files DROP COLUMN spare;
ALTER TABLE files DROP COLUMN spare_channel;
