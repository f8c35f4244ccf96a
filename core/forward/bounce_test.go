package forward_test

import (
	"strings"
	"testing"

	"causeway/core"
)

// TestReports goes through what mail servers and programs send back: only what says that our mail failed counts against its agent.
func TestReports(t *testing.T) {
	const (
		report  = "Content-Type: multipart/report; report-type=delivery-status; boundary=b"
		receipt = "Content-Type: multipart/report; report-type=disposition-notification; boundary=b"
		copied  = "--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <ID>\nSubject: x\n\n--b--\n"
	)
	status := func(lines string) string {
		return "--b\nContent-Type: text/plain\n\nSee below.\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.com\n\n" + lines + "\n" + copied
	}
	null, exim := "", "Auto-Submitted: auto-replied"
	for name, c := range map[string]struct {
		from, subject, header, text string
		toReply                     bool
		told                        string // empty: nobody is told
	}{
		"postfix":                     {header: report, text: status("Final-Recipient: rfc822; lena@example.com\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n"), told: "5.1.1; smtp; 550 5.1.1 unknown"},
		"to the reply address":        {header: report, toReply: true, text: status("Final-Recipient: rfc822; lena@example.com\nAction: failed\nStatus: 5.7.133\n"), told: "5.7.133"},
		"delayed":                     {header: report, text: status("Final-Recipient: rfc822; lena@example.com\nAction: delayed\nStatus: 4.4.1\n")},
		"delivered":                   {header: report, text: status("Final-Recipient: rfc822; lena@example.com\nAction: delivered\nStatus: 2.0.0\n")},
		"one of two failed":           {header: report, text: status("Final-Recipient: rfc822; a@example.com\nAction: relayed\nStatus: 2.0.0\n\nFinal-Recipient: rfc822; lena@example.com\nAction: failed\nStatus: 5.2.1\n"), told: "5.2.1"},
		"with comments":               {header: report, text: status("Final-Recipient: rfc822; lena@example.com\nAction: failed (bad address)\nStatus: 5.1.1 (no such user)\n"), told: "5.1.1 (no such user)"},
		"of a mail with utf-8":        {header: report, text: strings.Replace(status("Final-Recipient: utf-8; lena@example.com\nAction: failed\nStatus: 5.1.1\n"), "message/delivery-status", "message/global-delivery-status", 1), told: "5.1.1"},
		"its part in base64":          {header: report, text: "--b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\nUmVwb3J0aW5nLU1UQTogZG5zOyB4CgpGaW5hbC1SZWNpcGllbnQ6IHJmYzgyMjsgbGVuYUBleGFtcGxlLmNvbQpBY3Rpb246IGZhaWxlZApTdGF0dXM6IDUuMS4xMAo=\n" + copied, told: "5.1.10"},
		"exchange online":             {from: "Microsoft Outlook <MicrosoftExchange329e71ec@contoso.example>", header: report + "\r\nAuto-Submitted: auto-replied", text: status("Final-Recipient: rfc822;lena@example.com\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound\n"), told: "5.1.10; smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound"},
		"gmail, by its own id":        {header: report, text: "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; googlemail.com\nX-Original-Message-ID: <ID>\n\nAction: failed\nStatus: 5.1.1\n\n--b--\n", told: "5.1.1"},
		"exim, for people":            {header: exim, subject: "Mail delivery failed", text: "The following address(es) failed:\n\n  lena@example.com\n    550 5.1.1 User unknown\n\n--- a copy ---\n\nMessage-ID: <ID>\n", told: "550 5.1.1 User unknown"},
		"exim, a warning":             {header: exim, subject: "Warning: message 1kAbCd delayed 24 hours", text: "A message has not yet been delivered to lena@example.com.\n\nMessage-ID: <ID>\n"},
		"qmail":                       {subject: "failure notice", text: "<lena@example.com>:\nSorry, no mailbox here by that name. (#5.1.1)\n\nMessage-ID: <ID>\n", told: "Sorry, no mailbox here by that name. (#5.1.1)"},
		"russian, for people":         {subject: "Недоставленное сообщение", text: "Ваше письмо не может быть отправлено.\n\nhost mx said: 550 5.1.1 no such user\n\nMessage-ID: <ID>\n", told: "host mx said: 550 5.1.1 no such user"},
		"russian, a warning":          {subject: "Предупреждение", text: "Доставка откладывается: 451 4.7.1 try later\n\nMessage-ID: <ID>\n"},
		"russian, a warning in words": {subject: "Доставка задерживается", text: "Письмо ещё в пути.\n\nMessage-ID: <ID>\n"},
		"numbers of our own mail":     {subject: "Warnung", text: "Noch nicht zugestellt.\n\nMessage-ID: <ID>\n\nIt costs 550 5.1.1 euros.\n"},
		"read":                        {header: receipt, text: "--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <ID>\nDisposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n"},
		"deleted unread":              {header: receipt, toReply: true, text: "--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <ID>\nDisposition: automatic-action/MDN-sent-automatically; deleted\n\n--b--\n"},
	} {
		t.Run(name, func(t *testing.T) {
			h := asked(t)
			told := h.hearUnreached()
			l := h.last("Lena")
			a := answer{from: "MAILER-DAEMON@mx.example.com", sender: &null, subject: c.subject, to: l.Envelope, text: strings.ReplaceAll(c.text, "ID>", l.MessageID+">")}
			if c.from != "" {
				a.from = c.from
			}
			if c.header != "" {
				a.headers = []string{c.header}
			}
			if c.toReply {
				a.to = l.ReplyTo.Address
			}
			if m := h.judged(a); m.State != core.MailIgnored {
				t.Errorf("the mail is %s: %s", m.State, m.Reason)
			}
			want := c.told
			if want != "" {
				want = "Lena: " + want
			}
			if got := strings.Join(*told, "\n"); got != want {
				t.Errorf("told %q, want %q", got, want)
			}
			sent, err := h.repo.NoticesTo(t.Context(), h.conversation().ID, h.agents["Lena"].ID, 9)
			h.must(err)
			if (len(sent) == 0) != (want != "") {
				t.Errorf("%d notices count as sent", len(sent))
			}
			h.wantPhone()
			h.wantMails("Lena", 1)
		})
	}
}

// TestCalendarsAnswers are sent by programs, whatever stands beside them.
func TestCalendarsAnswers(t *testing.T) {
	for _, method := range []string{"REPLY", "COUNTER", "REFRESH"} {
		for _, mime := range []string{"text/calendar; method=" + method, "application/ics; name=invite.ics"} {
			h := asked(t)
			m := h.judged(answer{to: h.address("Lena"), subject: "Принято: visit", headers: []string{"Content-Type: multipart/alternative; boundary=b"},
				text: "--b\nContent-Type: text/plain\n\nLena\n--b\nContent-Type: " + mime + "\n\nBEGIN:VCALENDAR\nMETHOD:" + method + "\nEND:VCALENDAR\n--b--\n"})
			if m.State != core.MailIgnored {
				t.Errorf("%s as %s is %s: %s", method, mime, m.State, m.Reason)
			}
			h.wantPhone()
		}
	}
}
