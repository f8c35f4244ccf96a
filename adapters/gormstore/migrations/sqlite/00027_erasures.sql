-- +goose Up
-- Contacts who were erased: the row stays, empty, for the conversations that reports count. Nothing in these tables tells who it was.
ALTER TABLE contacts ADD COLUMN erased INTEGER;

-- The proof of each erasure. Search is what is still to be looked for; it is empty once all is done.
CREATE TABLE erasures (
    workspace TEXT    NOT NULL REFERENCES workspaces (id),
    id        TEXT    NOT NULL,
    contact   TEXT    NOT NULL,
    author    TEXT    NOT NULL,
    marks     TEXT    NOT NULL, -- keyed hashes of the addresses
    counts    TEXT    NOT NULL,
    search    TEXT    NOT NULL,
    step      TEXT    NOT NULL,
    place     TEXT    NOT NULL,
    asked     INTEGER NOT NULL,
    done      INTEGER,
    PRIMARY KEY (workspace, id)
) STRICT;
CREATE INDEX erasures_contact ON erasures (workspace, contact);

-- Keyed hashes of providers' ids of what was erased, for as long as providers repeat what they sent.
CREATE TABLE erased_ids (
    workspace TEXT    NOT NULL,
    mark      TEXT    NOT NULL,
    until     INTEGER NOT NULL,
    PRIMARY KEY (workspace, mark)
) STRICT, WITHOUT ROWID;
CREATE INDEX erased_ids_until ON erased_ids (until);

-- What erased contacts did not want, by a keyed hash of the address that said so. No channel: on any.
CREATE TABLE suppressions (
    workspace TEXT    NOT NULL,
    mark      TEXT    NOT NULL,
    channel   TEXT    NOT NULL,
    marketing INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (workspace, mark, channel, marketing)
) STRICT, WITHOUT ROWID;

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
