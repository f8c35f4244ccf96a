-- +goose Up
-- Times are whole microseconds since 1970 in UTC, NULL for none. Lengths of time are nanoseconds. Structured values are JSON text.
-- A tenant's rows are keyed and joined by (workspace, id), so that no row can ever point into another workspace.

CREATE TABLE workspaces (
    id text COLLATE "C" NOT NULL PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    last_number bigint NOT NULL DEFAULT 0, -- of its conversations
    created bigint NOT NULL
);

CREATE TABLE channels (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    account text COLLATE "C" NOT NULL,
    settings text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    health text COLLATE "C" NOT NULL,
    free_window bigint NOT NULL,
    seen_in bigint,
    created bigint,
    PRIMARY KEY (workspace, id)
);
CREATE UNIQUE INDEX channels_id ON channels (id);
CREATE UNIQUE INDEX channels_name ON channels (workspace, name);
CREATE UNIQUE INDEX channels_account ON channels (kind, account) WHERE account <> '';

CREATE TABLE sealed_secrets (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    owner text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    box bytea NOT NULL,
    hint text COLLATE "C" NOT NULL,
    set_at bigint,
    PRIMARY KEY (workspace, owner, name)
);

CREATE TABLE small_values (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    owner text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (workspace, owner, name)
);

CREATE TABLE templates (
    workspace text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    provider_id text COLLATE "C" NOT NULL,
    category text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    quality text COLLATE "C" NOT NULL,
    named boolean NOT NULL,
    components text COLLATE "C" NOT NULL,
    synced bigint,
    PRIMARY KEY (workspace, channel, name, language),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
);

CREATE TABLE channel_log (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    at bigint,
    inward boolean NOT NULL,
    method text COLLATE "C" NOT NULL,
    url text COLLATE "C" NOT NULL,
    status bigint NOT NULL,
    took bigint NOT NULL,
    request text COLLATE "C" NOT NULL,
    response text COLLATE "C" NOT NULL,
    note text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, channel, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
);
CREATE INDEX channel_log_at ON channel_log (at);

CREATE TABLE agents (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    addresses text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    epoch bigint NOT NULL,
    disabled boolean NOT NULL,
    created bigint,
    PRIMARY KEY (workspace, id)
);
CREATE UNIQUE INDEX agents_name ON agents (workspace, name);

CREATE TABLE agent_addresses (
    workspace text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    agent text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, address),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id)
);
CREATE INDEX agent_addresses_agent ON agent_addresses (workspace, agent);

CREATE TABLE teams (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    members text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, id)
);
CREATE UNIQUE INDEX teams_name ON teams (workspace, name);

CREATE TABLE forwards (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    channel text COLLATE "C",
    team text COLLATE "C",
    recipients text COLLATE "C" NOT NULL,
    assigned boolean NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, team) REFERENCES teams (workspace, id)
);

CREATE TABLE api_keys (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    hash bytea NOT NULL,
    scopes text COLLATE "C" NOT NULL,
    created bigint,
    revoked bigint,
    PRIMARY KEY (workspace, id)
);
CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

CREATE TABLE contacts (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    language text COLLATE "C" NOT NULL,
    opted_out boolean NOT NULL,
    marketing_stop boolean NOT NULL,
    blocked boolean NOT NULL,
    merged_into text COLLATE "C",
    created bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, merged_into) REFERENCES contacts (workspace, id)
);

CREATE TABLE identities (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    scheme text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    value text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    seen bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id)
);
CREATE UNIQUE INDEX identities_key ON identities (workspace, scheme, scope, value);
CREATE INDEX identities_contact ON identities (workspace, contact);

CREATE TABLE merges (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    into_contact text COLLATE "C" NOT NULL,
    from_contact text COLLATE "C" NOT NULL,
    identities text COLLATE "C" NOT NULL,
    conversations text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    at bigint,
    undone bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, into_contact) REFERENCES contacts (workspace, id),
    FOREIGN KEY (workspace, from_contact) REFERENCES contacts (workspace, id)
);
CREATE INDEX merges_into ON merges (workspace, into_contact);
CREATE INDEX merges_from ON merges (workspace, from_contact);

CREATE TABLE reply_windows (
    workspace text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    identity text COLLATE "C" NOT NULL,
    last bigint,
    closed bigint,
    PRIMARY KEY (workspace, identity, channel),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, identity) REFERENCES identities (workspace, id)
);

CREATE TABLE conversations (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    number bigint,
    state text COLLATE "C" NOT NULL,
    channel text COLLATE "C",
    agent text COLLATE "C",
    team text COLLATE "C",
    subject text COLLATE "C" NOT NULL,
    opened bigint,
    closed bigint,
    last_at bigint,
    waiting bigint,
    seq bigint NOT NULL,
    referral text COLLATE "C",
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, contact) REFERENCES contacts (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id),
    FOREIGN KEY (workspace, team) REFERENCES teams (workspace, id)
);
CREATE UNIQUE INDEX conversations_id ON conversations (id);
CREATE UNIQUE INDEX conversations_number ON conversations (workspace, number);
CREATE UNIQUE INDEX conversations_one_open ON conversations (workspace, contact) WHERE state = 'open';
CREATE INDEX conversations_contact ON conversations (workspace, contact, number);
CREATE INDEX conversations_inbox ON conversations (workspace, last_at, id);

