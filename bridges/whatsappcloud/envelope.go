package whatsappcloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"causeway/bridges/meta"
	"causeway/core"
)

// change is one piece of a webhook: a field with its value.
type change struct {
	waba  string    // entry.id: the account, or on partner events the partner
	time  meta.Text // entry.time, empty if there is none
	field string
	value json.RawMessage
	raw   json.RawMessage // the change with what stands beside its value
}

const (
	fieldMessages = "messages"
	fieldEchoes   = "smb_message_echoes"
	fieldBot      = "message_echoes" // of what Meta's own assistant, or another app, wrote in the business's name
	fieldCalls    = "calls"
	fieldHistory  = "history"
	fieldBook     = "smb_app_state_sync"
	fieldAccount  = "account_update"
)

// changes takes a webhook's body apart. It knows Meta's envelope, the wrapper {id, event, data} of 360dialog around that or around a bare
// value, whose field the wrapper's event names, and bare values as Turn posts them. What is JSON but none of these is one change without a field.
func changes(body []byte) ([]change, error) {
	body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	if !json.Valid(body) {
		return nil, core.Problemf(core.CodeInvalid, "The signed body of the webhook is not JSON.")
	}
	return open(body, "", 2), nil
}

// open takes apart what is within a wrapper of an event, if that is named.
func open(body json.RawMessage, event string, wrappers int) []change {
	var out []change
	if meta.IsList(body) && wrappers > 0 {
		for _, one := range meta.Listed(body) {
			out = append(out, open(one, event, wrappers-1)...)
		}
		if len(out) > 0 {
			return out
		}
	}
	m := meta.Members(body, "entry", "event", "data")
	for _, entry := range meta.Listed(m[0]) {
		out = append(out, entryChanges(entry)...)
	}
	switch {
	case len(out) > 0:
		return out
	case meta.IsObject(m[2]) && wrappers > 0:
		return open(m[2], string(meta.TextOf(m[1])), wrappers-1)
	}
	return []change{{field: fieldOf(event, body), value: body, raw: body}}
}

// fieldOf is what a wrapper's event says of a value, if it is a field's name, else what its keys do: the files that follow a history look like messages
// that were just written.
func fieldOf(event string, body json.RawMessage) string {
	switch event {
	case fieldMessages, fieldEchoes, fieldBot, fieldCalls, fieldHistory, fieldBook, fieldAccount:
		return event
	}
	return bareField(body)
}

func entryChanges(raw json.RawMessage) []change {
	m := meta.Members(raw, "id", "time", "changes")
	waba, at := string(meta.TextOf(m[0])), meta.TextOf(m[1])
	var out []change
	for _, one := range meta.Listed(m[2]) {
		c := change{waba: waba, time: at, value: one, raw: one}
		if m := meta.Members(one, "field", "value"); meta.IsObject(m[1]) {
			c.field, c.value = string(meta.TextOf(m[0])), m[1]
			if c.field == "" {
				c.field = bareField(c.value)
			}
		}
		out = append(out, c)
	}
	if len(out) == 0 {
		return []change{{waba: waba, time: at, value: raw, raw: raw}}
	}
	return out
}

// bareField tells by its keys what a value without an envelope is.
func bareField(body json.RawMessage) string {
	var keys map[string]json.RawMessage
	if json.Unmarshal(body, &keys) != nil {
		return ""
	}
	for _, k := range [][2]string{{"history", fieldHistory}, {"state_sync", fieldBook}, {"messages", fieldMessages}, {"statuses", fieldMessages}, {"message_echoes", fieldEchoes},
		{"user_preferences", "user_preferences"}, {"user_id_update", "user_id_update"}, {"errors", fieldMessages},
		{"disconnection_info", fieldAccount}, {"waba_info", fieldAccount}, {"ban_info", fieldAccount}, {"restriction_info", fieldAccount}, {"violation_info", fieldAccount}} {
		if _, ok := keys[k[0]]; ok {
			return k[1]
		}
	}
	var e struct {
		Event meta.Text `json:"event"`
	}
	if _ = json.Unmarshal(body, &e); accountWord(e.Event) {
		return fieldAccount
	}
	return ""
}

// hash names a piece that has no id of its own. When the provider repeats a webhook, its pieces have the same hashes; the entry's time is in
// them because the same news can come twice.
func (c change) hash(raw json.RawMessage) string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(c.field), []byte(c.waba), []byte(c.time), raw} {
		_, _ = h.Write(part)
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}
