package email

import (
	"bytes"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

// ourID finds the ids of our mails.
var ourID = regexp.MustCompile(`cw-([A-Za-z0-9-]{8,80})@[A-Za-z0-9.-]{1,255}`)

// messageID names a mail after our key, so that it is known again in a report, in a copy or when it comes back.
func (c conf) messageID(key core.PartID) string {
	_, domain, _ := strings.Cut(c.address, "@")
	clean := strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-') {
			return r
		}
		return '-'
	}, string(key))
	for len(clean) < 8 {
		clean += "-"
	}
	return "cw-" + clean[:min(len(clean), 80)] + "@" + domain
}

// isReport reports whether a mail tells of the fate of another one.
func isReport(m Letter) bool {
	if cameBack.MatchString(strings.TrimSpace(m.Subject)) && ourID.MatchString(m.Text) {
		return true
	}
	if m.Type == "multipart/report" || m.Type == "message/delivery-status" || m.Type == "message/disposition-notification" {
		return true
	}
	return slices.ContainsFunc(m.From, func(a Address) bool { return core.MailSystem(a.Address) }) && (slices.ContainsFunc(m.Header["Return-Path"], nobody) || len(m.Header["Return-Path"]) == 0) && len(m.From) == 1
}

var (
	actionField      = regexp.MustCompile(`(?im)^action:[ \t]*([a-z]+)`)
	statusField      = regexp.MustCompile(`(?im)^status:[ \t]*([245]\.\d{1,3}\.\d{1,3})`)
	diagnosticField  = regexp.MustCompile(`(?im)^diagnostic-code:[ \t]*(.+(?:\r?\n[ \t]+.+){0,5})`)
	dispositionField = regexp.MustCompile(`(?im)^disposition:[^;\r\n]*;[ \t\r\n]*([a-z]+)`)
	bareStatus       = regexp.MustCompile(`\b5\.\d{1,3}\.\d{1,3}\b|\b55\d[ -]`)
)

// report makes receipts of what a report says of our mails. What it says of others is only noted.
func report(m Letter, raw []byte, e core.Event) []core.Event {
	status, fault := fate(m, raw)
	var all []core.Event
	for _, key := range keysIn(m, raw) {
		if status == "" {
			break
		}
		r := e
		r.Kind, r.ID, r.Key, r.Raw = core.EventReceipt, e.ID+"/"+key.key, key.key, nil
		r.Receipt = &core.ReceiptBody{Provider: key.id, Status: status, Error: fault}
		all = append(all, r)
	}
	if len(all) == 0 {
		e.Kind, e.Raw = core.EventOther, note("a report that changes nothing for any of our mails", m, raw)
		return []core.Event{e}
	}
	return all
}

type known struct{ id, key string }

// keysIn finds which of our mails a report names. A report goes on about one mail, whose header comes last.
func keysIn(m Letter, raw []byte) []known {
	var all []known
	places := [][]byte{raw, []byte(m.Text)}
	for _, f := range m.Files {
		places = append(places, f.Data)
	}
	for _, text := range places {
		for _, found := range ourID.FindAllSubmatch(text, 20) {
			k := known{string(found[0]), string(found[1])}
			if !slices.Contains(all, k) && len(all) < 1 {
				all = append(all, k)
			}
		}
	}
	return all
}

// fate reads what became of a mail: "" where the report says nothing that counts, such as a delay.
func fate(m Letter, raw []byte) (core.Status, *core.SendError) {
	body := machinePart(m, raw)
	if d := dispositionField.FindSubmatch(body); d != nil {
		if strings.EqualFold(string(d[1]), "displayed") {
			return core.StatusRead, nil
		}
		return "", nil
	}
	action := actionField.FindSubmatch(body)
	switch {
	case action != nil && (strings.EqualFold(string(action[1]), "delivered") || strings.EqualFold(string(action[1]), "relayed") || strings.EqualFold(string(action[1]), "expanded")):
		return core.StatusDelivered, nil
	case action != nil && !strings.EqualFold(string(action[1]), "failed"):
		return "", nil
	case action == nil && !bareStatus.Match(body) && !failing.Match(raw[:min(len(raw), 64<<10)]):
		return "", nil
	}
	return core.StatusFailed, bounced(body)
}

// failing finds a failure in the words of servers that make no report that programs can read.
var failing = regexp.MustCompile(`(?i)undeliver|could ?n[o']t be delivered|delivery (?:status notification )?\(?fail|returned mail|failure notice|permanent(?:ly)? (?:fatal )?(?:error|fail)|` +
	`user unknown|unknown user|no such user|mailbox (?:unavailable|not found|full)|address rejected|does not exist`)

// machinePart is the part of a report that is made for programs, or all of it.
func machinePart(m Letter, raw []byte) []byte {
	for _, f := range m.Files {
		if f.MIME == "message/delivery-status" || f.MIME == "message/global-delivery-status" || strings.HasSuffix(f.MIME, "disposition-notification") {
			return f.Data
		}
	}
	return raw
}

func bounced(body []byte) *core.SendError {
	e := &core.SendError{Outcome: core.Rejected, Effect: core.EffectFail, Reason: "The mail came back: the recipient's mail server did not take it.",
		Remedy: "Check the address, or reach the contact another way."}
	if s := statusField.FindSubmatch(body); s != nil {
		e.Code = string(s[1])
	}
	if d := diagnosticField.FindSubmatch(body); d != nil {
		e.Detail = clip(oneLine(string(d[1])), 500)
	}
	switch {
	case strings.HasPrefix(e.Code, "5.1.") || strings.HasPrefix(e.Code, "5.4.1"):
		e.Reason = "The mail came back: the address does not exist."
	case e.Code == "5.2.2" || e.Code == "4.2.2":
		e.Reason, e.Remedy = "The mail came back: the recipient's mailbox is full.", "Try again in a few days, or reach the contact another way."
	case e.Code == "5.3.4" || e.Code == "5.2.3":
		e.Reason, e.Remedy = "The mail came back: it is too large for the recipient's mail server.", "Send the file as a link."
	case strings.HasPrefix(e.Code, "5.7."):
		e.Reason, e.Remedy = "The mail came back: the recipient's mail server takes it for unwanted.", "Ask your mail provider; SPF, DKIM and DMARC of your domain may be missing."
	}
	return e
}

// note keeps of a mail what the channel log needs.
func note(why string, m Letter, raw []byte) json.RawMessage {
	head, _, _ := bytes.Cut(raw[:min(len(raw), 16<<10)], []byte("\r\n\r\n"))
	out, err := json.Marshal(map[string]string{"why": why, "message_id": m.MessageID, "subject": m.Subject, "header": strings.ToValidUTF8(string(head), "\uFFFD")})
	if err != nil {
		return nil
	}
	return out
}

// clip cuts s down to at most n bytes at a rune's edge.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}
