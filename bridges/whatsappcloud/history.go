package whatsappcloud

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"causeway/bridges/meta"
	"causeway/core"
)

// historyChunk is one of history[]: messages from before the number came to the platform, or why there are none.
type historyChunk struct {
	Metadata struct {
		Phase    meta.Text `json:"phase"`
		Chunk    meta.Text `json:"chunk_order"`
		Progress meta.Text `json:"progress"`
	} `json:"metadata"`
	Threads []thread          `json:"threads"`
	Errors  []json.RawMessage `json:"errors"`
}

// thread is a chat with one person.
type thread struct {
	ID       meta.Text         `json:"id"`
	User     meta.Text         `json:"user_id"`
	Context  threadContext     `json:"context"`
	Messages []json.RawMessage `json:"messages"`
}

// threadContext says more of the person.
type threadContext struct {
	Phone    meta.Text `json:"wa_id"`
	User     meta.Text `json:"user_id"`
	Username meta.Text `json:"username"`
	Name     meta.Text `json:"name"`
}

// past is what a message of the history has besides.
type past struct {
	From    meta.Text `json:"from"`
	To      meta.Text `json:"to"`
	FromMe  meta.Text `json:"from_me"`
	Type    meta.Text `json:"type"`
	Context struct {
		Status meta.Text `json:"status"`
		FromMe meta.Text `json:"from_me"`
	} `json:"history_context"`
}

// history reads what was written before the number came to the platform. All of it is historic. The files of the last days come later, as
// messages of their own under the ids that had a placeholder.
func (l *link) history(c change) []core.Event {
	var v struct {
		value
		History []json.RawMessage `json:"history"`
	}
	if err := json.Unmarshal(c.value, &v); err != nil && len(v.History) == 0 && len(v.Messages) == 0 {
		return []core.Event{l.kept(c)}
	}
	var events []core.Event
	for _, raw := range v.History {
		events = append(events, l.chunk(c, v.value, raw)...)
	}
	for _, raw := range v.Messages {
		events = append(events, followUp(l.historic(c, v.value, thread{}, raw), v.Contacts))
	}
	for _, raw := range v.Errors {
		events = append(events, l.notShared(c, raw))
	}
	if len(events) == 0 {
		return []core.Event{l.kept(c)}
	}
	account := l.account(v.value)
	for i := range events {
		events[i].Account = account
	}
	return events
}

// chunk reads one piece of the history, its messages in the order in which they were written in their chats.
func (l *link) chunk(c change, v value, raw json.RawMessage) []core.Event {
	var h historyChunk
	if err := json.Unmarshal(raw, &h); err != nil {
		return []core.Event{l.other(c, "", raw, c.hash(raw))}
	}
	var events []core.Event
	for _, t := range h.Threads {
		from := len(events)
		for _, m := range t.Messages {
			events = append(events, l.historic(c, v, t, m))
		}
		slices.SortStableFunc(events[from:], func(a, b core.Event) int { return a.At.Compare(b.At) })
	}
	for _, e := range h.Errors {
		events = append(events, l.notShared(c, e))
	}
	if len(h.Errors) > 0 {
		return events
	}
	return append(events, l.arrived(c, h, raw))
}

// arrived tells how far the history is here.
func (l *link) arrived(c change, h historyChunk, raw json.RawMessage) core.Event {
	e := l.other(c, "", nil, c.hash(raw))
	percent := min(max(h.Metadata.Progress.Int(), 0), 100)
	news := &core.Import{What: core.ImportHistory, State: core.ImportReceiving, Percent: percent}
	if percent == 100 {
		news.State = core.ImportDone
	}
	e.Kind = core.EventAccount
	e.Change = &core.AccountBody{Name: fieldHistory, Import: news,
		Detail: fmt.Sprintf("A piece of the history came: phase %s, piece %s, %d %% in all.", cmp.Or(h.Metadata.Phase, "0"), cmp.Or(h.Metadata.Chunk, "1"), percent)}
	return e
}

