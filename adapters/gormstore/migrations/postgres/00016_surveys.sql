-- +goose Up
-- What contacts said of a conversation that was closed; a score of 0 is no answer yet.
CREATE TABLE surveys (
    workspace text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    agent text COLLATE "C" NOT NULL,
    team text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    asked bigint NOT NULL,
    score bigint NOT NULL,
    answered bigint,
    comment text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, conversation),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
);
CREATE INDEX surveys_contact ON surveys (workspace, contact, asked);
CREATE INDEX surveys_asked ON surveys (workspace, asked);

-- +goose Down
DROP TABLE surveys;
