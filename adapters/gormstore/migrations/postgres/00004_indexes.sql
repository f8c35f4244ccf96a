-- +goose Up
-- The people's own lists, and a contact's identities in their order without a look through all of the workspace's.
CREATE INDEX conversations_agent ON conversations (workspace, agent, last_at, id) WHERE agent IS NOT NULL;
CREATE INDEX conversations_team ON conversations (workspace, team, last_at, id) WHERE team IS NOT NULL;
DROP INDEX identities_contact;
CREATE INDEX identities_contact ON identities (workspace, contact, id);

-- +goose Down
DROP INDEX conversations_agent;
DROP INDEX conversations_team;
