package telegram

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"causeway/core"
)

// update is one thing that happened at the bot, with its pieces by name. Telegram fills one of them.
type update struct {
	l      *link
	raw    json.RawMessage
	id     int64 // zero if it has none
	framed bool  // it has one, whatever it is
	pieces map[string]json.RawMessage
}

// open reads an update's frame. What has none becomes an update without pieces.
func (l *link) open(raw []byte) update {
	u := update{l: l, raw: core.CompactJSON(raw)}
	if json.Unmarshal(raw, &u.pieces) != nil {
		u.pieces = nil
	}
	var id number
	if raw, there := u.pieces["update_id"]; there {
		u.framed = true
		_ = id.UnmarshalJSON(raw) // what is no number is zero
		u.id = int64(id)
	}
	delete(u.pieces, "update_id")
	return u
}

// events turns an update into at least one event.
func (u update) events() []core.Event {
	names := slices.Sorted(maps.Keys(u.pieces))
	var all []core.Event
	for _, name := range names {
		all = append(all, u.piece(name, u.pieces[name])...)
	}
	if len(all) > 0 {
		return all
	}
	e := u.other(append(names, "empty")[0])
	if !u.framed {
		e.Fault = "This is no update of Telegram's."
	}
	return []core.Event{e}
}

// piece turns a piece that may concern us into events; none for any other.
func (u update) piece(name string, raw json.RawMessage) []core.Event {
	switch name {
	case "message", "business_message":
		return []core.Event{u.message(raw)}
	case "edited_message", "edited_business_message":
		return []core.Event{u.edit(raw)}
	case "callback_query":
		return []core.Event{u.press(raw)}
	case "message_reaction":
		return []core.Event{u.reaction(raw)}
	case "deleted_business_messages":
		return u.deleted(raw)
	case "business_connection":
		return []core.Event{u.connected(raw)}
	case "my_chat_member":
		return []core.Event{u.membership(raw)}
	}
	return nil
}

// event starts an event that is known by the update's own text, which Telegram repeats when it repeats the update.
func (u update) event(kind core.EventKind, name string) core.Event {
	sum := sha256.Sum256(u.raw)
	return core.Event{Kind: kind, ID: name + "/" + hex.EncodeToString(sum[:12]), Account: u.l.conf.bot, At: u.l.host.Now(), Origin: core.OriginProvider, Raw: u.raw}
}

// other is what does not concern us, kept as it came.
func (u update) other(name string) core.Event {
	if !aConnection.MatchString(name) {
		name = "unknown"
	}
	return u.event(core.EventOther, name)
}

// pressed returns the id of the button press that waits for an answer, "" if the update is none.
func (u update) pressed() string {
	var p pressed
	_ = json.Unmarshal(u.pieces["callback_query"], &p) // what cannot be read is empty
	return string(p.ID)
}

// connection returns the news of a business connection, if the update is that.
func (u update) connection() (connection, bool) {
	var c connection
	raw, there := u.pieces["business_connection"]
	_ = json.Unmarshal(raw, &c)
	return c, there && aConnection.MatchString(string(c.ID))
}

// inTurn tells the order of changes in one second, which is all that Telegram's times tell, by the update's number: each is greater than the one before.
func (u update) inTurn(e core.Event) core.Event {
	const turns = int64(time.Second / time.Microsecond)
	e.At = e.At.Add(time.Duration(u.id%turns) * time.Microsecond)
	return e
}

// stamp puts Telegram's time on an event. If that cannot be read, the event keeps the time of its arrival.
func stamp(e core.Event, seconds number) core.Event {
	if at, ok := seconds.time(); ok {
		e.At = at
	}
	return e
}
