package gormstore

import (
	"context"
	"time"

	"causeway/core"
)

type ledgerRow struct {
	Workspace, Number, Stanza, Direction, Contact string
	Part, Message, Conversation                   string
	At                                            stamp
	APIProvider, APIHow                           string
	APISeen                                       stamp
	PhoneProvider, PhoneHow                       string
	PhoneSeen                                     stamp
}

func (ledgerRow) TableName() string { return "ledger" }

func (r ledgerRow) core() core.LedgerEntry {
	return core.LedgerEntry{LedgerKey: core.LedgerKey{Number: r.Number, Direction: core.Direction(r.Direction), Stanza: r.Stanza, Contact: core.ContactID(r.Contact)},
		Part: core.PartID(r.Part), Message: core.MessageID(r.Message), Conversation: core.ConversationID(r.Conversation), At: r.At.time(),
		API:   core.Sight{Provider: r.APIProvider, How: core.SightKind(r.APIHow), Seen: r.APISeen.time()},
		Phone: core.Sight{Provider: r.PhoneProvider, How: core.SightKind(r.PhoneHow), Seen: r.PhoneSeen.time()}}
}

func (r repo) ledgerRow(e core.LedgerEntry) ledgerRow {
	return ledgerRow{Workspace: r.ws, Number: e.Number, Stanza: e.Stanza, Direction: string(e.Direction), Contact: string(e.Contact), Part: string(e.Part),
		Message: string(e.Message), Conversation: string(e.Conversation), At: at(e.At), APIProvider: e.API.Provider, APIHow: string(e.API.How), APISeen: at(e.API.Seen),
		PhoneProvider: e.Phone.Provider, PhoneHow: string(e.Phone.How), PhoneSeen: at(e.Phone.Seen)}
}

// ledgerIs is the condition of an entry's key.
const ledgerIs = "number = ? AND stanza = ? AND direction = ? AND contact = ?"

// Ledger returns the entries with a stanza. Where it finds none inside a transaction, others who would enter or miss it wait until that ends.
func (r repo) Ledger(ctx context.Context, number, stanza string) ([]core.LedgerEntry, error) {
	look := func() ([]core.LedgerEntry, error) {
		return list[ledgerRow](r.rows(ctx).Where("number = ? AND stanza = ?", number, stanza).Order("direction, contact"))
	}
	all, err := look()
	if err != nil || len(all) > 0 || r.t == nil || r.s.postgres == nil {
		return all, err
	}
	if err := r.guardLedger(ctx, number, stanza); err != nil {
		return nil, err
	}
	return look()
}

func (r repo) guardLedger(ctx context.Context, number, stanza string) error {
	return r.guardProviders(ctx, core.Part{Channel: core.ChannelID(r.ws + "/" + number), Provider: stanza})
}

// AddToLedger inserts an entry and reports whether it won.
func (r repo) AddToLedger(ctx context.Context, e core.LedgerEntry) (won bool, err error) {
	err = r.whole(ctx, func(r repo) error {
		if err := r.guardLedger(ctx, e.Number, e.Stanza); err != nil {
			return err
		}
		row := r.ledgerRow(e)
		won, err = r.win(ctx, &row, "", "workspace", "number", "stanza", "direction", "contact")
		return err
	})
	return won && err == nil, err
}

// sideColumns are those of a side: of its id, how it saw the message, and when.
func sideColumns(phone bool) (provider, how, seen string) {
	if phone {
		return "phone_provider", "phone_how", "phone_seen"
	}
	return "api_provider", "api_how", "api_seen"
}

// SeeInLedger adds the sight of a side to an entry. Only an id that was not known yet is added to what that side saw before.
func (r repo) SeeInLedger(ctx context.Context, k core.LedgerKey, phone bool, s core.Sight) error {
	provider, how, seen := sideColumns(phone)
	n, err := r.exec(ctx, "UPDATE ledger SET "+provider+" = CASE WHEN "+provider+" = '' THEN ? ELSE "+provider+" END, "+
		how+" = CASE WHEN "+seen+" IS NULL THEN ? ELSE "+how+" END, "+seen+" = COALESCE("+seen+", ?) WHERE workspace = ? AND "+ledgerIs+
		" AND ("+provider+" = '' OR "+seen+" IS NULL)",
		s.Provider, string(s.How), at(s.Seen), r.ws, k.Number, k.Stanza, string(k.Direction), string(k.Contact))
	if err != nil || n > 0 {
		return err
	}
	return r.inLedger(ctx, k)
}

// inLedger returns ErrNotFound if there is no such entry.
func (r repo) inLedger(ctx context.Context, k core.LedgerKey) error {
	_, err := take[ledgerRow](r.rows(ctx).Where(ledgerIs, k.Number, k.Stanza, string(k.Direction), string(k.Contact)))
	return err
}

