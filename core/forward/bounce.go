package forward

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

// report is what a mail server says became of a mail.
type report struct {
	action string // "failed", "delayed", …; empty: a machine can read nothing of it
	status string // its enhanced status code, if it gives one
	reason string
	text   string // all of it, with what it quotes
}

var (
	actionField = regexp.MustCompile(`(?im)^action:[ \t]*([a-z]+)`)
	statusField = regexp.MustCompile(`(?im)^status:[ \t]*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b`)
	diagnostic  = regexp.MustCompile(`(?im)^(?:diagnostic-code|status):[ \t]*(.+)$`)
	// What servers replied, as reports for people cite it, and words of those about a mail that is still on its way.
	refusedReply = regexp.MustCompile(`(?m)^.*(?:\b5\d\d[ -]|#?\b5\.\d{1,3}\.\d{1,3}\b).*$`)
	delayedReply = regexp.MustCompile(`\b4\d\d[ -]|\b4\.\d{1,3}\.\d{1,3}\b`)
	delayed      = regexp.MustCompile(`(?i)delay|warning|verzöger|warnung|retard|retras|demora|atras|ritard|задерж|отлож|предупрежд|затрим|تأخ|تأجيل|gecik|opóźni|zpožd|延迟|延遲|遅延|지연`)
)

// reportIn reads a report: of several recipients what failed. One without a part for machines is read by the server's replies that it cites above our mail.
func reportIn(in Incoming, raw []byte, ids []string) report {
	_, body := apart(raw)
	r := report{text: string(body) + "\n" + in.Text}
	machine := string(body)
	for _, f := range in.Files {
		r.text += "\n" + string(f.Data)
		if f.MIME == "message/delivery-status" || f.MIME == "message/global-delivery-status" {
			machine = string(f.Data)
		}
	}
	blocks := strings.Split(strings.ReplaceAll(machine, "\r\n", "\n"), "\n\n")
	for _, block := range blocks {
		if found := actionField.FindStringSubmatch(block); found != nil && (r.action == "" || strings.EqualFold(found[1], "failed")) {
			r.action, r.status, r.reason = strings.ToLower(found[1]), statusIn(block), bounceReason(block)
		}
	}
	if r.action == "" && in.Type != "multipart/report" {
		r.action, r.reason = toldPeople(in, ids)
	}
	return r
}

// toldPeople reads a report that is for people alone.
func toldPeople(in Incoming, ids []string) (action, reason string) {
	text := in.Text
	for _, id := range ids {
		text, _, _ = strings.Cut(text, id)
	}
	switch line := refusedReply.FindString(text); {
	case line != "":
		return "failed", clean(line, 200)
	case delayedReply.MatchString(text), delayed.MatchString(in.Subject):
		return "delayed", ""
	}
	return "", bounceReason("")
}

// bounced reports whether a mail to a reply address is a server's report that ours did not arrive. Some send those to whom answers go.
func bounced(m core.Mail, in Incoming, raw []byte) bool {
	return (m.From == "" || m.From == "<>") && in.Type == "multipart/report" && reportIn(in, raw, nil).action != ""
}

// bounce notes on the mail that came back that it did. Reports of delay or success, and anything else sent to a return path, change nothing.
func (f *Forwarder) bounce(ctx context.Context, w *writer, m core.Mail, in Incoming, raw []byte) (outcome, error) {
	o := outcome{state: core.MailIgnored, reason: "mail to a return path that is no report"}
	server := slices.ContainsFunc(in.From, func(a Address) bool { return core.MailSystem(a.Address) })
	if in.Type != "multipart/report" && (m.From != "" && m.From != "<>" || automaticAnswer(in.Header) && !server) {
		return o, nil
	}
	sent, err := w.repo.NoticesTo(ctx, m.Conversation, m.Agent, 50)
	if err != nil {
		return o, fmt.Errorf("mails sent to the agent: %w", err)
	}
	var ids []string
	for _, n := range sent {
		if n.MessageID != "" {
			ids = append(ids, n.MessageID)
		}
	}
	r := reportIn(in, raw, ids)
	switch {
	case in.Type == "multipart/report" && r.action == "": // as of a mail that was read
		return o, nil
	case r.action != "" && r.action != "failed":
		o.reason = "a report: " + r.action
		return o, nil
	}
	n := core.Notice{}
	if i := slices.IndexFunc(sent, func(n core.Notice) bool { return n.MessageID != "" && strings.Contains(r.text, n.MessageID) }); i >= 0 {
		n = sent[i]
	}
	return f.cameBack(ctx, w, m, n, r)
}

// cameBack has those told who should know that a mail came back, and notes it. The notice is empty where the report names none of our mails.
func (f *Forwarder) cameBack(ctx context.Context, w *writer, m core.Mail, n core.Notice, r report) (outcome, error) {
	o := outcome{state: core.MailIgnored, reason: "a bounce that names none of our mails"}
	switch ofLetter := r.status != "" && RefusedFor(0, r.status, StageLetter) == RefusedLetter; {
	case ofLetter && !strings.HasPrefix(n.Key, withheld):
		o.notice = w.withheld(cmp.Or(string(n.ID), string(m.ID)), r.reason)
	case r.action != "" || n.ID != "": // a relay may have given our mail another id
		if err := f.unreached(ctx, w.conv.Workspace, m.Agent, r.reason); err != nil {
			return o, err
		}
	}
	if n.ID == "" {
		return o, nil
	}
	n.State, n.Error = core.NoticeDropped, "It came back: "+r.reason
	if err := w.repo.SetNotice(ctx, n); err != nil {
		return o, fmt.Errorf("record bounce: %w", err)
	}
	f.Log.ErrorContext(ctx, "mail to an agent came back", "conversation", m.Conversation, "agent", m.Agent, "reason", n.Error)
	o.reason = "bounce of " + n.MessageID
	return o, f.log(ctx, w.repo, m.Conversation, true, "mail to agent "+string(m.Agent)+" came back: "+n.Error)
}

// statusIn is the enhanced status code in a report; empty where there is none.
func statusIn(text string) string {
	if found := statusField.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

func bounceReason(text string) string {
	var all []string
	for _, found := range diagnostic.FindAllStringSubmatch(text, 2) {
		all = append(all, clean(found[1], 200))
	}
	if len(all) == 0 {
		return "no reason given"
	}
	return strings.Join(all, "; ")
}
