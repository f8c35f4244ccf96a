-- +goose Up
-- One message to many contacts, and what became of each of them.
CREATE TABLE broadcasts (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    id        TEXT NOT NULL,
    state     TEXT NOT NULL,
    doc       TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) STRICT;

CREATE TABLE broadcast_recipients (
    workspace TEXT NOT NULL,
    broadcast TEXT NOT NULL,
    contact   TEXT NOT NULL,
    state     TEXT NOT NULL,
    code      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    message   TEXT NOT NULL,
    at        INTEGER,
    PRIMARY KEY (workspace, broadcast, contact),
    FOREIGN KEY (workspace, broadcast) REFERENCES broadcasts (workspace, id),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX broadcast_recipients_waiting ON broadcast_recipients (workspace, broadcast, contact) WHERE state = 'waiting';

-- +goose Down
DROP TABLE broadcast_recipients;
DROP TABLE broadcasts;
