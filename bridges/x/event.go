package x

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

// call is a webhook call, with its pieces by name. X puts one or more lists of one kind into it, and the people they speak of.
type call struct {
	l       *link
	raw     json.RawMessage
	account string // for whom it is
	pieces  map[string]json.RawMessage
	users   map[string]user
}

type user struct {
	Name   text `json:"name"`
	Screen text `json:"screen_name"`
}

// open reads a call's frame. What has none becomes a call without pieces.
func (l *link) open(raw []byte) call {
	c := call{l: l, raw: core.CompactJSON(raw), account: l.conf.account}
	if json.Unmarshal(raw, &c.pieces) != nil {
		c.pieces = nil
	}
	var account text
	_ = account.UnmarshalJSON(c.pieces["for_user_id"]) // what is none is empty
	if account.id() != "" {
		c.account = account.id()
	}
	var users map[string]json.RawMessage
	_ = json.Unmarshal(c.pieces["users"], &users)
	c.users = map[string]user{}
	for id, raw := range users {
		var u user
		_ = json.Unmarshal(raw, &u)
		c.users[id] = u
	}
	return c
}

// about are the members of a call that say something of its pieces and are none.
var about = []string{"for_user_id", "users", "apps", "user_has_blocked"}

// events turns a call into at least one event.
func (c call) events() []core.Event {
	var all []core.Event
	for _, name := range slices.Sorted(maps.Keys(c.pieces)) {
		if slices.Contains(about, name) {
			continue
		}
		all = append(all, c.list(name, c.pieces[name])...)
	}
	if len(all) == 0 {
		return []core.Event{c.other("empty", c.raw)}
	}
	return all
}

// list reads a member of the call, which is a list of pieces or one piece.
func (c call) list(name string, raw json.RawMessage) []core.Event {
	var pieces []json.RawMessage
	if json.Unmarshal(raw, &pieces) != nil || len(pieces) == 0 {
		pieces = []json.RawMessage{raw}
	}
	var all []core.Event
	for _, p := range pieces {
		all = append(all, c.piece(name, core.CompactJSON(p)))
	}
	return all
}

func (c call) piece(name string, raw json.RawMessage) core.Event {
	switch name {
	case "direct_message_events":
		return c.message(raw)
	case "direct_message_mark_read_events":
		return c.seen(raw)
	case "user_event":
		return c.revoked(raw)
	}
	return c.other(name, raw) // posts, follows, likes, typing: they concern nobody here
}

var aName = regexp.MustCompile(`^[a-z_]{1,60}$`)

// other keeps a piece as it is. It is known by its own text, which X repeats when it repeats the call.
func (c call) other(name string, raw json.RawMessage) core.Event {
	if !aName.MatchString(name) {
		name = "unknown"
	}
	sum := sha256.Sum256(raw)
	return core.Event{Kind: core.EventOther, ID: name + "/" + hex.EncodeToString(sum[:12]), Account: c.account, At: c.l.host.Now(), Origin: core.OriginProvider, Raw: raw}
}

// between puts who wrote and who is written to on an event: one of them is the account. A message of the account itself is an echo, whoever
// typed it: taking it for a customer's would answer ourselves for ever.
func (c call) between(e *core.Event, from, to string) {
	person := from
	e.Origin = core.OriginCustomer
	if from == c.account {
		person, e.Origin = to, core.OriginBusiness
	}
	if person == "" || person == c.account {
		e.Fault = "It names nobody who could be answered."
		return
	}
	e.Peer = core.Peer{Name: c.name(person), Identities: []core.IdentityKey{{Scheme: Scheme, Value: person}}}
}

func (c call) name(id string) string {
	u := c.users[id]
	if name := strings.TrimSpace(string(u.Name)); name != "" {
		return name
	}
	if u.Screen != "" {
		return "@" + string(u.Screen)
	}
	return ""
}

// stamp puts X's time on an event: what X says, or what the id tells. An event without either keeps the time of its arrival.
func stamp(e *core.Event, at text, id string) {
	if t, ok := at.time(); ok {
		e.At = t
	} else if t = madeAt(id); !t.IsZero() {
		e.At = t
	}
}

type target struct {
	Recipient text `json:"recipient_id"`
}

// seen reads that a customer has read what was sent up to a message. That the account itself has read something concerns nobody.
func (c call) seen(raw json.RawMessage) core.Event {
	var m struct {
		At     text   `json:"created_timestamp"`
		Sender text   `json:"sender_id"`
		Target target `json:"target"`
		Last   text   `json:"last_read_event_id"`
	}
	e := c.other("direct_message_mark_read_events", raw)
	if json.Unmarshal(raw, &m) != nil || m.Last.id() == "" || m.Sender.id() == c.account {
		return e
	}
	e.Kind = core.EventReceipt
	c.between(&e, m.Sender.id(), m.Target.Recipient.id())
	stamp(&e, m.At, "")
	e.Receipt = &core.ReceiptBody{Provider: m.Last.id(), Status: core.StatusRead, Until: madeAt(m.Last.id())}
	return e
}

// revoked reads that the account took the app's permission back.
func (c call) revoked(raw json.RawMessage) core.Event {
	var m struct {
		Revoke *struct {
			Source struct {
				User text `json:"user_id"`
			} `json:"source"`
		} `json:"revoke"`
	}
	e := c.other("user_event", raw)
	if json.Unmarshal(raw, &m) != nil || m.Revoke == nil {
		return e
	}
	if id := m.Revoke.Source.User.id(); id != "" {
		e.Account = id
	}
	e.Kind = core.EventAccount
	e.Change = &core.AccountBody{Name: "revoke", Detail: "The account has taken the app's permission back.",
		Health: &core.Health{Level: core.HealthBad, Code: "revoke", Reason: "The account has taken the app's permission back.", Remedy: newToken, Since: e.At}}
	return e
}
