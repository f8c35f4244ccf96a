-- +goose Up
-- What only one node may do at a time, and which does: a row stays when a lease is given back, for its fence must never shrink.
CREATE TABLE leases (
    name text COLLATE "C" NOT NULL PRIMARY KEY,
    holder text COLLATE "C" NOT NULL,
    fence bigint NOT NULL,
    until bigint NOT NULL -- by the database's clock
);
-- The fence is part of a key, so that a change of hands waits for transactions that hold the lease, while a renewal does not.
CREATE UNIQUE INDEX leases_fence ON leases (name, fence);

-- +goose Down
DROP TABLE leases;