// PassInLedger makes an entry that of another part.
func (r repo) PassInLedger(ctx context.Context, k core.LedgerKey, p core.Part) error {
	n, err := r.exec(ctx, "UPDATE ledger SET part = ?, message = ?, conversation = ? WHERE workspace = ? AND "+ledgerIs,
		string(p.ID), string(p.Message), string(p.Conversation), r.ws, k.Number, k.Stanza, string(k.Direction), string(k.Contact))
	if err == nil && n == 0 {
		err = core.ErrNotFound
	}
	return err
}

// Enliven makes an imported message one that came in just now.
func (r repo) Enliven(ctx context.Context, id core.MessageID, to core.ConversationID, seq int64) error {
	return r.whole(ctx, func(r repo) error {
		if err := r.set(ctx, "messages", string(id), map[string]any{"conversation": to, "seq": seq, "historic": false}); err != nil {
			return err
		}
		if _, err := r.exec(ctx, "UPDATE parts SET conversation = ?, seq = ? WHERE workspace = ? AND message = ?", to, seq, r.ws, id); err != nil {
			return err
		}
		if _, err := r.exec(ctx, "UPDATE files SET conversation = ? WHERE workspace = ? AND message = ?", to, r.ws, id); err != nil {
			return err
		}
		return r.enlivenLedger(ctx, id, to)
	})
}

// enlivenLedger finds the entries of a message by its parts: by messages there is no index.
func (r repo) enlivenLedger(ctx context.Context, id core.MessageID, to core.ConversationID) error {
	_, err := r.exec(ctx, "UPDATE ledger SET conversation = ? WHERE workspace = ? AND part IN (SELECT id FROM parts WHERE workspace = ? AND message = ?)", to, r.ws, r.ws, id)
	return err
}

// moveLedger has the entries of what came in follow their conversations to another contact. Where that contact is entered under the same stanza, the
// other side's message is entered already, and the moved one is no longer.
func (r repo) moveLedger(ctx context.Context, conversations []string, to core.ContactID) error {
	const theirs = " FROM ledger WHERE workspace = ? AND conversation IN ? AND direction = 'in' AND contact <> ?"
	var rows []ledgerRow
	if err := r.changes(ctx).Raw("SELECT *"+theirs, r.ws, conversations, to).Scan(&rows).Error; err != nil {
		return fail(err)
	}
	for _, row := range rows {
		e := row.core()
		before := e.LedgerKey
		e.Contact = to
		won, err := r.AddToLedger(ctx, e)
		if err != nil {
			return err
		}
		if !won {
			for _, phone := range []bool{false, true} {
				if s := e.Side(phone); !s.Seen.IsZero() {
					if err := r.SeeInLedger(ctx, e.LedgerKey, phone, s); err != nil {
						return err
					}
				}
			}
		}
		if _, err := r.exec(ctx, "DELETE FROM ledger WHERE workspace = ? AND "+ledgerIs, r.ws, before.Number, before.Stanza, string(before.Direction),
			string(before.Contact)); err != nil {
			return err
		}
	}
	return nil
}

// CountLedger counts the entries of a number between two times, by who has seen them.
func (r repo) CountLedger(ctx context.Context, number string, from, to time.Time) (core.LedgerCount, error) {
	var n struct{ ByBoth, ByAPI, ByPhone int }
	err := r.rows(ctx).Table("ledger").Where("number = ? AND at >= ? AND at < ?", number, at(from), at(to)).
		Select("COALESCE(SUM(CASE WHEN api_seen IS NOT NULL AND phone_seen IS NOT NULL THEN 1 ELSE 0 END), 0) AS by_both, " +
			"COALESCE(SUM(CASE WHEN phone_seen IS NULL THEN 1 ELSE 0 END), 0) AS by_api, " +
			"COALESCE(SUM(CASE WHEN api_seen IS NULL THEN 1 ELSE 0 END), 0) AS by_phone").Scan(&n).Error
	return core.LedgerCount{Both: n.ByBoth, API: n.ByAPI, Phone: n.ByPhone}, fail(err)
}

// LedgerGaps lists the entries that one side alone has seen, those of groups last, else the oldest first.
func (r repo) LedgerGaps(ctx context.Context, number string, from, to time.Time, most int) ([]core.LedgerEntry, error) {
	const group = "EXISTS (SELECT 1 FROM conversations c JOIN identities i ON i.workspace = c.workspace AND i.contact = c.contact AND i.scheme = '" + string(core.SchemeGroup) + "'" +
		" WHERE c.workspace = ledger.workspace AND c.id = ledger.conversation)"
	return list[ledgerRow](r.rows(ctx).Where("number = ? AND at >= ? AND at < ? AND (api_seen IS NULL OR phone_seen IS NULL)", number, at(from), at(to)).
		Order(group + ", at, stanza").Limit(most))
}

