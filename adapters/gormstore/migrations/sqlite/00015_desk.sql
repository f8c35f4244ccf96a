-- +goose Up
-- Who is there, and what waits for whom. A team's queue is named by its id, that of all agents by the empty text.
ALTER TABLE agents ADD COLUMN duty TEXT NOT NULL DEFAULT '{}';
ALTER TABLE teams ADD COLUMN desk TEXT NOT NULL DEFAULT '{}';
ALTER TABLE handlings ADD COLUMN queue TEXT NOT NULL DEFAULT '';
ALTER TABLE handlings ADD COLUMN wants TEXT NOT NULL DEFAULT '{}';
CREATE INDEX handlings_queue ON handlings (workspace, queue, priority DESC, queued, conversation) WHERE queued IS NOT NULL;
CREATE INDEX conversations_held ON conversations (workspace, agent) WHERE state = 'open' AND agent IS NOT NULL;

CREATE TABLE duties (
    workspace TEXT NOT NULL,
    agent     TEXT NOT NULL,
    presence  TEXT NOT NULL,
    until     INTEGER,
    since     INTEGER,
    answered  INTEGER,
    given     INTEGER,
    PRIMARY KEY (workspace, agent),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE desks (
    workspace TEXT NOT NULL PRIMARY KEY REFERENCES workspaces (id),
    doc       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE desks;
DROP TABLE duties;
DROP INDEX conversations_held;
DROP INDEX handlings_queue;
ALTER TABLE handlings DROP COLUMN wants;
ALTER TABLE handlings DROP COLUMN queue;
ALTER TABLE teams DROP COLUMN desk;
ALTER TABLE agents DROP COLUMN duty;