CREATE TABLE conversation_events (
    workspace text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    author text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    code text COLLATE "C" NOT NULL,
    data text COLLATE "C" NOT NULL,
    text text COLLATE "C" NOT NULL,
    at bigint,
    PRIMARY KEY (workspace, conversation, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
);

CREATE TABLE lanes (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    lane text COLLATE "C" NOT NULL,
    token bigint NOT NULL,
    PRIMARY KEY (workspace, lane)
);

CREATE TABLE messages (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    contact text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    identity text COLLATE "C" NOT NULL,
    direction text COLLATE "C" NOT NULL,
    author text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    content text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    error text COLLATE "C",
    at bigint,
    created bigint,
    edited bigint,
    revoked bigint,
    historic boolean NOT NULL,
    key text COLLATE "C" NOT NULL,
    human boolean NOT NULL,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id)
);
CREATE UNIQUE INDEX messages_key ON messages (workspace, key) WHERE key <> '';
CREATE INDEX messages_seq ON messages (workspace, conversation, seq);

CREATE TABLE parts (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    conversation text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    content text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    stanza text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    error text COLLATE "C",
    attempts bigint NOT NULL,
    not_before bigint,
    sent bigint,
    updated bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
);
-- A part has conversation and channel of its message.
CREATE UNIQUE INDEX parts_provider ON parts (channel, provider) WHERE provider <> '';
CREATE INDEX parts_message ON parts (workspace, message);
CREATE INDEX parts_next ON parts (workspace, conversation, seq) WHERE status IN ('queued', 'parked', 'sending', 'unknown');
CREATE INDEX parts_status ON parts (workspace, channel, status, id) WHERE status IN ('queued', 'parked', 'sending', 'unknown');

CREATE TABLE attempts (
    workspace text COLLATE "C" NOT NULL,
    part text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    number bigint NOT NULL,
    at bigint,
    took bigint NOT NULL,
    result text COLLATE "C" NOT NULL,
    PRIMARY KEY (workspace, part, id),
    FOREIGN KEY (workspace, part) REFERENCES parts (workspace, id)
);

CREATE TABLE versions (
    workspace text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    content text COLLATE "C" NOT NULL,
    until bigint,
    PRIMARY KEY (workspace, message, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
);

CREATE TABLE reactions (
    workspace text COLLATE "C" NOT NULL,
    message text COLLATE "C" NOT NULL,
    who text COLLATE "C" NOT NULL,
    author text COLLATE "C" NOT NULL,
    emoji text COLLATE "C" NOT NULL, -- empty: taken back, kept so that an older one stays away
    at bigint,
    PRIMARY KEY (workspace, message, who),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
);

CREATE TABLE files (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    channel text COLLATE "C",
    conversation text COLLATE "C",
    message text COLLATE "C",
    media text COLLATE "C" NOT NULL,
    mime text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    size bigint NOT NULL,
    state text COLLATE "C" NOT NULL,
    blob_key text COLLATE "C" NOT NULL,
    error text COLLATE "C" NOT NULL,
    tries bigint NOT NULL,
    created bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
);
CREATE INDEX files_message ON files (workspace, message);

CREATE TABLE seen_events (
    workspace text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    at bigint,
    PRIMARY KEY (workspace, channel, kind, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
);

CREATE TABLE parked_events (
    workspace text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    event text COLLATE "C" NOT NULL,
    until bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id)
);
CREATE INDEX parked_events_target ON parked_events (workspace, channel, target);
CREATE INDEX parked_events_until ON parked_events (workspace, until);

CREATE TABLE dead_letters (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    event text COLLATE "C" NOT NULL,
    raw bytea NOT NULL,
    at bigint,
    PRIMARY KEY (workspace, id)
);

CREATE TABLE notices (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    conversation text COLLATE "C",
    agent text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    message text COLLATE "C",
    text text COLLATE "C" NOT NULL,
    mail text COLLATE "C",
    state text COLLATE "C" NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    body text COLLATE "C" NOT NULL,
    error text COLLATE "C" NOT NULL,
    attempts bigint NOT NULL,
    created bigint,
    sent bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
);
CREATE UNIQUE INDEX notices_key ON notices (workspace, key) WHERE key <> '';
CREATE INDEX notices_next ON notices (workspace, conversation, id) WHERE state = 'waiting';
CREATE INDEX notices_agent ON notices (workspace, conversation, agent, sent);

CREATE TABLE mails (
    workspace text COLLATE "C" NOT NULL REFERENCES workspaces (id),
    id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    agent text COLLATE "C",
    conversation text COLLATE "C",
    sender text COLLATE "C" NOT NULL,
    recipient text COLLATE "C" NOT NULL,
    remote text COLLATE "C" NOT NULL,
    blob_key text COLLATE "C" NOT NULL,
    trusted boolean NOT NULL,
    state text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    message text COLLATE "C",
    received bigint,
    PRIMARY KEY (workspace, id),
    FOREIGN KEY (workspace, agent) REFERENCES agents (workspace, id),
    FOREIGN KEY (workspace, conversation) REFERENCES conversations (workspace, id),
    FOREIGN KEY (workspace, message) REFERENCES messages (workspace, id)
);
CREATE UNIQUE INDEX mails_key ON mails (workspace, key) WHERE key <> '';

-- +goose Down
SELECT 'there is nothing before the first version';