// notShared tells why there is no history. That the business chose so is no error.
func (l *link) notShared(c change, raw json.RawMessage) core.Event {
	var w wireError
	if err := json.Unmarshal(raw, &w); err != nil {
		return l.other(c, "", raw, c.hash(raw))
	}
	i := refusedImport(core.ImportHistory, w.code(), w.words())
	e := l.other(c, "", nil, c.hash(raw))
	e.Kind, e.Change = core.EventAccount, &core.AccountBody{Name: fieldHistory + "/" + string(w.Code), Detail: i.Reason, Import: &i}
	return e
}

// historic reads one message of the history, a placeholder of a file, or the file that follows it.
func (l *link) historic(c change, v value, t thread, raw json.RawMessage) core.Event {
	var p past
	_ = json.Unmarshal(raw, &p)
	echo := l.wroteBusiness(v, p)
	v.Contacts = append(slices.Clone(v.Contacts), t.contact())
	e := l.message(c, v, raw, echo)
	e.Historic = true
	if p.Type == "system" {
		e = l.other(c, e.ID, raw, c.hash(raw)) // long over
		e.Historic = true
		return e
	}
	if e.Fault != "" && len(e.Peer.Identities) == 0 { // it names nobody but the business: the chat says with whom
		e = l.within(c, v, t, raw, echo)
	}
	if e.Message != nil {
		e.ID += "/" + string(p.Type) // of a placeholder and of its file, which may come together
	}
	if e.Message != nil && echo {
		e.Message.Status = pastStatus(p.Context.Status)
	}
	return e
}

// followUp is a file that comes after its placeholder. One that does not say who it went to waits for the placeholder, which does.
func followUp(e core.Event, contacts []contact) core.Event {
	if e.Fault == "" || len(e.Peer.Identities) > 0 || len(contacts) > 0 {
		return e
	}
	var m message
	if err := json.Unmarshal(e.Raw, &m); err != nil || !meta.GoodID(e.ID) {
		return e
	}
	content := m.content()
	if content.Kind == core.KindUnsupported {
		return e
	}
	return core.Event{Kind: core.EventEdit, ID: e.ID + "/file", At: e.At, Origin: e.Origin, Historic: true, Edit: &core.EditBody{Target: e.ID, Content: content}}
}

// within reads a message whose other side only its chat tells.
func (l *link) within(c change, v value, t thread, raw json.RawMessage, echo bool) core.Event {
	var m map[string]json.RawMessage
	who := cmp.Or(t.ID, t.Context.Phone, t.User, t.Context.User)
	if json.Unmarshal(raw, &m) != nil || who == "" {
		e := l.message(c, v, raw, echo)
		e.Historic = true
		return e
	}
	name, _ := json.Marshal(string(who))
	m["from"] = name
	if echo {
		m["to"] = name
	}
	filled, err := json.Marshal(m)
	if err != nil {
		filled = raw
	}
	e := l.message(c, v, filled, echo)
	e.Historic = true
	return e
}

// contact is what the chat itself tells of the other side.
func (t thread) contact() contact {
	k := contact{Phone: t.Context.Phone, User: cmp.Or(t.User, t.Context.User)}
	if id, ok := identity(t.ID); ok && id.Scheme == core.SchemeBSUID {
		k.User = cmp.Or(k.User, t.ID)
	} else if ok {
		k.Phone = cmp.Or(k.Phone, t.ID)
	}
	k.Profile.Name, k.Profile.Username = t.Context.Name, t.Context.Username
	return k
}

// wroteBusiness reports whether a message of the history is the business's own: it says so, or it is addressed to somebody, or the business's
// number sent it.
func (l *link) wroteBusiness(v value, p past) bool {
	if me := cmp.Or(p.Context.FromMe, p.FromMe); me != "" {
		return strings.EqualFold(string(me), "true") || me == "1"
	}
	own := l.numbers(v)
	from := core.Digits(string(p.From))
	if slices.Contains(own, from) {
		return true
	}
	to := core.Digits(string(p.To))
	return to != "" && len(own) > 0 && !slices.Contains(own, to)
}

