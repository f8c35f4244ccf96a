-- +goose Up
-- Times are whole microseconds since 1970 in UTC, NULL for none. Lengths of time are nanoseconds. Structured values are JSON text.
-- A tenant's rows are keyed and joined by (workspace, id), so that no row can ever point into another workspace.

CREATE TABLE workspaces (
    id          TEXT    NOT NULL PRIMARY KEY,
    name        TEXT    NOT NULL UNIQUE,
    last_number INTEGER NOT NULL DEFAULT 0, -- of its conversations
    created     INTEGER NOT NULL
) STRICT;

CREATE TABLE channels (
    workspace   TEXT    NOT NULL REFERENCES workspaces (id),
    id          TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    account     TEXT    NOT NULL,
    settings    TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    health      TEXT    NOT NULL,
    free_window INTEGER NOT NULL,
    seen_in     INTEGER,
    created     INTEGER,
    PRIMARY KEY (workspace, id)
) STRICT;
CREATE UNIQUE INDEX channels_id ON channels (id);
CREATE UNIQUE INDEX channels_name ON channels (workspace, name);
CREATE UNIQUE INDEX channels_account ON channels (kind, account) WHERE account <> '';

CREATE TABLE sealed_secrets (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    owner     TEXT NOT NULL,
    name      TEXT NOT NULL,
    box       BLOB NOT NULL,
    hint      TEXT NOT NULL,
    set_at    INTEGER,
    PRIMARY KEY (workspace, owner, name)
) STRICT;

CREATE TABLE small_values (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    owner     TEXT NOT NULL,
    name      TEXT NOT NULL,
    value     BLOB NOT NULL,
    PRIMARY KEY (workspace, owner, name)
) STRICT;

CREATE TABLE templates (
    workspace   TEXT    NOT NULL,
    channel     TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    language    TEXT    NOT NULL,
    provider_id TEXT    NOT NULL,
    category    TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    quality     TEXT    NOT NULL,
    named       INTEGER NOT NULL,
    components  TEXT    NOT NULL,
    synced      INTEGER,
    PRIMARY KEY (workspace, channel, name, language),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
) STRICT;

CREATE TABLE channel_log (
    workspace TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    channel   TEXT    NOT NULL,
    at        INTEGER,
    inward    INTEGER NOT NULL,
    method    TEXT    NOT NULL,
    url       TEXT    NOT NULL,
    status    INTEGER NOT NULL,
    took      INTEGER NOT NULL,
    request   TEXT    NOT NULL,
    response  TEXT    NOT NULL,
    note      TEXT    NOT NULL,
    PRIMARY KEY (workspace, channel, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
) STRICT;
CREATE INDEX channel_log_at ON channel_log (at);

CREATE TABLE agents (
    workspace TEXT    NOT NULL REFERENCES workspaces (id),
    id        TEXT    NOT NULL,
    name      TEXT    NOT NULL,
    addresses TEXT    NOT NULL,
    language  TEXT    NOT NULL,
    epoch     INTEGER NOT NULL,
    disabled  INTEGER NOT NULL,
    created   INTEGER,
    PRIMARY KEY (workspace, id)
) STRICT;
CREATE UNIQUE INDEX agents_name ON agents (workspace, name);

CREATE TABLE agent_addresses (
    workspace TEXT NOT NULL,
    address   TEXT NOT NULL,
    agent     TEXT NOT NULL,
    PRIMARY KEY (workspace, address),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id)
) STRICT;
CREATE INDEX agent_addresses_agent ON agent_addresses (workspace, agent);

CREATE TABLE teams (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    id        TEXT NOT NULL,
    name      TEXT NOT NULL,
    members   TEXT NOT NULL,
    PRIMARY KEY (workspace, id)
) STRICT;
CREATE UNIQUE INDEX teams_name ON teams (workspace, name);

CREATE TABLE forwards (
    workspace  TEXT    NOT NULL REFERENCES workspaces (id),
    id         TEXT    NOT NULL,
    name       TEXT    NOT NULL,
    channel    TEXT,
    team       TEXT,
    recipients TEXT    NOT NULL,
    assigned   INTEGER NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, team) REFERENCES teams (workspace, id)
) STRICT;

CREATE TABLE api_keys (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    id        TEXT NOT NULL,
    name      TEXT NOT NULL,
    hash      BLOB NOT NULL,
    scopes    TEXT NOT NULL,
    created   INTEGER,
    revoked   INTEGER,
    PRIMARY KEY (workspace, id)
) STRICT;
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE contacts (
    workspace      TEXT    NOT NULL REFERENCES workspaces (id),
    id             TEXT    NOT NULL,
    name           TEXT    NOT NULL,
    language       TEXT    NOT NULL,
    opted_out      INTEGER NOT NULL,
    marketing_stop INTEGER NOT NULL,
    blocked        INTEGER NOT NULL,
    merged_into    TEXT,
    created        INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, merged_into) REFERENCES contacts (workspace, id)
) STRICT;

