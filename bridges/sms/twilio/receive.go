package twilio

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"causeway/bridges/sms"
	"causeway/core"
)

// partArg is the parameter of a status callback's address that says which part it is about.
const partArg = "part"

// Receive implements core.WebhookLink.
func (l *link) Receive(ctx context.Context, r core.WebhookRequest) (core.WebhookAnswer, []core.Event, error) {
	if answer, ours, err := l.door.Serve(ctx, r); ours {
		return answer, nil, err
	}
	if r.Method != http.MethodPost && r.Method != http.MethodGet || !authentic(r, l.conf.token, l.conf.second) {
		return core.WebhookAnswer{}, nil, core.ErrUnauthenticated
	}
	f, err := readFields(r)
	if err != nil {
		return core.WebhookAnswer{}, nil, err
	}
	if err := l.door.Learn(ctx, r.URL); err != nil {
		return core.WebhookAnswer{}, nil, err
	}
	return core.WebhookAnswer{Type: "text/xml; charset=utf-8", Body: []byte("<Response/>")}, l.events(f, r.Query.Get(partArg)), nil
}

// readFields reads the fields of an authentic call.
func readFields(r core.WebhookRequest) (fields, error) {
	switch {
	case r.Method == http.MethodGet:
		return fromForm(r.Query), nil
	case aJSON(r.Body):
		f, err := fromJSON(r.Body)
		if err != nil {
			return nil, &core.Problem{Code: core.CodeInvalid, Detail: "The call from Twilio holds no JSON object.", Err: err}
		}
		return f, nil
	case sms.TooManyFields(r.Body):
		return nil, core.Problemf(core.CodeInvalid, "The call from Twilio has more parameters than any of its calls.")
	case !utf8.Valid(r.Body) || strings.ContainsAny(string(r.Body), "<>"):
		return nil, core.Problemf(core.CodeInvalid, "The call from Twilio holds neither a form nor JSON.")
	}
	return fromForm(sms.Form(string(r.Body))), nil
}

// events turns one call into what happened, at least one event.
func (l *link) events(f fields, part string) []core.Event {
	switch id := sms.ShortID(f.get("MessageSid", "SmsSid", "SmsMessageSid")); {
	case id != "" && reports(f):
		return l.statuses(f, id, statusIn(f), part)
	case id != "" && (f["From"] != "" || f["Body"] != ""):
		return l.messages(f, id)
	case id == "" && !reports(f) && f["From"] != "" && f["Body"] != "":
		return l.messages(f, "call:"+hash(f)+"."+l.host.Now().UTC().Truncate(again).Format("0102T1504"))
	}
	return []core.Event{l.other(f, "call:"+hash(f))}
}

// again is how long the same words without an id count as a repeated call rather than as another message.
const again = 2 * time.Minute

func statusIn(f fields) string { return strings.ToLower(f.get("MessageStatus", "SmsStatus")) }

// reports reports whether a call is of a message of ours, rather than a customer's.
func reports(f fields) bool {
	s := statusIn(f)
	return s != "" && s != "received" && s != "receiving"
}

// other is what does not concern us, or is not known.
func (l *link) other(f fields, id string) core.Event {
	return core.Event{Kind: core.EventOther, ID: id, Account: l.account(f), At: l.host.Now(), Origin: core.OriginProvider, Raw: f.raw()}
}

// account returns the sender that a call is for: ours if it names it, or if it names none.
func (l *link) account(f fields) string {
	ours := []string{f["To"], f["MessagingServiceSid"]}
	if reports(f) {
		ours[0] = f["From"]
	}
	named := ""
	for _, name := range ours {
		if l.ours(name) {
			return l.conf.sender
		}
		if named == "" {
			named = name
		}
	}
	if named == "" {
		return l.conf.sender
	}
	return named
}

// ours reports whether a name is the channel's sender, or the service through which it sends.
func (l *link) ours(name string) bool {
	bare := func(s string) string { return strings.TrimPrefix(s, "whatsapp:") }
	return name != "" && (bare(name) == bare(l.conf.sender) || name == l.conf.service)
}
