-- +goose Up
-- Who is there, and what waits for whom. A team's queue is named by its id, that of all agents by the empty text.
ALTER TABLE agents ADD COLUMN duty text COLLATE "C" NOT NULL DEFAULT '{}';
ALTER TABLE teams ADD COLUMN desk text COLLATE "C" NOT NULL DEFAULT '{}';
ALTER TABLE handlings ADD COLUMN queue text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE handlings ADD COLUMN wants text COLLATE "C" NOT NULL DEFAULT '{}';
CREATE INDEX handlings_queue ON handlings (workspace, queue, priority DESC, queued, conversation) WHERE queued IS NOT NULL;
CREATE INDEX conversations_held ON conversations (workspace, agent) WHERE state = 'open' AND agent IS NOT NULL;

CREATE TABLE duties (
    workspace text COLLATE "C" NOT NULL,
    agent text COLLATE "C" NOT NULL,
    presence text COLLATE "C" NOT NULL,
    until bigint,
    since bigint,
    answered bigint,
    given bigint,
    PRIMARY KEY (workspace, agent),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id)
);

CREATE TABLE desks (
    workspace text COLLATE "C" NOT NULL PRIMARY KEY REFERENCES workspaces (id),
    doc text COLLATE "C" NOT NULL
);

-- +goose Down
DROP TABLE desks;
DROP TABLE duties;
DROP INDEX conversations_held;
DROP INDEX handlings_queue;
ALTER TABLE handlings DROP COLUMN wants;
ALTER TABLE handlings DROP COLUMN queue;
ALTER TABLE teams DROP COLUMN desk;
ALTER TABLE agents DROP COLUMN duty;
