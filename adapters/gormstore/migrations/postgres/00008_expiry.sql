-- +goose Up
-- A small value may end by itself.
ALTER TABLE small_values ADD COLUMN expires BIGINT;
CREATE INDEX small_values_expires ON small_values (expires) WHERE expires IS NOT NULL;

-- +goose Down
DROP INDEX small_values_expires;
ALTER TABLE small_values DROP COLUMN expires;
