-- +goose Up
-- Two channels may be two sides of one phone number. What both see is one message: the ledger knows it by the id that they share.
ALTER TABLE channels ADD COLUMN number text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE channels ADD COLUMN phone boolean NOT NULL DEFAULT false;
ALTER TABLE channels ADD COLUMN twin text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX channels_number ON channels (workspace, number) WHERE number <> '';

CREATE TABLE ledger (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    number text COLLATE "C" NOT NULL,
    stanza text COLLATE "C" NOT NULL,
    direction text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL, -- of what came in; empty for what went out
    part text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    at bigint,
    api_provider text COLLATE "C" NOT NULL,
    api_how text COLLATE "C" NOT NULL,
    api_seen bigint,
    phone_provider text COLLATE "C" NOT NULL,
    phone_how text COLLATE "C" NOT NULL,
    phone_seen bigint,
    PRIMARY KEY (workspace, number, stanza, direction, contact),
    FOREIGN KEY (workspace, part) REFERENCES parts (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
);
CREATE INDEX ledger_day ON ledger (workspace, number, at);
CREATE INDEX ledger_conversation ON ledger (workspace, conversation);
CREATE INDEX ledger_part ON ledger (workspace, part);

-- Which event told of an identity, and on which channel.
ALTER TABLE identities ADD COLUMN channel text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE identities ADD COLUMN event text COLLATE "C" NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE identities DROP COLUMN event;
ALTER TABLE identities DROP COLUMN channel;
DROP TABLE ledger;
DROP INDEX channels_number;
ALTER TABLE channels DROP COLUMN twin;
ALTER TABLE channels DROP COLUMN phone;
ALTER TABLE channels DROP COLUMN number;
