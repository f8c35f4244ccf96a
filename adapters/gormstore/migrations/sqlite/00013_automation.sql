-- +goose Up
-- What automation works with. A happening goes when automation has dealt with it.
CREATE TABLE happenings (
    workspace    TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    author       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (workspace, conversation, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE handlings (
    workspace    TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    priority     INTEGER NOT NULL,
    tags         TEXT    NOT NULL,
    snoozed      INTEGER,
    queued       INTEGER,
    assigned     INTEGER,
    answered     INTEGER,
    touched      INTEGER,
    PRIMARY KEY (workspace, conversation),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
) STRICT;
CREATE INDEX handlings_queued ON handlings (workspace, queued) WHERE queued IS NOT NULL;
CREATE INDEX handlings_snoozed ON handlings (snoozed) WHERE snoozed IS NOT NULL;

CREATE TABLE contact_fields (
    workspace TEXT NOT NULL,
    contact   TEXT NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    PRIMARY KEY (workspace, contact, name),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE contact_tags (
    workspace TEXT NOT NULL,
    contact   TEXT NOT NULL,
    tag       TEXT NOT NULL,
    PRIMARY KEY (workspace, contact, tag),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_tags_tag ON contact_tags (workspace, tag);

-- +goose Down
DROP TABLE contact_tags;
DROP TABLE contact_fields;
DROP TABLE handlings;
DROP TABLE happenings;
