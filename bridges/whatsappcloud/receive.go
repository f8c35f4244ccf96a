package whatsappcloud

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"causeway/bridges/meta"
	"causeway/core"
)

// Receive implements core.WebhookLink.
func (l *link) Receive(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	switch r.Method {
	case http.MethodGet:
		answer, err := meta.Handshake(r.Query, l.conf.verify)
		return answer, nil, err
	case http.MethodPost:
	default:
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	if !l.authentic(r) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	l.coexists.recall(ctx, l.host)
	all, err := changes(r.Body)
	if err != nil {
		return core.WebhookAnswer{}, nil, err
	}
	var events []core.Event
	for _, c := range all {
		events = append(events, l.events(c)...)
		if slices.Contains(fieldsShared, c.field) && len(events) > 0 && events[len(events)-1].Account == l.channel.Account {
			l.coexists.learn(ctx, l.host, true)
			events = append(events, l.phoneShows(ctx)...)
		}
	}
	lineUp(events)
	return core.WebhookAnswer{}, append(events, l.phoneQuiet(ctx)...), nil
}

// lineUp tells the order of edits and of reactions in one call by a little of their time, which the platform gives in whole seconds.
func lineUp(events []core.Event) {
	for i := range events {
		if k := events[i].Kind; k == core.EventEdit || k == core.EventReaction {
			events[i].At = events[i].At.Add(time.Duration(i) * time.Microsecond)
		}
	}
}

// authentic checks where a webhook comes from, before anything of it is read.
func (l *link) authentic(r core.WebhookRequest) bool {
	switch l.conf.sign {
	case signHeader:
		all := r.Header.Values(l.conf.signName)
		return len(all) == 1 && l.conf.appSecret.Same(all[0])
	case signQuery:
		all := r.Query[l.conf.signName]
		return len(all) == 1 && l.conf.appSecret.Same(all[0])
	}
	return meta.Signed(r.Header, r.Body, l.conf.appSecret)
}

// events turns one change into at least one event.
func (l *link) events(c change) []core.Event {
	switch c.field {
	case fieldMessages, fieldEchoes, fieldBot:
		return l.conversation(c)
	case fieldCalls:
		return l.each(c, "calls", l.call)
	case fieldHistory:
		return l.history(c)
	case fieldBook:
		return l.book(c)
	case "message_template_status_update", "message_template_quality_update", "template_category_update", "message_template_components_update",
		"message_template_category_update":
		return []core.Event{l.templateEvent(c)}
	case "user_preferences":
		return l.each(c, "user_preferences", l.preference)
	case "user_id_update":
		return l.each(c, "user_id_update", l.userID)
	case "account_update", "account_alerts", "account_review_update", "account_settings_update", "phone_number_quality_update", "phone_number_name_update",
		"business_capability_update", "business_status_update", "payment_configuration_update", "partner_solutions", "flows", "security":
		return []core.Event{l.accountEvent(c)}
	}
	return []core.Event{l.kept(c)}
}

// kept is a change that does not concern us, or that is not known, whole and for the account it names.
func (l *link) kept(c change) core.Event {
	var v value
	_ = json.Unmarshal(c.value, &v)
	e := l.other(c, "", c.raw, c.hash(c.raw))
	e.Account = string(v.Metadata.Number)
	return e
}

// each reads the members of a list in a change, such as user_preferences.
func (l *link) each(c change, list string, read func(change, value, json.RawMessage) core.Event) []core.Event {
	var v value
	var all map[string]json.RawMessage
	var members []json.RawMessage
	_ = json.Unmarshal(c.value, &v)
	_ = json.Unmarshal(c.value, &all)
	if err := json.Unmarshal(all[list], &members); err != nil || len(members) == 0 {
		return []core.Event{l.kept(c)}
	}
	var events []core.Event
	for _, raw := range members {
		e := read(c, v, raw)
		e.Account = l.account(v)
		events = append(events, e)
	}
	return events
}

// conversation reads messages, echoes, statuses and errors of a change.
func (l *link) conversation(c change) []core.Event {
	var v value
	var events []core.Event
	if err := json.Unmarshal(c.value, &v); err != nil { // what is of a strange type stays in the raw text, the rest was read
		events = append(events, l.other(c, "", c.raw, c.hash(c.raw)))
	}
	account := l.account(v)
	for _, raw := range v.Messages {
		events = append(events, withFiles(l.message(c, v, raw, false))...)
	}
	for _, raw := range v.Echoes {
		events = append(events, withFiles(l.message(c, v, raw, true))...)
	}
	for _, raw := range v.Statuses {
		events = append(events, l.status(c, v, raw))
	}
	for _, raw := range v.Errors {
		events = append(events, l.valueError(c, raw))
	}
	if len(events) == 0 {
		events = append(events, l.other(c, "", c.raw, c.hash(c.raw)))
	}
	for i := range events {
		events[i].Account = account
	}
	return events
}

// account is the number that a value is for. Resellers leave it out: then it is for the channel that was called.
func (l *link) account(v value) string {
	if v.Metadata.Number == "" {
		return l.channel.Account
	}
	return string(v.Metadata.Number)
}

// other keeps what is not for us, or not known. An empty id is replaced by a hash.
func (l *link) other(c change, id string, raw json.RawMessage, hash string) core.Event {
	if !meta.GoodID(id) {
		id = hash
	}
	at, ok := c.time.Time()
	if !ok {
		at = l.host.Now()
	}
	return core.Event{Kind: core.EventOther, ID: id, At: at, Origin: core.OriginProvider, Raw: raw}
}
