-- +goose Up
-- What contacts wish of a channel: an opt-out is about that pair of addresses, not about the person everywhere. What was kept of persons so far came from
-- one of their channels; which one is not known, so it becomes a wish on each.
CREATE TABLE wishes (
    workspace text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    identity text COLLATE "C" NOT NULL,
    marketing boolean NOT NULL,
    stop boolean NOT NULL,
    confirm text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    PRIMARY KEY (workspace, identity, channel, marketing),
    FOREIGN KEY (workspace, channel) REFERENCES channels (workspace, id),
    FOREIGN KEY (workspace, identity) REFERENCES identities (workspace, id)
);
INSERT INTO wishes (workspace, channel, identity, marketing, stop, confirm, at)
SELECT i.workspace, ch.id, i.id, false, true, '', coalesce(c.created, 0)
FROM contacts c JOIN identities i ON i.workspace = c.workspace AND i.contact = c.id JOIN channels ch ON ch.workspace = c.workspace
WHERE c.opted_out;
INSERT INTO wishes (workspace, channel, identity, marketing, stop, confirm, at)
SELECT i.workspace, ch.id, i.id, true, true, '', coalesce(c.created, 0)
FROM contacts c JOIN identities i ON i.workspace = c.workspace AND i.contact = c.id JOIN channels ch ON ch.workspace = c.workspace
WHERE c.marketing_stop;
-- contract: the versions before read these columns and would write to who opted out; stop them before this step.
UPDATE contacts SET opted_out = false, marketing_stop = false WHERE opted_out OR marketing_stop;

-- +goose Down
UPDATE contacts SET opted_out = true WHERE EXISTS (SELECT 1 FROM wishes w JOIN identities i ON i.workspace = w.workspace AND i.id = w.identity
    WHERE i.workspace = contacts.workspace AND i.contact = contacts.id AND w.stop AND NOT w.marketing);
UPDATE contacts SET marketing_stop = true WHERE EXISTS (SELECT 1 FROM wishes w JOIN identities i ON i.workspace = w.workspace AND i.id = w.identity
    WHERE i.workspace = contacts.workspace AND i.contact = contacts.id AND w.stop AND w.marketing);
DROP TABLE wishes;