// numbers are the ways in which the business's own number is written.
func (l *link) numbers(v value) []string {
	var all []string
	for _, n := range []string{core.Digits(string(v.Metadata.Display)), l.conf.phone} {
		if n != "" {
			all = append(all, n)
		}
	}
	return all
}

// pastStatus is how far a message of the business had come. One still pending on the phone is on its way without us.
func pastStatus(s meta.Text) core.Status {
	switch strings.ToUpper(string(s)) {
	case "DELIVERED":
		return core.StatusDelivered
	case "READ", "PLAYED":
		return core.StatusRead
	case "ERROR":
		return core.StatusFailed
	}
	return core.StatusSent
}

// book reads changes of the address book on the business's phone, the first of which are all of it.
func (l *link) book(c change) []core.Event {
	events := l.each(c, "state_sync", l.bookEntry)
	if !slices.ContainsFunc(events, func(e core.Event) bool { return e.Kind == core.EventEntry }) {
		return events
	}
	e := l.other(c, "", nil, c.hash([]byte("book")))
	e.Kind, e.Account = core.EventAccount, events[0].Account
	e.Change = &core.AccountBody{Name: fieldBook, Detail: fmt.Sprintf("The phone's address book came, or changed: %d entries.", len(events)),
		Import: &core.Import{What: core.ImportContacts, State: core.ImportDone, Percent: 100}}
	return append(events, e)
}

// bookEntry reads a change of the address book on the business's phone.
func (l *link) bookEntry(c change, _ value, raw json.RawMessage) core.Event {
	var s struct {
		Type     meta.Text `json:"type"`
		Action   meta.Text `json:"action"`
		Contact  bookCard  `json:"contact"`
		Metadata struct {
			Timestamp meta.Text `json:"timestamp"`
		} `json:"metadata"`
	}
	e := l.other(c, "", raw, c.hash(raw))
	if err := json.Unmarshal(raw, &s); err != nil || s.Type != "" && !strings.EqualFold(string(s.Type), "contact") {
		return e
	}
	if at, ok := s.Metadata.Timestamp.Time(); ok {
		e.At = at
	}
	removed := strings.EqualFold(string(s.Action), "remove")
	if !removed && !slices.Contains([]string{"add", "edit", "update", ""}, strings.ToLower(string(s.Action))) {
		return e
	}
	e.Kind, e.Origin, e.Historic = core.EventEntry, core.OriginDevice, true
	e.Peer.Identities = identities(s.Contact.Phone, s.Contact.WA, s.Contact.User)
	if name := strings.TrimPrefix(strings.TrimSpace(string(s.Contact.Username)), "@"); name != "" && len(e.Peer.Identities) > 0 {
		e.Peer.Identities = append(e.Peer.Identities, core.IdentityKey{Scheme: core.SchemeUsername, Value: name})
	}
	e.Entry = &core.EntryBody{}
	if !removed {
		e.Entry.Name = s.Contact.name()
	}
	if len(e.Peer.Identities) == 0 {
		e.Kind, e.Origin, e.Entry = core.EventOther, core.OriginProvider, nil // a card without a number on WhatsApp
	}
	return e
}

// bookCard is a person in the address book.
type bookCard struct {
	Full     meta.Text `json:"full_name"`
	First    meta.Text `json:"first_name"`
	Phone    meta.Text `json:"phone_number"`
	WA       meta.Text `json:"wa_id"`
	User     meta.Text `json:"user_id"`
	Username meta.Text `json:"username"`
}

func (k bookCard) name() string {
	return strings.TrimSpace(string(cmp.Or(k.Full, k.First)))
}