CREATE TABLE identities (
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    contact   TEXT NOT NULL,
    scheme    TEXT NOT NULL,
    scope     TEXT NOT NULL,
    value     TEXT NOT NULL,
    source    TEXT NOT NULL,
    seen      INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
) STRICT;
CREATE UNIQUE INDEX identities_key ON identities (workspace, scheme, scope, value);
CREATE INDEX identities_contact ON identities (workspace, contact);

CREATE TABLE merges (
    workspace     TEXT NOT NULL,
    id            TEXT NOT NULL,
    into_contact  TEXT NOT NULL,
    from_contact  TEXT NOT NULL,
    identities    TEXT NOT NULL,
    conversations TEXT NOT NULL,
    reason        TEXT NOT NULL,
    at            INTEGER,
    undone        INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, into_contact) REFERENCES contacts (workspace, id),
    FOREIGN KEY (workspace, from_contact) REFERENCES contacts (workspace, id)
) STRICT;
CREATE INDEX merges_into ON merges (workspace, into_contact);
CREATE INDEX merges_from ON merges (workspace, from_contact);

CREATE TABLE reply_windows (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    identity  TEXT NOT NULL,
    last      INTEGER,
    closed    INTEGER,
    PRIMARY KEY (workspace, identity, channel),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, identity) REFERENCES identities (workspace, id)
) STRICT;

CREATE TABLE conversations (
    workspace TEXT    NOT NULL REFERENCES workspaces (id),
    id        TEXT    NOT NULL,
    contact   TEXT    NOT NULL,
    number    INTEGER,
    state     TEXT    NOT NULL,
    channel   TEXT,
    agent     TEXT,
    team      TEXT,
    subject   TEXT    NOT NULL,
    opened    INTEGER,
    closed    INTEGER,
    last_at   INTEGER,
    waiting   INTEGER,
    seq       INTEGER NOT NULL,
    referral  TEXT,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id),
    FOREIGN KEY (workspace, team) REFERENCES teams (workspace, id)
) STRICT;
CREATE UNIQUE INDEX conversations_id ON conversations (id);
CREATE UNIQUE INDEX conversations_number ON conversations (workspace, number);
CREATE UNIQUE INDEX conversations_one_open ON conversations (workspace, contact) WHERE state = 'open';
CREATE INDEX conversations_contact ON conversations (workspace, contact, number);
CREATE INDEX conversations_inbox ON conversations (workspace, last_at, id);

