-- +goose Up
-- A channel that was removed stays for its conversations. Its name and its account are free.
DROP INDEX channels_name;
-- contract: what was unique without those that were removed is so with fewer of them.
CREATE UNIQUE INDEX channels_name ON channels (workspace, name) WHERE state <> 'removed';
DROP INDEX channels_account;
-- contract: likewise.
CREATE UNIQUE INDEX channels_account ON channels (kind, account) WHERE account <> '' AND state <> 'removed';

-- +goose Down
DROP INDEX channels_name;
CREATE UNIQUE INDEX channels_name ON channels (workspace, name);
DROP INDEX channels_account;
CREATE UNIQUE INDEX channels_account ON channels (kind, account) WHERE account <> '';
