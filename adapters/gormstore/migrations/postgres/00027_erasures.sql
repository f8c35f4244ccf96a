-- +goose Up
-- Contacts who were erased: the row stays, empty, for the conversations that reports count. Nothing in these tables tells who it was.
ALTER TABLE contacts ADD COLUMN erased bigint;

-- The proof of each erasure. Search is what is still to be looked for; it is empty once all is done.
CREATE TABLE erasures (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id        text COLLATE "C" NOT NULL,
    contact   text COLLATE "C" NOT NULL,
    author    text COLLATE "C" NOT NULL,
    marks     text COLLATE "C" NOT NULL, -- keyed hashes of the addresses
    counts    text COLLATE "C" NOT NULL,
    search    text COLLATE "C" NOT NULL,
    step      text COLLATE "C" NOT NULL,
    place     text COLLATE "C" NOT NULL,
    asked     bigint NOT NULL,
    done      bigint,
    PRIMARY KEY (workspace, id)
);
CREATE INDEX erasures_contact ON erasures (workspace, contact);

-- Keyed hashes of providers' ids of what was erased, for as long as providers repeat what they sent.
CREATE TABLE erased_ids (
    workspace text COLLATE "C" NOT NULL,
    mark      text COLLATE "C" NOT NULL,
    until     bigint NOT NULL,
    PRIMARY KEY (workspace, mark)
);
CREATE INDEX erased_ids_until ON erased_ids (until);

-- What erased contacts did not want, by a keyed hash of the address that said so. No channel: on any.
CREATE TABLE suppressions (
    workspace text COLLATE "C" NOT NULL,
    mark      text COLLATE "C" NOT NULL,
    channel   text COLLATE "C" NOT NULL,
    marketing boolean NOT NULL,
    at        bigint NOT NULL,
    PRIMARY KEY (workspace, mark, channel, marketing)
);

-- Erasing finds what belongs to a conversation.
CREATE INDEX files_conversation ON files (workspace, conversation);
CREATE INDEX mails_conversation ON mails (workspace, conversation);

-- +goose Down
DROP INDEX mails_conversation;
DROP INDEX files_conversation;
DROP TABLE suppressions;
DROP TABLE erased_ids;
DROP TABLE erasures;
ALTER TABLE contacts DROP COLUMN erased;
