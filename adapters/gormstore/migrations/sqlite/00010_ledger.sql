-- +goose Up
-- Two channels may be two sides of one phone number. What both see is one message: the ledger knows it by the id that they share.
ALTER TABLE channels ADD COLUMN number TEXT NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN phone INTEGER NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN twin TEXT NOT NULL DEFAULT '';
CREATE INDEX channels_number ON channels (workspace, number) WHERE number <> '';

CREATE TABLE ledger (
    workspace      TEXT    NOT NULL REFERENCES workspaces (id),
    number         TEXT    NOT NULL,
    stanza         TEXT    NOT NULL,
    direction      TEXT    NOT NULL,
    contact        TEXT    NOT NULL, -- of what came in; empty for what went out
    part           TEXT    NOT NULL,
    message        TEXT    NOT NULL,
    conversation   TEXT    NOT NULL,
    at             INTEGER,
    api_provider   TEXT    NOT NULL,
    api_how        TEXT    NOT NULL,
    api_seen       INTEGER,
    phone_provider TEXT    NOT NULL,
    phone_how      TEXT    NOT NULL,
    phone_seen     INTEGER,
    PRIMARY KEY (workspace, number, stanza, direction, contact),
    FOREIGN KEY (workspace, part) REFERENCES parts (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
) STRICT;
CREATE INDEX ledger_day ON ledger (workspace, number, at);
CREATE INDEX ledger_conversation ON ledger (workspace, conversation);
CREATE INDEX ledger_part ON ledger (workspace, part);

-- Which event told of an identity, and on which channel.
ALTER TABLE identities ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN event TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE identities DROP COLUMN event;
ALTER TABLE identities DROP COLUMN channel;
DROP TABLE ledger;
DROP INDEX channels_number;
ALTER TABLE channels DROP COLUMN twin;
ALTER TABLE channels DROP COLUMN phone;
ALTER TABLE channels DROP COLUMN number;
