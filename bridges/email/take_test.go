package email

import (
	"fmt"
	"mime"
	"slices"
	"strings"
	"testing"

	"causeway/core"
)

const plainPart = "--b\nContent-Type: text/plain; charset=utf-8\n\n"

// mixed is a mail of several parts.
func mixed(header, body string) string {
	return "From: Ana <ana@x.example>\nTo: support@biz.example\nMessage-ID: <m@x>\nMIME-Version: 1.0\n" + header + "\n\n" + body
}

// signedBy is a mail with a detached signature.
func signedBy(kind, text string) string {
	return mixed("Content-Type: multipart/signed; boundary=b", plainPart+text+"\n--b\nContent-Type: "+kind+"\nContent-Disposition: attachment\n\nMII\n--b--")
}

// pgpParts are those of a mail that is encrypted with PGP.
const pgpParts = "--b\nContent-Type: application/pgp-encrypted\nContent-Description: PGP/MIME version identification\n\nVersion: 1\n--b\n" +
	"Content-Type: application/octet-stream; name=\"encrypted.asc\"\nContent-Disposition: inline; filename=\"encrypted.asc\"\n\n-----BEGIN PGP MESSAGE-----\n--b--"

// emojiParts are the parts of a mail by which somebody put an emoji on another one.
func emojiParts(emoji string, version int) string {
	return plainPart + "👍 Ana reacted via Gmail\n--b\nContent-Type: text/vnd.google.email-reaction+json; charset=utf-8\n\n" + fmt.Sprintf(`{"emoji":%q,"version":%d}`, emoji, version) + "\n--b--"
}

// TestReaction: an emoji that somebody put on a mail of ours is a reaction to it, and no message.
func TestReaction(t *testing.T) {
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	const ours = "cw-0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee@biz.example"
	for body, want := range map[string]string{emojiParts("👍", 1): "👍", emojiParts("👍🏽", 1): "👍🏽", emojiParts("👍", 2): "", emojiParts("two words", 1): "", emojiParts("", 1): ""} {
		events := takeRaw(l, []byte(strings.ReplaceAll(mixed("Subject: Re: Size?\nIn-Reply-To: <"+ours+">\nContent-Type: multipart/alternative; boundary=b", body), "\n", "\r\n")))
		sound(t, body, events)
		switch e := events[0]; {
		case len(events) != 1:
			t.Errorf("%q: %d events", body, len(events))
		case want == "" && e.Kind != core.EventMessage, want != "" && (e.Reaction == nil || e.Reaction.Emoji != want || e.Reaction.Target != ours || e.Peer.Identities[0].Value != "ana@x.example"):
			t.Errorf("%q: got %+v %+v", body, e, e.Reaction)
		}
	}
}

