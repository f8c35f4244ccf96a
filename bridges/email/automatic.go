package email

import (
	"bytes"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

const (
	markHeader = "X-Causeway-Channel" // on every mail of ours
	mostHops   = 50
)

// automatic says why a mail was not written by a person to us, or "". X-Auto-Response-Suppress is no sign of it: people's mails carry it, too. See
// suppressed.
func (c conf) automatic(m Letter) string {
	switch {
	case slices.ContainsFunc(m.Header["Return-Path"], nobody):
		return "sent with the null return path: a bounce or an automatic answer"
	case strings.HasPrefix(m.Type, "multipart/report") || m.Type == "message/delivery-status" || m.Type == "message/disposition-notification":
		return "a report of a mail server or mail program"
	case slices.ContainsFunc(m.Files, calendarAnswer):
		return "a calendar's answer"
	case slices.ContainsFunc(m.From, func(a Address) bool { return core.MailSystem(a.Address) }):
		return "written by a mail system"
	case cameBack.MatchString(strings.TrimSpace(m.Subject)):
		return "its subject is that of a mail that came back"
	case len(m.Header["Received"]) > mostHops:
		return "it went around in circles"
	}
	return c.automaticField(m)
}

// nobody reports whether a return path is the null one, however it is written.
func nobody(path string) bool { return strings.Trim(path, "<> \t") == "" }

// suppressed reports whether a mail forbids automatic answers.
func suppressed(m Letter) bool {
	for _, v := range m.Header["X-Auto-Response-Suppress"] {
		for word := range strings.FieldsFuncSeq(strings.ToLower(v), func(r rune) bool { return r == ',' || r == ';' || r == ' ' }) {
			if word == "all" || word == "autoreply" || word == "oof" {
				return true
			}
		}
	}
	return false
}

func calendarAnswer(f File) bool {
	return calendar(f) && bytes.Contains(bytes.ToUpper(f.Data), []byte("METHOD:REPLY"))
}

// automaticField says which header field marks a mail as automatic, or "".
func (c conf) automaticField(m Letter) string {
	names := make([]string, 0, len(m.Header))
	for name := range m.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	ours := c.ownList(m)
	local, _, _ := strings.Cut(author(m).Address, "@")
	if !ours && core.MassMail(m.Header, noReply.MatchString(local)) {
		return "a mailing list's mail: List-Unsubscribe, and more"
	}
	for _, name := range names {
		for _, v := range m.Header[name] {
			if why := machineField(strings.ToLower(name), strings.ToLower(core.FieldWord(v)), ours); why != "" {
				return why
			}
		}
	}
	return ""
}

// machineField judges one field by its first word. The fields of a list that delivers to us say nothing.
func machineField(name, word string, ours bool) string {
	switch name {
	case "auto-submitted":
		if word != "no" && word != "" {
			return "Auto-Submitted: " + word
		}
	case "precedence":
		if word == "auto_reply" || word == "auto-reply" || !ours && (word == "bulk" || word == "list" || word == "junk") {
			return "Precedence: " + word
		}
	case "list-id", "list-post", "list-help", "list-subscribe", "list-owner", "list-archive":
		if !ours {
			return "a mailing list's mail: " + name
		}
	default:
		if core.MachineField(name, word) && (!ours || name != "x-loop") {
			return "an automatic answer: " + name
		}
	}
	return ""
}

// ownList reports whether the list that a mail names is a group that delivers to this mailbox: support@ is often one.
func (c conf) ownList(m Letter) bool {
	for _, name := range []string{"List-Post", "List-Id"} {
		for _, v := range m.Header[name] {
			v = strings.ToLower(v)
			for _, own := range append([]string{strings.ToLower(c.address)}, c.lists...) {
				if strings.Contains(v, "mailto:"+own+">") || strings.Contains(v, "<"+strings.Replace(own, "@", ".", 1)+">") || strings.Contains(v, "<"+own+">") {
					return true
				}
			}
		}
	}
	return false
}

// cameBack begins the subjects of bounces whose senders use no null return path.
var cameBack = regexp.MustCompile(`(?i)^(?:(?:re|aw): )?(?:mail delivery (?:failed|failure|system)|undeliver(?:ed|able)|returned mail\b|failure notice$|delivery (?:status notification|failure|has failed)|` +
	`mail system error|warning: (?:message|could not)|unzustellbar:|non remis)`)

// absentSubject reports whether a subject is that of an automatic answer, and the mail has another sign of being one. A subject alone is too little.
func absentSubject(m Letter) bool {
	sign := len(m.InReplyTo) > 0 || len(m.References) > 0 || m.first("X-Auto-Response-Suppress") != ""
	return sign && absent.MatchString(strings.TrimSpace(m.Subject))
}

// absent begins the subjects of automatic answers.
var absent = regexp.MustCompile(`(?i)^(?:automatic reply|auto-?reply|auto(?:matic)? response|out of (?:the )?office|automatische antwort|abwesenheits\pL*|réponse automatique|` +
	`respuesta automática|risposta automatica|resposta automática|automatisch antwoord|autosvar|automaattinen vastaus|odpowiedź automatyczna|automatická odpověď|` +
	`automatikus válasz|răspuns automat|αυτόματη απάντηση|otomatik yanıt|автоответ|автоматический ответ|автоматична відповідь|رد تلقائي|الرد التلقائي|מענה אוטומטי|תשובה אוטומטית|` +
	`پاسخ خودکار|自动回复|自動回覆|自動応答|자동 회신|자동 응답|ตอบกลับอัตโนมัติ|trả lời tự động|balasan otomatis)\s*[:：]`)

// noReply begins the local parts of addresses that nobody reads.
var noReply = regexp.MustCompile(`(?i)^(?:no-?_?\.?reply|do-?_?not-?_?reply|donotreply|wordpress|www-data|webform|forms?|mailer)(?:$|[+._-])`)
