-- +goose Up
-- What only one node may do at a time, and which does: a row stays when a lease is given back, for its fence must never shrink.
CREATE TABLE leases (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    fence INTEGER NOT NULL,
    until INTEGER NOT NULL -- by the database's clock
) STRICT;

-- +goose Down
DROP TABLE leases;