CREATE TABLE conversation_events (
    workspace    TEXT NOT NULL,
    conversation TEXT NOT NULL,
    id           TEXT NOT NULL,
    kind         TEXT NOT NULL,
    author       TEXT NOT NULL,
    message      TEXT NOT NULL,
    code         TEXT NOT NULL,
    data         TEXT NOT NULL,
    text         TEXT NOT NULL,
    at           INTEGER,
    PRIMARY KEY (workspace, conversation, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
) STRICT;

CREATE TABLE lanes (
    workspace TEXT    NOT NULL REFERENCES workspaces (id),
    lane      TEXT    NOT NULL,
    token     INTEGER NOT NULL,
    PRIMARY KEY (workspace, lane)
) STRICT;

CREATE TABLE messages (
    workspace    TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    contact      TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    identity     TEXT    NOT NULL,
    direction    TEXT    NOT NULL,
    author       TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    content      TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    error        TEXT,
    at           INTEGER,
    created      INTEGER,
    edited       INTEGER,
    revoked      INTEGER,
    historic     INTEGER NOT NULL,
    key          TEXT    NOT NULL,
    human        INTEGER NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
) STRICT;
CREATE UNIQUE INDEX messages_key ON messages (workspace, key) WHERE key <> '';
CREATE INDEX messages_seq ON messages (workspace, conversation, seq);

CREATE TABLE parts (
    workspace    TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    message      TEXT    NOT NULL,
    conversation TEXT    NOT NULL,
    channel      TEXT    NOT NULL,
    seq          INTEGER NOT NULL,
    content      TEXT    NOT NULL,
    provider     TEXT    NOT NULL,
    stanza       TEXT    NOT NULL,
    status       TEXT    NOT NULL,
    error        TEXT,
    attempts     INTEGER NOT NULL,
    not_before   INTEGER,
    sent         INTEGER,
    updated      INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
) STRICT;
-- A part has conversation and channel of its message.
CREATE UNIQUE INDEX parts_provider ON parts (channel, provider) WHERE provider <> '';
CREATE INDEX parts_message ON parts (workspace, message);
CREATE INDEX parts_next ON parts (workspace, conversation, seq) WHERE status IN ('queued', 'parked', 'sending', 'unknown');
CREATE INDEX parts_status ON parts (workspace, channel, status, id) WHERE status IN ('queued', 'parked', 'sending', 'unknown');

CREATE TABLE attempts (
    workspace TEXT    NOT NULL,
    part      TEXT    NOT NULL,
    id        TEXT    NOT NULL,
    number    INTEGER NOT NULL,
    at        INTEGER,
    took      INTEGER NOT NULL,
    result    TEXT    NOT NULL,
    PRIMARY KEY (workspace, part, id),
    FOREIGN KEY (workspace, part) REFERENCES parts (workspace, id)
) STRICT;

CREATE TABLE versions (
    workspace TEXT NOT NULL,
    message   TEXT NOT NULL,
    id        TEXT NOT NULL,
    content   TEXT NOT NULL,
    until     INTEGER,
    PRIMARY KEY (workspace, message, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
) STRICT;

CREATE TABLE reactions (
    workspace TEXT NOT NULL,
    message   TEXT NOT NULL,
    who       TEXT NOT NULL,
    author    TEXT NOT NULL,
    emoji     TEXT NOT NULL, -- empty: taken back, kept so that an older one stays away
    at        INTEGER,
    PRIMARY KEY (workspace, message, who),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
) STRICT;

CREATE TABLE files (
    workspace    TEXT    NOT NULL REFERENCES workspaces (id),
    id           TEXT    NOT NULL,
    channel      TEXT,
    conversation TEXT,
    message      TEXT,
    media        TEXT    NOT NULL,
    mime         TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    size         INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    blob_key     TEXT    NOT NULL,
    error        TEXT    NOT NULL,
    tries        INTEGER NOT NULL,
    created      INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
) STRICT;
CREATE INDEX files_message ON files (workspace, message);

CREATE TABLE seen_events (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    kind      TEXT NOT NULL,
    id        TEXT NOT NULL,
    at        INTEGER,
    PRIMARY KEY (workspace, channel, kind, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked_events (
    workspace TEXT NOT NULL,
    id        TEXT NOT NULL,
    channel   TEXT NOT NULL,
    target    TEXT NOT NULL,
    event     TEXT NOT NULL,
    until     INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
) STRICT;
CREATE INDEX parked_events_target ON parked_events (workspace, channel, target);
CREATE INDEX parked_events_until ON parked_events (workspace, until);

CREATE TABLE dead_letters (
    workspace TEXT NOT NULL REFERENCES workspaces (id),
    id        TEXT NOT NULL,
    channel   TEXT NOT NULL,
    kind      TEXT NOT NULL,
    reason    TEXT NOT NULL,
    event     TEXT NOT NULL,
    raw       BLOB NOT NULL,
    at        INTEGER,
    PRIMARY KEY (workspace, id)
) STRICT;

CREATE TABLE notices (
    workspace    TEXT    NOT NULL REFERENCES workspaces (id),
    id           TEXT    NOT NULL,
    conversation TEXT,
    agent        TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    message      TEXT,
    text         TEXT    NOT NULL,
    mail         TEXT,
    state        TEXT    NOT NULL,
    message_id   TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    error        TEXT    NOT NULL,
    attempts     INTEGER NOT NULL,
    created      INTEGER,
    sent         INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
) STRICT;
CREATE UNIQUE INDEX notices_key ON notices (workspace, key) WHERE key <> '';
CREATE INDEX notices_next ON notices (workspace, conversation, id) WHERE state = 'waiting';
CREATE INDEX notices_agent ON notices (workspace, conversation, agent, sent);

CREATE TABLE mails (
    workspace    TEXT    NOT NULL REFERENCES workspaces (id),
    id           TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    agent        TEXT,
    conversation TEXT,
    sender       TEXT    NOT NULL,
    recipient    TEXT    NOT NULL,
    remote       TEXT    NOT NULL,
    blob_key     TEXT    NOT NULL,
    trusted      INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    message      TEXT,
    received     INTEGER,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
) STRICT;
CREATE UNIQUE INDEX mails_key ON mails (workspace, key) WHERE key <> '';

-- +goose Down
SELECT 'there is nothing before the first version';
