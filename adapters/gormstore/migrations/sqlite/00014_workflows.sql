-- +goose Up
-- Workflows with all their versions, their runs, and the orders they take down.
CREATE TABLE workflows (
    workspace TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    current INTEGER NOT NULL,
    definition TEXT NOT NULL,
    author TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (workspace, name, version),
    FOREIGN KEY (workspace) REFERENCES workspaces (id)
) STRICT;
CREATE UNIQUE INDEX workflows_current ON workflows (workspace, name) WHERE current = 1;

CREATE TABLE runs (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    workflow TEXT NOT NULL,
    version INTEGER NOT NULL,
    conversation TEXT NOT NULL,
    contact TEXT NOT NULL,
    state TEXT NOT NULL,
    step TEXT NOT NULL,
    turn INTEGER NOT NULL,
    memory TEXT NOT NULL,
    cause TEXT NOT NULL,
    heard TEXT NOT NULL,
    until INTEGER,
    reason TEXT NOT NULL,
    began INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, workflow, version) REFERENCES workflows (workspace, name, version)
) STRICT;
CREATE UNIQUE INDEX runs_cause ON runs (workspace, cause);
CREATE INDEX runs_live ON runs (workspace, conversation) WHERE state <> 'ended';
CREATE INDEX runs_conversation ON runs (workspace, conversation, began);
CREATE INDEX runs_heard ON runs (workspace, heard) WHERE heard <> '';
CREATE INDEX runs_workflow ON runs (workspace, workflow, id);

CREATE TABLE purchases (
    workspace TEXT NOT NULL,
    id TEXT NOT NULL,
    conversation TEXT NOT NULL,
    contact TEXT NOT NULL,
    state TEXT NOT NULL,
    items TEXT NOT NULL,
    data TEXT NOT NULL,
    created INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
) STRICT;
CREATE INDEX purchases_contact ON purchases (workspace, contact, id);

-- +goose Down
DROP TABLE purchases;
DROP TABLE runs;
DROP TABLE workflows;
