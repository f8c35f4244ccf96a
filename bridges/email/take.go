package email

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

const (
	mostText  = 256 << 10 // bytes of a message's text
	mostFiles = 50
)

// place is where a mail lies.
type place struct {
	folder   string
	validity uint32
	uid      uint32
}

// taken is what became of a mail: events, and the thread that it belongs to if a person wrote it.
type taken struct {
	events []core.Event
	peer   string
	thread *thread
}

// take reads a mail. It returns at least one event, whatever the mail is.
func (l *link) take(at place, m mailbox.Mail) (t taken) {
	e := core.Event{Kind: core.EventMessage, Account: l.conf.address, At: m.At.UTC(), Origin: core.OriginCustomer}
	if m.At.IsZero() {
		e.At = l.host.Now().UTC()
	}
	sum := sha256.Sum256(m.Raw)
	e.ID = "sha256-" + hex.EncodeToString(sum[:])
	defer func() {
		if r := recover(); r != nil {
			l.host.Log().Error("reading a mail panicked", "folder", at.folder, "uid", at.uid, "panic", r, "stack", string(debug.Stack()))
			t = taken{events: []core.Event{aside(e, "The mail cannot be read: reading it failed inside the program.", at, m)}}
		}
	}()
	if m.Size > sizeLimit || int64(len(m.Raw)) > sizeLimit {
		e.ID = fmt.Sprintf("large-%s-%d-%d", at.folder, at.validity, at.uid)
		return taken{events: []core.Event{aside(e, "The mail is larger than "+core.Bytes(sizeLimit)+". It is still in the mailbox.", at, m)}}
	}
	letter, err := l.parse(m.Raw)
	if err != nil {
		return taken{events: []core.Event{aside(e, "The mail cannot be read: "+err.Error(), at, m)}}
	}
	if letter.MessageID != "" {
		e.ID = clip(letter.MessageID, 500)
	}
	return l.read(at, m, letter, e)
}

// aside keeps a mail among the dead letters.
func aside(e core.Event, why string, at place, m mailbox.Mail) core.Event {
	e.Fault = why
	e.Raw, _ = json.Marshal(map[string]any{"folder": at.folder, "uidvalidity": at.validity, "uid": at.uid, "bytes": m.Size,
		"begins": strings.ToValidUTF8(string(m.Raw[:min(len(m.Raw), 32<<10)]), "\uFFFD")})
	return e
}

// read judges a mail.
func (l *link) read(at place, m mailbox.Mail, letter Letter, e core.Event) taken {
	switch why := l.ours(letter); {
	case why != "":
		e.Kind, e.Origin, e.Raw = core.EventOther, core.OriginGateway, note(why, letter, m.Raw)
		return taken{events: []core.Event{e}}
	case isReport(letter):
		e.Origin = core.OriginProvider
		return taken{events: report(letter, m.Raw, e)}
	}
	peer, answerTo, ok := l.conf.sender(letter)
	if !ok {
		return taken{events: []core.Event{aside(e, "The mail names no sender that could be answered.", at, m)}}
	}
	e.Peer = core.Peer{Name: clip(oneLine(peer.Name), 200), Identities: []core.IdentityKey{{Scheme: core.SchemeEmail, Value: peer.Address}}}
	if emoji := reaction(letter); emoji != "" && ourID.MatchString(answered(letter)) {
		e.Kind, e.Reaction = core.EventReaction, &core.ReactionBody{Target: answered(letter), Emoji: emoji}
		return taken{events: []core.Event{e}}
	}
	why := l.conf.automatic(letter)
	if why == "" && absentSubject(letter) {
		why = "its subject is that of an automatic answer"
	}
	all := contents(at, letter)
	for i := range all {
		all[i].Automatic, all[i].Quiet = why, why == "" && suppressed(letter)
	}
	t := taken{events: messages(e, all)}
	if why == "" {
		th := threadOf(letter, answerTo)
		t.peer, t.thread = peer.Address, &th
	}
	return t
}

// ours says how a mail is known as one of our own, or "".
func (l *link) ours(m Letter) string {
	switch {
	case ourID.MatchString(m.MessageID) && strings.HasPrefix(m.MessageID, "cw-"):
		return "one of our own mails came back"
	case m.first(markHeader) != "" && m.first(markHeader) == string(l.channel.ID):
		return "one of our own mails came back"
	case len(m.From) > 0 && strings.EqualFold(m.From[0].Address, l.conf.address) && len(replyTo(m)) == 0:
		return "a mail from the address itself"
	}
	return ""
}

// sender finds whom a mail is from, and where answers go if it says another place. A mail of a form on a web site, sent from an address that nobody
// reads or from our own, is from whom it wants answered. Reply-To counts besides only within one domain: else a forged mail would lead answers away.
func (c conf) sender(m Letter) (peer Address, answerTo string, ok bool) {
	from, reply := author(m), replyTo(m)
	if len(reply) == 0 || reply[0].Address == from.Address || reply[0].Address == strings.ToLower(c.address) {
		return from, "", from.Address != "" && from.Address != strings.ToLower(c.address)
	}
	local, domain, _ := strings.Cut(from.Address, "@")
	_, replyDomain, _ := strings.Cut(reply[0].Address, "@")
	switch {
	case from.Address == "" || from.Address == strings.ToLower(c.address) || noReply.MatchString(local):
		if reply[0].Name == "" && !noReply.MatchString(local) {
			reply[0].Name = from.Name
		}
		return reply[0], "", true
	case domain == replyDomain:
		return from, reply[0].Address, true
	}
	return from, "", true
}