func TestTake(t *testing.T) {
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1", keyLists, "team@lists.example"))
	quoted := "On Thu, 1 Jan 2026 at 10:00, Biz <support@biz.example> wrote:\n> Which size?\n> We have all.\n"
	invite := "Content-Type: text/calendar; method=REQUEST; name=invite.ics\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Fitting\\, large\nDTSTART;TZID=Europe/Berlin:20260102T100000\nDTEND;TZID=Europe/Berlin:20260102T103000\nLOCATION:Shop\nEND:VEVENT\nEND:VCALENDAR\n"
	for _, c := range []struct {
		name, mail string
		want       []string
		from       string // empty: ana@x.example
		automatic  bool
		quote      string
	}{
		{name: "first mail", mail: aMail("m@x", "ana@x.example", "Size?", "Do you have L?"), want: []string{"Size?\n\nDo you have L?"}},
		{name: "subject only", mail: aMail("m@x", "ana@x.example", "Call me", ""), want: []string{"Call me"}},
		{name: "nothing", mail: aMail("m@x", "ana@x.example", "", ""), want: []string{"unsupported"}},
		{name: "answer", mail: aMail("m@x", "ana@x.example", "Re: Size?", "L please\n\n"+quoted, "In-Reply-To: <cw-0190aaaa@biz.example>"), want: []string{"L please"}, quote: "cw-0190aaaa@biz.example"},
		{name: "answer by references", mail: aMail("m@x", "ana@x.example", "Re: Size?", "L", "References: <a@x> <b@x>"), want: []string{"L"}, quote: "b@x"},
		{name: "html only", mail: mixed("Subject: Hi\nContent-Type: text/html", "<p>Hello <b>shop</b></p><script>bad()</script><style>p{}</style><p>second</p>"), want: []string{"Hi\n\nHello *shop*\n\nsecond"}},
		{name: "files", mail: mixed("Content-Type: multipart/mixed; boundary=b", plainPart+"look\n--b\nContent-Type: image/png; name=a.png\nContent-Disposition: attachment\n\nbytes\n--b\nContent-Type: application/pdf; name=\"b.pdf\"\nContent-Disposition: attachment\n\nmore\n--b--"),
			want: []string{"look", "image a.png 5", "document b.pdf 4"}},
		{name: "answer of a file", mail: mixed("Subject: Re: Size?\nIn-Reply-To: <a@x>\nContent-Type: multipart/mixed; boundary=b", plainPart+"\n"+quoted+"\n--b\nContent-Type: application/pdf; name=\"b.pdf\"\nContent-Disposition: attachment\n\nmore\n--b--"),
			want: []string{"document b.pdf 4"}, quote: "a@x"},
		{name: "answer of nothing", mail: aMail("m@x", "ana@x.example", "Re: Size?", quoted, "In-Reply-To: <a@x>"), want: []string{strings.TrimSpace(quoted)}, quote: "a@x"},
		{name: "file only", mail: mixed("Content-Type: application/pdf; name=c.pdf\nContent-Disposition: attachment", "bytes"), want: []string{"document c.pdf 5"}},
		{name: "invitation", mail: mixed("Content-Type: multipart/mixed; boundary=b", plainPart+"come\n--b\n"+invite+"--b--"),
			want: []string{"come\n\n(Invitation: Fitting, large, 2026-01-02 10:00 Europe/Berlin – 2026-01-02 10:30 Europe/Berlin, Shop)", fmt.Sprintf("document invite.ics %d", len(strings.SplitN(strings.ReplaceAll(invite, "\n", "\r\n"), "\r\n\r\n", 2)[1])-2)}},
		{name: "sealed", mail: mixed("Subject: x\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", "MII"), want: []string{"x\n\n(The mail is sealed by S/MIME: what it says is in the file.)", "document smime.p7m 3"}},
		{name: "packed by its signature", mail: mixed("Subject: x\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "MII"),
			want: []string{"x\n\n(The mail is signed by S/MIME in a way that packs it up: what it says is in the file. The signature was not checked.)", "document smime.p7m 3"}},
		{name: "signed by S/MIME", mail: signedBy("application/pkcs7-signature; name=smime.p7s", "hello"), want: []string{"hello\n\n(The mail is signed by S/MIME. The signature was not checked.)"}},
		{name: "signed with PGP", mail: signedBy("application/pgp-signature; name=signature.asc", "hello"), want: []string{"hello\n\n(The mail is signed with PGP. The signature was not checked.)"}},
		{name: "signed, and wrapped again by a list", mail: mixed("Content-Type: multipart/mixed; boundary=o", "--o\nContent-Type: multipart/signed; boundary=b\n\n"+plainPart+"hello\n--b\nContent-Type: application/x-pkcs7-signature; name=smime.p7s\n\nMII\n--b--\n--o--"),
			want: []string{"hello\n\n(The mail is signed by S/MIME. The signature was not checked.)"}},
		{name: "signed, and taken apart on the way", mail: mixed("Content-Type: multipart/mixed; boundary=b", plainPart+"hello\n--b\nContent-Type: application/octet-stream; name=smime.p7s\nContent-Disposition: attachment\n\nMII\n--b--"),
			want: []string{"hello\n\n(The mail is signed by S/MIME. The signature was not checked.)"}},
		{name: "encrypted with PGP", mail: mixed("Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b", pgpParts), want: []string{"(The mail is encrypted with PGP: what it says is in the file.)", "document encrypted.asc 27"}},
		{name: "encrypted with PGP, by Exchange", mail: mixed("Content-Type: multipart/mixed; boundary=b", pgpParts), want: []string{"(The mail is encrypted with PGP: what it says is in the file.)", "document encrypted.asc 27"}},
		{name: "PGP in the text", mail: aMail("m@x", "ana@x.example", "", "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nhello\n- -- \nAna\n\n-----BEGIN PGP SIGNATURE-----\n\niQ==\n=x\n-----END PGP SIGNATURE-----"),
			want: []string{"hello\n-- \nAna\n\n(The mail is signed with PGP. The signature was not checked.)"}},
		{name: "sealed in the text", mail: aMail("m@x", "ana@x.example", "", "-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----"),
			want: []string{"-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n\n(The mail is encrypted with PGP: only who has the key can read it.)"}},
		{name: "winmail.dat", mail: mixed("Content-Type: multipart/mixed; boundary=b", plainPart+"hi\n--b\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Disposition: attachment\n\nbytes\n--b--"),
			want: []string{"hi\n\n(Outlook packed this mail's files into winmail.dat.)", "document winmail.dat 5"}},
		{name: "winmail.dat by its name", mail: mixed("Content-Type: multipart/mixed; boundary=b", plainPart+"hi\n--b\nContent-Type: application/octet-stream; name=WINMAIL.DAT\nContent-Disposition: attachment\n\nbytes\n--b--"),
			want: []string{"hi\n\n(Outlook packed this mail's files into winmail.dat.)", "document WINMAIL.DAT 5"}},
		{name: "invitation as a file", mail: mixed("Content-Type: multipart/mixed; boundary=b", plainPart+"come\n--b\nContent-Type: application/ics; name=i.ics\nContent-Disposition: attachment\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Fitting\nDTSTART:20260102T100000Z\nEND:VEVENT\nEND:VCALENDAR\n--b--"),
			want: []string{"come\n\n(Invitation: Fitting, 2026-01-02 10:00 UTC)", "document i.ics 115"}},
		{name: "form on the web site", mail: aMail("m@x", "Shop <no-reply@biz.example>", "Form", "call me", "Reply-To: Bo <bo@y.example>"), want: []string{"Form\n\ncall me"}, from: "bo@y.example"},
		{name: "form from the address itself", mail: aMail("m@x", address, "Form", "call me", "Reply-To: bo@y.example"), want: []string{"Form\n\ncall me"}, from: "bo@y.example"},
		{name: "answers wanted elsewhere", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "Reply-To: evil@z.example"), want: []string{"Hi\n\nhi"}},
		{name: "from itself", mail: aMail("m@x", address, "Hi", "hi"), want: []string{"other"}},
		{name: "our own came back", mail: aMail("cw-0190aaaa-bbbb@biz.example", "list@x.example", "Hi", "hi"), want: []string{"other"}},
		{name: "marked as ours", mail: aMail("m@x", "list@x.example", "Hi", "hi", markHeader+": channel-1"), want: []string{"other"}},
		{name: "out of office", mail: aMail("m@x", "ana@x.example", "Re: Hi", "I am away", "Auto-Submitted: auto-replied (vacation)", "In-Reply-To: <a@x>"), want: []string{"I am away"}, automatic: true, quote: "a@x"},
		{name: "out of office by subject", mail: aMail("m@x", "ana@x.example", "Abwesenheitsnotiz: Hi", "Bin weg", "In-Reply-To: <a@x>"), want: []string{"Bin weg"}, automatic: true, quote: "a@x"},
		{name: "asks about absence", mail: aMail("m@x", "ana@x.example", "Automatic reply: how to?", "How do I set one?"), want: []string{"Automatic reply: how to?\n\nHow do I set one?"}},
		{name: "suppresses answers", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "X-Auto-Response-Suppress: All"), want: []string{"Hi\n\nhi"}},
		{name: "list", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "List-Id: <news.other.example>", "Precedence: list"), want: []string{"Hi\n\nhi"}, automatic: true},
		{name: "through a service", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "List-Unsubscribe: <https://x>"), want: []string{"Hi\n\nhi"}},
		{name: "through a service with one click", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "List-Unsubscribe: <https://x>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"), want: []string{"Hi\n\nhi"}},
		{name: "an answer through a service", mail: aMail("m@x", "ana@x.example", "Re: Hi", "hi", "In-Reply-To: <a@x>", "List-Unsubscribe: <https://x>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Feedback-ID: 1:x"), want: []string{"hi"}, quote: "a@x"},
		{name: "newsletter", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "List-Unsubscribe: <https://x>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click", "Feedback-ID: 1:x"), want: []string{"Hi\n\nhi"}, automatic: true},
		{name: "newsletter of a campaign", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "List-Unsubscribe: <https://x>", "X-Campaign: 7", "X-CSA-Complaints: a@x"), want: []string{"Hi\n\nhi"}, automatic: true},
		{name: "newsletter from nobody", mail: aMail("m@x", "noreply@x.example", "Hi", "hi", "List-Unsubscribe: <https://x>"), want: []string{"Hi\n\nhi"}, automatic: true, from: "noreply@x.example"},
		{name: "own group", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "List-Id: <support.biz.example>", "Precedence: list", "List-Unsubscribe: <https://x>"), want: []string{"Hi\n\nhi"}},
		{name: "own list", mail: aMail("m@x", "ana@x.example", "Hi", "hi", "List-Post: <mailto:team@lists.example>", "Precedence: bulk"), want: []string{"Hi\n\nhi"}},
		{name: "nobody", mail: aMail("m@x", "undisclosed", "Hi", "hi"), want: []string{"fault: The mail names no sender that could be answered."}},
		{name: "emoji on nobody's mail", mail: mixed("Subject: Re: Size?\nIn-Reply-To: <a@x>\nContent-Type: multipart/alternative; boundary=b", emojiParts("👍", 1)), want: []string{"👍 Ana reacted via Gmail"}, quote: "a@x"},
		{name: "no mail", mail: "just text\n", want: []string{"fault: The mail cannot be read: This is not a mail: it has no header."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			events := takeRaw(l, []byte(strings.ReplaceAll(c.mail, "\n", "\r\n")))
			sound(t, c.name, events)
			if got := texts(events); !slices.Equal(got, c.want) {
				t.Errorf("got %q\nwant %q", got, c.want)
			}
			e := events[0]
			if e.Kind != core.EventMessage || e.Fault != "" {
				return
			}
			from := c.from
			if from == "" {
				from = "ana@x.example"
			}
			if e.Peer.Identities[0].Value != from || (e.Message.Content.Automatic != "") != c.automatic {
				t.Errorf("from %s, automatic %q", e.Peer.Identities[0].Value, e.Message.Content.Automatic)
			}
			if q := e.Message.Content.Quote; (q == nil) != (c.quote == "") || q != nil && q.Provider != c.quote {
				t.Errorf("quotes %+v, want %q", q, c.quote)
			}
		})
	}
}

