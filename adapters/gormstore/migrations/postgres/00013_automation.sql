-- +goose Up
-- What automation works with. A happening goes when automation has dealt with it.
CREATE TABLE happenings (
    workspace text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    author text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (workspace, conversation, id)
);

CREATE TABLE handlings (
    workspace text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    priority bigint NOT NULL,
    tags text COLLATE "C" NOT NULL,
    snoozed bigint,
    queued bigint,
    assigned bigint,
    answered bigint,
    touched bigint,
    PRIMARY KEY (workspace, conversation),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
);
CREATE INDEX handlings_queued ON handlings (workspace, queued) WHERE queued IS NOT NULL;
CREATE INDEX handlings_snoozed ON handlings (snoozed) WHERE snoozed IS NOT NULL;

CREATE TABLE contact_fields (
    workspace text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, contact, name),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
);

CREATE TABLE contact_tags (
    workspace text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    tag text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, contact, tag),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
);
CREATE INDEX contact_tags_tag ON contact_tags (workspace, tag);

-- +goose Down
DROP TABLE contact_tags;
DROP TABLE contact_fields;
DROP TABLE handlings;
DROP TABLE happenings;
