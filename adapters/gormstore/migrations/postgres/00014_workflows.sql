-- +goose Up
-- Workflows with all their versions, their runs, and the orders they take down.
CREATE TABLE workflows (
    workspace text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    current bigint NOT NULL,
    definition text COLLATE "C" NOT NULL,
    author text COLLATE "C" NOT NULL,
    created bigint NOT NULL,
    PRIMARY KEY (workspace, name, version),
    FOREIGN KEY (workspace) REFERENCES workspaces (id)
);
CREATE UNIQUE INDEX workflows_current ON workflows (workspace, name) WHERE current = 1;

CREATE TABLE runs (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    workflow text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    step text COLLATE "C" NOT NULL,
    turn bigint NOT NULL,
    memory text COLLATE "C" NOT NULL,
    cause text COLLATE "C" NOT NULL,
    heard text COLLATE "C" NOT NULL,
    until bigint,
    reason text COLLATE "C" NOT NULL,
    began bigint NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, workflow, version) REFERENCES workflows (workspace, name, version)
);
CREATE UNIQUE INDEX runs_cause ON runs (workspace, cause);
CREATE INDEX runs_live ON runs (workspace, conversation) WHERE state <> 'ended';
CREATE INDEX runs_conversation ON runs (workspace, conversation, began);
CREATE INDEX runs_heard ON runs (workspace, heard) WHERE heard <> '';
CREATE INDEX runs_workflow ON runs (workspace, workflow, id);

CREATE TABLE purchases (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    items text COLLATE "C" NOT NULL,
    data text COLLATE "C" NOT NULL,
    created bigint NOT NULL,
    changed bigint NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
);
CREATE INDEX purchases_contact ON purchases (workspace, contact, id);

-- +goose Down
DROP TABLE purchases;
DROP TABLE runs;
DROP TABLE workflows;
