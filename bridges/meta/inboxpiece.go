package meta

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"

	"causeway/core"
)

// piece is one of the things that a webhook tells of.
type piece struct {
	entry string // entry.id: the account
	time  Text   // entry.time, empty if there is none
	known bool   // it is of our platform and has the form of an event; else only raw counts
	item  item
	raw   json.RawMessage
	err   error // of reading the item: what is of another type than it should be was left out
}

// item is an event of a conversation. Only what is used is named; the rest stays in the raw text.
type item struct {
	Sender    party       `json:"sender"`
	Recipient party       `json:"recipient"`
	Timestamp Text        `json:"timestamp"`
	Message   *message    `json:"message"`
	Postback  *postback   `json:"postback"`
	Referral  *referral   `json:"referral"`
	Optin     *optin      `json:"optin"`
	Read      *mark       `json:"read"`
	Delivery  *mark       `json:"delivery"`
	Reaction  *reaction   `json:"reaction"`
	Edit      *edit       `json:"message_edit"`
	Feedback  *feedback   `json:"messaging_feedback"`
	Details   *disclosure `json:"messaging_customer_information"`
	Disclosed *disclosure `json:"customer_information"` // the same, in some of Meta's own samples
	Policy    *policy     `json:"policy_enforcement"`
	Pass      *controlled `json:"pass_thread_control"`
	Take      *controlled `json:"take_thread_control"`
	Request   *controlled `json:"request_thread_control"`
}

type party struct {
	ID Text `json:"id"`
}

// pieces takes a webhook's body apart: entries with messaging, standby or changes, several bodies in a list, or a bare event. What is JSON but
// none of these is one piece that is not known.
func (i *Inbox) pieces(body []byte) ([]piece, error) {
	body = bytes.ToValidUTF8(body, []byte("\uFFFD"))
	if !json.Valid(body) {
		return nil, core.Problemf(core.CodeInvalid, "The signed body of the webhook is not JSON.")
	}
	var all []json.RawMessage
	if IsList(body) && json.Unmarshal(body, &all) == nil && len(all) > 0 {
		var out []piece
		for _, one := range all {
			out = append(out, i.open(one)...)
		}
		return out, nil
	}
	return i.open(body), nil
}

func (i *Inbox) open(body json.RawMessage) []piece {
	var e struct {
		Object Text                  `json:"object"`
		Entry  List[json.RawMessage] `json:"entry"`
	}
	err := json.Unmarshal(body, &e)
	switch {
	case err == nil && len(e.Entry) > 0:
		var out []piece
		for _, entry := range e.Entry {
			out = append(out, entryPieces(entry)...)
		}
		if e.Object != "" && string(e.Object) != i.Object {
			for n := range out {
				out[n].known = false
			}
		}
		return out
	case err == nil && has(body, "recipient"):
		return []piece{read(piece{raw: body})}
	}
	return []piece{{raw: body}}
}

func entryPieces(raw json.RawMessage) []piece {
	var e struct {
		ID        Text                  `json:"id"`
		Time      Text                  `json:"time"`
		Messaging List[json.RawMessage] `json:"messaging"`
		Standby   List[json.RawMessage] `json:"standby"` // while another app has the conversation
		Changes   List[json.RawMessage] `json:"changes"`
	}
	err := json.Unmarshal(raw, &e)
	var out []piece
	for _, list := range [][]json.RawMessage{e.Messaging, e.Standby} {
		for _, one := range list {
			out = append(out, read(piece{entry: string(e.ID), time: e.Time, raw: one}))
		}
	}
	for _, one := range e.Changes {
		out = append(out, change(piece{entry: string(e.ID), time: e.Time, raw: one}))
	}
	if err != nil || len(out) == 0 {
		out = append(out, piece{entry: string(e.ID), time: e.Time, raw: raw})
	}
	return out
}

// change reads a member of changes: with the Instagram log-in they hold the same events.
func change(p piece) piece {
	var c struct {
		Value json.RawMessage `json:"value"`
	}
	if json.Unmarshal(p.raw, &c) != nil || !has(c.Value, "recipient") && !has(c.Value, "sender") {
		return p
	}
	whole := p.raw
	p.raw = c.Value
	p = read(p)
	p.raw = whole
	return p
}

func read(p piece) piece {
	if !IsObject(p.raw) {
		return p
	}
	p.known, p.err = true, json.Unmarshal(p.raw, &p.item)
	return p
}

// has reports whether a JSON object has a member.
func has(raw json.RawMessage, member string) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(raw, &members) == nil && members[member] != nil
}

// IsObject and IsList tell what JSON is by how it begins; they do not look whether it goes on so.
func IsObject(raw json.RawMessage) bool { return starts(raw, '{') }
func IsList(raw json.RawMessage) bool   { return starts(raw, '[') }

func starts(raw json.RawMessage, with byte) bool {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	return len(raw) > 0 && raw[0] == with
}

// hash names a piece that has no id of its own. When the provider repeats a webhook, its pieces have the same hashes, however they are batched then.
func (p piece) hash() string {
	h := sha256.New()
	for _, part := range [][]byte{[]byte(p.entry), p.raw} {
		_, _ = h.Write(part)
		_, _ = h.Write([]byte{0})
	}
	if p.item.Timestamp == "" { // the same can happen twice
		_, _ = h.Write([]byte(p.time))
	}
	return hex.EncodeToString(h.Sum(nil))
}

var aHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// metasID reports whether a message's id is one that the platform can know, not a hash of ours.
func metasID(id string) bool { return GoodID(id) && !aHash.MatchString(Whole(id)) }
