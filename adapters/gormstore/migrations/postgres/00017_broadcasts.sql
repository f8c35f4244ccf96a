-- +goose Up
-- One message to many contacts, and what became of each of them.
CREATE TABLE broadcasts (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    doc text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE broadcast_recipients (
    workspace text COLLATE "C" NOT NULL,
    broadcast text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    at bigint,
    PRIMARY KEY (workspace, broadcast, contact),
    FOREIGN KEY (workspace, broadcast) REFERENCES broadcasts (workspace, id),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
);
CREATE INDEX broadcast_recipients_waiting ON broadcast_recipients (workspace, broadcast, contact) WHERE state = 'waiting';

-- +goose Down
DROP TABLE broadcast_recipients;
DROP TABLE broadcasts;
