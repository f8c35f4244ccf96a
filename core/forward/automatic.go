package forward

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

const mostHops = 50

// automatic says why a mail was not written by a person, or "". What is merely marked as unwelcome to autoresponders
// (X-Auto-Response-Suppress) may well be.
func (f *Forwarder) automatic(m core.Mail, in Incoming) string {
	switch {
	case len(in.Header[markHeader]) > 0 || f.ours(in):
		return "one of our own mails came back"
	case m.From == "" || m.From == "<>" || slices.Contains(in.Header["Return-Path"], "<>"):
		return "sent with the null return path: a bounce or an automatic answer"
	case in.Type == "multipart/report" || strings.HasPrefix(in.Type, "message/"):
		return "a report of a mail server or mail program: " + in.Type
	case in.Type == "text/calendar" || slices.ContainsFunc(in.Files, calendarAnswer):
		return "a calendar's answer"
	case slices.ContainsFunc(in.From, func(a Address) bool { return core.MailSystem(a.Address) }):
		return "written by a mail system"
	case len(in.Header["Received"]) > mostHops:
		return "it went around in circles"
	}
	return automaticField(in.Header)
}

// ours reports whether a mail has an id of our domain, and is from nobody there but ourselves: agents may have their addresses in it, too.
func (f *Forwarder) ours(in Incoming) bool {
	theirs := slices.ContainsFunc(in.From, func(a Address) bool { return f.within(a.Address) && !f.isFrom(a.Address) })
	return f.within(in.MessageID) && !theirs
}

// within reports whether an address, or an id, is of our domain.
func (f *Forwarder) within(address string) bool {
	_, domain, _ := strings.Cut(address, "@")
	return strings.EqualFold(strings.TrimSuffix(domain, "."), f.Domain)
}

func calendarAnswer(f IncomingFile) bool {
	return f.MIME == "text/calendar" && bytes.Contains(bytes.ToUpper(f.Data), []byte("METHOD:REPLY"))
}

// absent begins the subjects of automatic answers that carry no other sign of it. Alone this is too little to throw a mail away, and enough to
// ask.
var absent = regexp.MustCompile(`(?i)^(?:automatic reply|auto|\[?auto-?reply\]?|auto(?:matic)? response|vacation (?:reply|response)|ooo|out of (?:the )?office(?: (?:re|aw|sv|fw))?|automatische antwort|abwesen\pL*|` +
	`réponse automatique|absence du bureau|respuesta automática|fuera de la oficina|risposta automatica|fuori (?:sede|ufficio)|resposta automática|ausência temporária|fora do escritório|` +
	`automatisch antwoord|autosvar|automaattinen vastaus|odpowiedź automatyczna|automatická odpověď|automatikus válasz|răspuns automat|αυτόματη απάντηση|otomatik yanıt|` +
	`автоответ|автоматический ответ|автоматически|нет на месте|вне офиса|автоматична відповідь|رد تلقائي|الرد التلقائي|رد آلي|خارج المكتب|מענה אוטומטי|תשובה אוטומטית|` +
	`پاسخ خودکار|自动回复|自动答复|自動回覆|自動答覆|自動応答|自動返信|자동 회신|자동 응답|ตอบกลับอัตโนมัติ|trả lời tự động|balasan otomatis)\s*[:：]|^\[auto-?reply\]|(?:is|am) (?:currently )?out of (?:the )?office\b(?:\.?$| re:)`)

// absentSubject reports whether a subject is that of an automatic answer rather than of an answer to our mail.
func absentSubject(subject string) bool {
	return absent.MatchString(strings.TrimSpace(straight(subject)))
}

// automaticField says which header field marks a mail as automatic, or "".
func automaticField(header map[string][]string) string {
	for name, values := range header {
		for _, value := range values {
			word := strings.ToLower(core.FieldWord(value))
			switch strings.ToLower(name) {
			case "auto-submitted":
				if word != "no" && word != "" {
					return "Auto-Submitted: " + word
				}
			case "precedence":
				if slices.Contains([]string{"bulk", "list", "junk", "auto_reply", "auto-reply"}, word) {
					return "Precedence: " + word
				}
			case "list-id", "list-post", "list-help", "list-subscribe", "list-owner", "list-archive":
				return "a mailing list's mail: " + name
			case "list-unsubscribe": // services that send for people put it on each of their mails, but nobody subscribes to a reply address
				if len(header["In-Reply-To"])+len(header["References"]) == 0 {
					return "a mailing list's mail: " + name
				}
			default:
				if core.MachineField(strings.ToLower(name), word) {
					return "an automatic answer: " + name
				}
			}
		}
	}
	return ""
}

var actionField = regexp.MustCompile(`(?im)^action:[ \t]*([a-z]+)`)

// bounce notes on the mail that came back that it did. Reports of delay or success, and anything else sent to a return path, change nothing.
func (f *Forwarder) bounce(ctx context.Context, w *writer, m core.Mail, in Incoming, raw []byte) (outcome, error) {
	o := outcome{state: core.MailIgnored, reason: "mail to a return path that is no report"}
	found := actionField.FindSubmatch(raw)
	switch {
	case in.Type != "multipart/report" && (m.From != "" && m.From != "<>" || automaticAnswer(in.Header)):
		return o, nil
	case in.Type == "multipart/report" && found == nil: // as of a mail that was read
		return o, nil
	case found != nil && !strings.EqualFold(string(found[1]), "failed"):
		o.reason = "a report: " + strings.ToLower(string(found[1]))
		return o, nil
	}
	sent, err := w.repo.NoticesTo(ctx, m.Conversation, m.Agent, 50)
	if err != nil {
		return o, fmt.Errorf("mails sent to the agent: %w", err)
	}
	_, body := apart(raw)
	text := string(body)
	i := slices.IndexFunc(sent, func(n core.Notice) bool { return n.MessageID != "" && strings.Contains(text, n.MessageID) })
	n := core.Notice{}
	if i >= 0 {
		n = sent[i]
	}
	switch ofLetter := RefusedFor(0, statusIn(text), StageLetter) == RefusedLetter && statusIn(text) != ""; {
	case ofLetter && !strings.HasPrefix(n.Key, withheld):
		o.notice = w.withheld(cmp.Or(string(n.ID), string(m.ID)), bounceReason(text))
	case found != nil || i >= 0: // a relay may have given our mail another id
		if err := f.unreached(ctx, w.conv.Workspace, m.Agent, bounceReason(text)); err != nil {
			return o, err
		}
	}
	if i < 0 {
		o.reason = "a bounce that names none of our mails"
		return o, nil
	}
	n.State, n.Error = core.NoticeDropped, "It came back: "+bounceReason(text)
	if err := w.repo.SetNotice(ctx, n); err != nil {
		return o, fmt.Errorf("record bounce: %w", err)
	}
	f.Log.ErrorContext(ctx, "mail to an agent came back", "conversation", m.Conversation, "agent", m.Agent, "reason", n.Error)
	o.reason = "bounce of " + n.MessageID
	return o, f.log(ctx, w.repo, m.Conversation, true, "mail to agent "+string(m.Agent)+" came back: "+n.Error)
}

var statusField = regexp.MustCompile(`(?im)^status:[ \t]*([245]\.[0-9]{1,3}\.[0-9]{1,3})\b`)

// statusIn is the enhanced status code in a report; empty where there is none.
func statusIn(text string) string {
	if found := statusField.FindStringSubmatch(text); found != nil {
		return found[1]
	}
	return ""
}

var diagnostic = regexp.MustCompile(`(?im)^(?:diagnostic-code|status):[ \t]*(.+)$`)

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