// TestReports: what mail servers and programs tell of our mails.
func TestReports(t *testing.T) {
	const ours = "cw-0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee@biz.example"
	report := func(kind, fields string) string {
		return "From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nTo: support@biz.example\nSubject: Delivery Status\nMessage-ID: <r@mx>\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=" + kind + "; boundary=b\n\n" +
			"--b\nContent-Type: text/plain\n\nsorry\n--b\nContent-Type: message/" + kind + "\n\n" + fields + "\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: <" + ours + ">\nSubject: x\n\n--b--\n"
	}
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	for _, c := range []struct {
		name, mail string
		status     core.Status // empty: only noted
		code       string
	}{
		{"unknown user", report("delivery-status", "Reporting-MTA: dns; mx\n\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 no such user"), core.StatusFailed, "5.1.1"},
		{"full", report("delivery-status", "Reporting-MTA: dns; mx\n\nAction: failed\nStatus: 5.2.2"), core.StatusFailed, "5.2.2"},
		{"delayed", report("delivery-status", "Reporting-MTA: dns; mx\n\nAction: delayed\nStatus: 4.4.1"), "", ""},
		{"delivered", report("delivery-status", "Reporting-MTA: dns; mx\n\nAction: delivered\nStatus: 2.0.0"), core.StatusDelivered, ""},
		{"read", report("disposition-notification", "Original-Message-ID: <"+ours+">\nDisposition: manual-action/MDN-sent-manually; displayed"), core.StatusRead, ""},
		{"deleted unread", report("disposition-notification", "Original-Message-ID: <"+ours+">\nDisposition: automatic-action/MDN-sent-automatically; deleted"), "", ""},
		{"another's", strings.ReplaceAll(report("delivery-status", "Reporting-MTA: dns; mx\n\nAction: failed\nStatus: 5.1.1"), ours, "x@y"), "", ""},
		{"words for people only", "From: MAILER-DAEMON@mx.example\nReturn-Path: <>\nSubject: failure notice\nMessage-ID: <r@mx>\n\nSorry, no such user here. (#5.1.1)\n\n--- Below\nMessage-ID: <" + ours + ">\n", core.StatusFailed, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			events := takeRaw(l, []byte(strings.ReplaceAll(c.mail, "\n", "\r\n")))
			sound(t, c.name, events)
			e := events[0]
			switch {
			case c.status == "":
				if e.Kind != core.EventOther {
					t.Errorf("got %+v", e)
				}
			case e.Receipt == nil || e.Receipt.Provider != ours || e.Receipt.Status != c.status || e.Key != "0190aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee":
				t.Errorf("got %+v %+v", e, e.Receipt)
			case c.status == core.StatusFailed && (e.Receipt.Error == nil || e.Receipt.Error.Code != c.code || e.Receipt.Error.Reason == ""):
				t.Errorf("got %+v", e.Receipt.Error)
			}
		})
	}
}

