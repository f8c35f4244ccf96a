-- +goose Up
-- Open conversations are listed by themselves: a few among very many closed ones were met on a walk through them all.
DROP INDEX conversations_inbox;
CREATE INDEX conversations_inbox ON conversations (workspace, state, last_at, id);
DROP INDEX conversations_agent;
CREATE INDEX conversations_agent ON conversations (workspace, agent, state, last_at, id) WHERE agent IS NOT NULL;
DROP INDEX conversations_team;
CREATE INDEX conversations_team ON conversations (workspace, team, state, last_at, id) WHERE team IS NOT NULL;
DROP INDEX conversations_held; -- the list of the agent's open ones has them, too

-- +goose Down
CREATE INDEX conversations_held ON conversations (workspace, agent) WHERE state = 'open' AND agent IS NOT NULL;
DROP INDEX conversations_inbox;
CREATE INDEX conversations_inbox ON conversations (workspace, last_at, id);
DROP INDEX conversations_agent;
CREATE INDEX conversations_agent ON conversations (workspace, agent, last_at, id) WHERE agent IS NOT NULL;
DROP INDEX conversations_team;
CREATE INDEX conversations_team ON conversations (workspace, team, last_at, id) WHERE team IS NOT NULL;
