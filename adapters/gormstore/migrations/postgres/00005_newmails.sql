-- +goose Up
-- The next mail of a conversation.
CREATE INDEX mails_new ON mails (workspace, conversation, id) WHERE state = 'new';

-- +goose Down
DROP INDEX mails_new;
