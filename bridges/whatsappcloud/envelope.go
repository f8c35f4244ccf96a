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

type envelope struct {
	Entry meta.List[json.RawMessage] `json:"entry"`
	Event meta.Text                  `json:"event"`
	Data  json.RawMessage            `json:"data"`
}

// open takes apart what is within a wrapper of an event, if that is named.
func open(body json.RawMessage, event string, wrappers int) []change {
	var all []json.RawMessage
	if isList(body) && json.Unmarshal(body, &all) == nil && len(all) > 0 && wrappers > 0 {
		var out []change
		for _, one := range all {
			out = append(out, open(one, event, wrappers-1)...)
		}
		return out
	}
	var e envelope
	err := json.Unmarshal(body, &e)
	switch {
	case err == nil && len(e.Entry) > 0:
		var out []change
		for _, entry := range e.Entry {
			out = append(out, entryChanges(entry)...)
		}
		return out
	case err == nil && isObject(e.Data) && wrappers > 0:
		return open(e.Data, string(e.Event), wrappers-1)
	}
	return []change{{field: fieldOf(event, body), value: body, raw: body}}
}

// fieldOf is what a wrapper's event says of a value, if it is a field's name, else what its keys do: the files that follow a history look like messages
// that were just written.
func fieldOf(event string, body json.RawMessage) string {
	switch event {
	case fieldMessages, fieldEchoes, fieldHistory, fieldBook, fieldAccount:
		return event
	}
	return bareField(body)
}

func entryChanges(raw json.RawMessage) []change {
	var e struct {
		ID      meta.Text                  `json:"id"`
		Time    meta.Text                  `json:"time"`
		Changes meta.List[json.RawMessage] `json:"changes"`
	}
	if err := json.Unmarshal(raw, &e); err != nil || len(e.Changes) == 0 {
		return []change{{waba: string(e.ID), time: e.Time, value: raw, raw: raw}}
	}
	var out []change
	for _, one := range e.Changes {
		var c struct {
			Field meta.Text       `json:"field"`
			Value json.RawMessage `json:"value"`
		}
		if err := json.Unmarshal(one, &c); err != nil || !isObject(c.Value) {
			c.Field, c.Value = "", one
		} else if c.Field == "" {
			c.Field = meta.Text(bareField(c.Value))
		}
		out = append(out, change{waba: string(e.ID), time: e.Time, field: string(c.Field), value: c.Value, raw: one})
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

func isObject(raw json.RawMessage) bool { return starts(raw, '{') }
func isList(raw json.RawMessage) bool   { return starts(raw, '[') }

func starts(raw json.RawMessage, with byte) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == with
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