func FuzzTake(f *testing.F) {
	f.Add([]byte(aMail("m@x", "ana@x.example", "Hi", "hi")))
	f.Add([]byte("From: a@b.c\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n--b--cw-0190aaaa-bbbb@biz.example"))
	f.Add([]byte("From: a@b.c\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nDTSTART:20260102\r\n"))
	l := openLink(f, newHost(f), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	f.Fuzz(func(t *testing.T, raw []byte) { sound(t, "fuzz", takeRaw(l, raw)) })
}

// TestMachines: what mail programs, servers and ticket systems write by themselves, in the ways they are known for; and people's mails that look like it.
func TestMachines(t *testing.T) {
	encoded := func(s string) string { return mime.BEncoding.Encode("utf-8", s) }
	l := openLink(t, newHost(t), goodSettings("127.0.0.1:1", "127.0.0.1:1"))
	for name, c := range map[string]struct {
		subject, text string
		header        []string
		machine       bool
		quiet         bool // a person's, who wants no automatic answer
	}{
		"Exchange, Russian":       {encoded("Автоматический ответ: Заказ"), "Меня нет", []string{"X-Auto-Response-Suppress: All", "Auto-Submitted: auto-generated"}, true, false},
		"Exchange, Russian, bare": {encoded("Автоматический ответ: Заказ"), "Меня нет", []string{"X-Auto-Response-Suppress: All"}, true, false},
		"Exchange, Arabic":        {encoded("رد تلقائي: طلبي"), "أنا في إجازة", []string{"In-Reply-To: <a@x>"}, true, false},
		"Exchange, marked inside": {"Away", "Away", []string{"X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent"}, true, false},
		"Gmail's vacation":        {"Re: Order", "Away", []string{"Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes"}, true, false},
		"iCloud's vacation":       {"Re: Order", "Away", []string{"Auto-Submitted: auto-replied (vacation)"}, true, false},
		"with a comment first":    {"Re: Order", "Away", []string{"Auto-Submitted: (by rule) auto-replied; type=vacation"}, true, false},
		"null return path":        {"Order", "x", []string{"Return-Path: <>"}, true, false},
		"empty return path":       {"Order", "x", []string{"Return-Path: "}, true, false},
		"spaced return path":      {"Order", "x", []string{"Return-Path: < >"}, true, false},
		"abuse report":            {"Fwd: mail", "x", []string{"MIME-Version: 1.0", "Content-Type: multipart/report; report-type=feedback-report; boundary=b"}, true, false},
		"RT":                      {"[shop #1] AutoReply: Order", "x", []string{"X-RT-Loop-Prevention: shop"}, true, false},
		"OTRS":                    {"[Ticket#1] Order", "x", []string{"X-OTRS-Loop: True"}, true, false},
		"ServiceNow":              {"Opened", "x", []string{"X-ServiceNow-Generated: true"}, true, false},
		"Freshdesk":               {"Ticket received", "x", []string{"X-FC-MachineGenerated: true"}, true, false},
		"Jira":                    {"(SHOP-1) Order", "x", []string{"X-JIRA-FingerPrint: 1"}, true, false},
		"Postini":                 {"Order", "Away", []string{"X-POST-MessageClass: 9; Autoresponder"}, true, false},
		"another precedence":      {"Order", "Away", []string{"X-Precedence: bulk"}, true, false},
		"undeliverable":           {"Undeliverable: Order", "x", nil, true, false},
		"Postfix":                 {"Undelivered Mail Returned to Sender", "x", nil, true, false},
		"a person":                {"Order", "x", []string{"Return-Path: <ana@x.example>", "Auto-Submitted: no", "Precedence: first-class"}, false, false},
		"a person, quiet":         {"Order", "x", []string{"X-Auto-Response-Suppress: DR, OOF, AutoReply"}, false, true},
		"a person, receipts only": {"Order", "x", []string{"X-Auto-Response-Suppress: DR, RN"}, false, false},
		"a person of a rule":      {"Order", "x", []string{"X-MS-Exchange-Inbox-Rules-Loop: ana@x.example"}, false, false},
		"a person on absence":     {"Out of office: whom do I ask?", "x", nil, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			events := takeRaw(l, []byte(strings.ReplaceAll(aMail("m@x", "ana@x.example", c.subject, c.text, c.header...), "\n", "\r\n")))
			sound(t, name, events)
			if silent(events) != c.machine {
				t.Errorf("got %+v", events)
			}
			if m := events[0].Message; m != nil && m.Content.Quiet != c.quiet {
				t.Errorf("quiet: %v", m.Content.Quiet)
			}
		})
	}
}