// author is the first address that a mail is from, or what stands for it where there is none.
func author(m Letter) Address {
	for _, a := range m.From {
		if address, good := plainAddress(a.Address); good {
			return Address{Name: a.Name, Address: strings.ToLower(address)}
		}
	}
	for _, field := range []string{"Sender", "Return-Path"} {
		if address, good := plainAddress(strings.Trim(m.first(field), "<> ")); good {
			return Address{Address: strings.ToLower(address)}
		}
	}
	return Address{}
}

// messages makes one event of each content. The first has the mail's own id, the others count up behind it.
func messages(e core.Event, all []core.Content) []core.Event {
	events := make([]core.Event, 0, len(all))
	for i, c := range core.Together(e.ID, all) {
		one := e
		if i > 0 {
			one.ID = e.ID + "#" + strconv.Itoa(i)
		}
		one.Message = &core.MessageBody{Provider: one.ID, Content: c}
		events = append(events, one)
	}
	return events
}

// contents is what a mail says: its text, then its files.
func contents(at place, m Letter) []core.Content {
	var all []core.Content
	if text := said(m); text != "" {
		all = append(all, core.Content{Kind: core.KindText, Text: text})
	}
	for i, f := range m.Files[:min(len(m.Files), mostFiles)] {
		if !mute(f) {
			all = append(all, fileContent(at, m, i, f))
		}
	}
	if n := len(m.Files) - mostFiles; n > 0 {
		all = append(all, core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "files", Detail: fmt.Sprintf("%d more files are in the mailbox.", n)}})
	}
	if len(all) == 0 {
		all = append(all, core.Content{Kind: core.KindUnsupported, Unsupported: &core.Unsupported{Type: "empty mail", Detail: "The mail has neither text nor files."}})
	}
	all[0].Subject = clip(oneLine(m.Subject), 500)
	if target := answered(m); target != "" {
		all[0].Quote = &core.Quote{Provider: target}
	}
	return all
}

// answered is the id of the mail that this one answers, as near as it says.
func answered(m Letter) string {
	if len(m.InReplyTo) > 0 {
		return m.InReplyTo[0]
	}
	if n := len(m.References); n > 0 {
		return m.References[n-1]
	}
	return ""
}

// said is the text of the message. Of an answer it is what is new, if that is sure, and nothing where that is in the files; of a first mail it is
// everything, with its subject on top.
func said(m Letter) string {
	text, fresh := m.Text, len(m.InReplyTo) == 0 && len(m.References) == 0 && !isReply(m.Subject)
	switch {
	case fresh:
	case m.Sure && strings.TrimSpace(m.New) != "", m.Nothing && len(m.Files) > 0:
		text = m.New
	}
	text = strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(unarmoured(text), "\uFFFD"), "\x00", ""))
	if subject := oneLine(m.Subject); fresh && subject != "" && !strings.HasPrefix(text, subject) {
		text = strings.TrimSpace(subject + "\n\n" + text)
	}
	for _, n := range remarks(m) {
		text = strings.TrimSpace(text + "\n\n" + n)
	}
	return clip(text, mostText)
}

// remarks say what a mail is, where its text does not.
func remarks(m Letter) []string {
	var all []string
	if s := protection(m); s != "" {
		all = append(all, s)
	}
	for _, f := range m.Files {
		switch {
		case packed(f):
			all = append(all, "(Outlook packed this mail's files into winmail.dat.)")
		case calendar(f):
			if s := invitation(string(f.Data)); s != "" && !strings.Contains(strings.Join(all, "\n"), s) {
				all = append(all, s)
			}
		}
	}
	return all
}

// calendar reports whether a file is an invitation or its like.
func calendar(f File) bool { return f.MIME == "text/calendar" || f.MIME == "application/ics" }

// packed reports whether a file is what Outlook wraps others in.
func packed(f File) bool {
	return f.MIME == "application/ms-tnef" || f.MIME == "application/vnd.ms-tnef" || strings.EqualFold(f.Name, "winmail.dat")
}

func fileContent(at place, m Letter, index int, f File) core.Content {
	name := oneLine(f.Name)
	if name == "" {
		name = nameless(f.MIME)
	}
	media := &core.Media{MIME: f.MIME, Name: clip(name, 200), Size: int64(len(f.Data)), Provider: at.reference(m.MessageID, index)}
	return core.Content{Kind: core.FileKind(f.MIME), Media: media}
}

func nameless(mime string) string {
	switch mime {
	case "text/calendar":
		return "invite.ics"
	case "message/rfc822":
		return "mail.eml"
	case "application/pkcs7-mime", "application/x-pkcs7-mime":
		return "smime.p7m"
	case "application/ms-tnef":
		return "winmail.dat"
	}
	return ""
}

// reference names a file for fetching it later.
func (p place) reference(id string, index int) string {
	return url.Values{"folder": {p.folder}, "validity": {strconv.FormatUint(uint64(p.validity), 10)}, "uid": {strconv.FormatUint(uint64(p.uid), 10)},
		"file": {strconv.Itoa(index)}, "id": {clip(id, 500)}}.Encode()
}