// LedgerDoubles lists stanzas under which two contacts are entered for what came in.
func (r repo) LedgerDoubles(ctx context.Context, most int) ([][2]core.LedgerEntry, error) {
	var stanzas []struct{ Number, Stanza string }
	err := r.rows(ctx).Table("ledger").Where("direction = 'in'").Select("number, stanza").Group("number, stanza").Having("COUNT(*) > 1").
		Order("number, stanza").Limit(most).Scan(&stanzas).Error
	if err != nil {
		return nil, fail(err)
	}
	var all [][2]core.LedgerEntry
	for _, s := range stanzas {
		same, err := list[ledgerRow](r.rows(ctx).Where("number = ? AND stanza = ? AND direction = 'in'", s.Number, s.Stanza).Order("at, contact"))
		if err != nil {
			return nil, err
		}
		for _, other := range same[1:] {
			all = append(all, [2]core.LedgerEntry{same[0], other})
		}
	}
	return all, nil
}

// SetNumber records a channel's number and finds its twin. Both sides of a number at once wait for each other: else neither would find the other.
func (r repo) SetNumber(ctx context.Context, id core.ChannelID, number string, phone bool) (ch core.Channel, err error) {
	err = r.whole(ctx, func(r repo) error {
		if err := r.guardLedger(ctx, number, "twins"); err != nil {
			return err
		}
		if err := r.set(ctx, "channels", string(id), map[string]any{"number": number, "phone": phone}); err != nil {
			return err
		}
		others, err := list[channelRow](r.rows(ctx).Where("number = ? AND number <> '' AND phone = ? AND id <> ?", number, !phone, id).Order("created DESC, id DESC").Limit(1))
		if err != nil {
			return err
		}
		twin := core.ChannelID("")
		if len(others) > 0 {
			twin = others[0].ID
		}
		if ch, err = r.Channel(ctx, id); err != nil || ch.Twin == twin {
			return err
		}
		ch.Twin = twin
		return r.pair(ctx, ch, twin)
	})
	return ch, err
}

// pair makes two channels each other's twin, and nobody else's, and enters what they have seen so far.
func (r repo) pair(ctx context.Context, ch core.Channel, twin core.ChannelID) error {
	if _, err := r.exec(ctx, "UPDATE channels SET twin = '' WHERE workspace = ? AND twin <> '' AND (twin IN ? OR id IN ?)", r.ws,
		[]string{string(ch.ID), string(twin)}, []string{string(ch.ID), string(twin)}); err != nil || twin == "" {
		return err
	}
	for _, side := range []struct {
		id, twin core.ChannelID
		phone    bool
	}{{ch.ID, twin, ch.Phone}, {twin, ch.ID, !ch.Phone}} {
		if err := r.set(ctx, "channels", string(side.id), map[string]any{"twin": side.twin}); err != nil {
			return err
		}
		if err := r.enterAll(ctx, ch.Number, side.id, side.phone); err != nil {
			return err
		}
	}
	return nil
}

// enterAll enters what a channel has seen so far. It is done once for each pair, and reads all of the channel's parts.
func (r repo) enterAll(ctx context.Context, number string, ch core.ChannelID, phone bool) error {
	provider, how, seen := sideColumns(phone)
	otherProvider, otherHow, _ := sideColumns(!phone)
	const (
		contact = "CASE WHEN m.direction = 'in' THEN m.contact ELSE '' END"
		kind    = "CASE WHEN m.historic THEN 'history' WHEN m.direction = 'in' THEN 'message' WHEN m.author LIKE '%\"kind\":\"phone\"%' THEN 'echo' ELSE 'send' END"
		from    = " FROM parts p JOIN messages m ON m.workspace = p.workspace AND m.id = p.message" +
			" WHERE p.workspace = ? AND p.channel = ? AND p.provider <> '' AND p.stanza <> ''"
	)
	_, err := r.exec(ctx, "INSERT INTO ledger (workspace, number, stanza, direction, contact, part, message, conversation, at, "+provider+", "+how+", "+seen+
		", "+otherProvider+", "+otherHow+") SELECT p.workspace, ?, p.stanza, m.direction, "+contact+", p.id, p.message, p.conversation, COALESCE(p.sent, m.at), p.provider, "+
		kind+", m.created, '', ''"+from+" ON CONFLICT DO NOTHING", number, r.ws, ch)
	if err != nil {
		return err
	}
	_, err = r.exec(ctx, "UPDATE ledger SET "+provider+" = x.provider, "+how+" = x.how, "+seen+" = x.seen FROM (SELECT p.stanza AS stanza, m.direction AS direction, "+
		contact+" AS contact, p.provider AS provider, "+kind+" AS how, m.created AS seen"+from+") AS x WHERE ledger.workspace = ? AND ledger.number = ?"+
		" AND ledger.stanza = x.stanza AND ledger.direction = x.direction AND ledger.contact = x.contact AND ledger."+seen+" IS NULL", r.ws, ch, r.ws, number)
	return err
}

var _ core.LedgerRepo = repo{}
