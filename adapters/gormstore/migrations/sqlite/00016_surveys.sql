-- +goose Up
-- What contacts said of a conversation that was closed; a score of 0 is no answer yet.
CREATE TABLE surveys (
    workspace    TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    contact      TEXT    NOT NULL,
    agent        TEXT    NOT NULL,
    team         TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    asked        INTEGER NOT NULL,
    score        INTEGER NOT NULL,
    answered     INTEGER,
    comment      TEXT    NOT NULL,
    PRIMARY KEY (workspace, conversation),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
) STRICT;
CREATE INDEX surveys_contact ON surveys (workspace, contact, asked);
CREATE INDEX surveys_asked ON surveys (workspace, asked);

-- +goose Down
DROP TABLE surveys;
