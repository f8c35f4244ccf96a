package forward

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/forward/cut"
)

const (
	contextMessages = 4   // shown under a message, so that one can answer without looking elsewhere
	contextLength   = 300 // runes of each
)

// writer gathers what the mail of a notice needs.
func (f *Forwarder) writer(ctx context.Context, ws core.WorkspaceID, n core.Notice) (*writer, error) {
	a, err := f.Store.In(ws).Agent(ctx, n.Agent)
	if err != nil {
		return nil, fmt.Errorf("agent of notice: %w", err)
	}
	return f.writerTo(ctx, ws, n, a)
}

// writerTo is writer where the agent is known.
func (f *Forwarder) writerTo(ctx context.Context, ws core.WorkspaceID, n core.Notice, a core.Agent) (*writer, error) {
	w := &writer{Forwarder: f, repo: f.Store.In(ws), notice: n, agent: a, room: f.AttachLimit}
	var err error
	if w.conv, err = w.repo.Conversation(ctx, n.Conversation); err != nil {
		return nil, fmt.Errorf("conversation of notice: %w", err)
	}
	if w.contact, err = w.repo.Contact(ctx, w.conv.Contact); err != nil {
		return nil, fmt.Errorf("contact of notice: %w", err)
	}
	w.tongue = f.tongue(w.agent.Language)
	if w.name, err = w.called(ctx); err != nil {
		return nil, err
	}
	w.page = page{Lang: w.code, Dir: w.dir(), Mark: cut.Marker(w.say("mark"))}
	return w, w.via(ctx, w.conv.Channel)
}

// via sets the channel that the mail speaks of.
func (w *writer) via(ctx context.Context, id core.ChannelID) (err error) {
	if id != "" && id == w.channel.ID {
		return nil
	}
	if w.channel, err = w.repo.Channel(ctx, id); err != nil {
		return fmt.Errorf("channel of notice: %w", err)
	}
	w.title = w.channel.Kind
	if info, err := w.Info(w.channel.Kind); err == nil {
		w.title = info.Title
	}
	return nil
}

// called is what people call the contact: their name, else their number or user name.
func (w *writer) called(ctx context.Context) (string, error) {
	if name := clean(w.contact.Name, subjectName); name != "" {
		return name, nil
	}
	known, err := w.repo.IdentitiesOf(ctx, w.contact.ID)
	if err != nil {
		return "", fmt.Errorf("identities of contact: %w", err)
	}
	for _, scheme := range []core.Scheme{core.SchemePhone, core.SchemeUsername, core.SchemeEmail} {
		for _, i := range known {
			switch {
			case i.Key.Scheme != scheme:
			case scheme == core.SchemePhone:
				return "+" + clean(i.Key.Value, 30), nil
			default:
				return clean(i.Key.Value, subjectName), nil
			}
		}
	}
	return w.say("customer"), nil
}

// letter writes the mail of a notice, and returns it with the text to look for in quotes later.
func (f *Forwarder) letter(ctx context.Context, ws core.WorkspaceID, n core.Notice, to core.Agent, attach bool) (Letter, error) {
	w, err := f.writerTo(ctx, ws, n, to)
	if err != nil {
		return Letter{}, err
	}
	if !attach {
		w.room = -1
	}
	l := Letter{Date: f.Now(), To: Address{Name: clean(w.agent.Name, 80), Address: w.agent.Address()}}
	if l.Subject, err = f.subject(ctx, w.repo, w.conv, w.name, w.title); err != nil {
		return l, err
	}
	if err := w.write(ctx); err != nil {
		return l, err
	}
	w.foot(ctx)
	if err := w.addresses(&l); err != nil {
		return l, err
	}
	before, err := w.repo.NoticesTo(ctx, n.Conversation, n.Agent, mostRefs)
	if err != nil {
		return l, fmt.Errorf("earlier mails: %w", err)
	}
	f.thread(&l, w.conv, n, before, w.answers)
	l.Headers = f.headers(w.channel, w.title)
	l.Text, l.Files = w.page.text(), w.files
	l.HTML, err = w.page.html(f.layout)
	return l, err
}

// addresses sets from whom the mail is, and where answers and bounces go.
func (w *writer) addresses(l *Letter) error {
	expires := w.notice.Created.Add(w.ReplyFor)
	reply, err := w.address(toReply, w.conv.ID, w.agent, expires)
	if err != nil {
		return fmt.Errorf("reply address: %w", err)
	}
	if l.Envelope, err = w.address(toBounce, w.conv.ID, w.agent, expires); err != nil {
		return fmt.Errorf("bounce address: %w", err)
	}
	l.From, l.ReplyTo = Address{w.shown(), w.From.Address}, Address{w.shown(), reply}
	if w.notice.Kind != core.NoticeMessage && w.notice.Kind != core.NoticeChange {
		l.From.Name = w.ourName()
	}
	token, _, _ := strings.Cut(strings.TrimPrefix(reply, string(toReply)+"+"), "@")
	l.MessageID = strings.ReplaceAll(string(w.notice.ID), "-", "") + "." + token + "@" + w.Domain
	if w.notice.MessageID != "" {
		l.MessageID = w.notice.MessageID
	}
	return nil
}

// shown is the name under which the contact's messages are mailed.
func (w *writer) shown() string { return clean(w.name, subjectName) + " (" + w.title + ")" }

func (f *Forwarder) ourName() string {
	if f.From.Name != "" {
		return f.From.Name
	}
	return "Causeway"
}

// headers keep autoresponders silent and let filters work. Precedence is left out: it makes mail look like advertising.
func (f *Forwarder) headers(ch core.Channel, title string) [][2]string {
	return [][2]string{{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"},
		{"List-Id", clean(ch.Name, 60) + " (" + title + ") <" + string(ch.ID) + "." + f.Domain + ">"}, {markHeader, f.mark}}
}

// markHeader is by what we know our own mails when they come back.
const markHeader = "X-Causeway-Instance"

// write fills the page with what the notice is about.
func (w *writer) write(ctx context.Context) error {
	switch w.notice.Kind {
	case core.NoticeMessage:
		return w.message(ctx)
	case core.NoticeChange:
		return w.change(ctx)
	case core.NoticeFailed:
		return w.failed(ctx)
	case core.NoticeRefused, core.NoticeQuestion:
		return w.returned(ctx)
	case core.NoticeAlert: // its text says it all
	}
	w.page.add(blockSay, w.notice.Text)
	return nil
}

// message shows what the contact wrote, or the phone sent, and what was said before.
func (w *writer) message(ctx context.Context) error {
	first, err := w.repo.Message(ctx, w.notice.Message)
	if err != nil {
		return fmt.Errorf("message of notice: %w", err)
	}
	all, err := w.brings(ctx, w.repo, w.notice, first)
	if err != nil {
		return err
	}
	if err := w.via(ctx, all[0].Channel); err != nil {
		return err
	}
	if all[0].Direction == core.Out {
		w.page.add(blockLead, w.say("sent-from-phone"))
	}
	for _, m := range all {
		if !m.Revoked.IsZero() {
			w.page.add(blockNote, w.say("revoked"))
			continue
		}
		if w.page.Peek == "" {
			w.page.Peek = w.summary(m.Content, 120)
		}
		if err := w.content(ctx, m.Content); err != nil {
			return err
		}
	}
	return w.earlier(ctx, core.Before(all[0]))
}

// earlier quotes the messages before a place, the newest first.
func (w *writer) earlier(ctx context.Context, before core.Bookmark) error {
	list, _, err := core.Timeline(ctx, w.repo, w.conv.ID, before, contextMessages)
	if err != nil {
		return fmt.Errorf("earlier messages: %w", err)
	}
	first := true
	for _, m := range list {
		text := w.summary(m.Content, contextLength)
		if !m.Revoked.IsZero() {
			text = w.say("revoked")
		}
		if text == "" {
			continue
		}
		if first {
			w.page.add(blockRule, "")
			w.page.add(blockNote, w.say("earlier"))
			first = false
		}
		w.page.quote(w.isolate(w.author(ctx, m))+w.say("list")+w.when(m.At), text)
	}
	return nil
}

// author names who wrote a message.
func (w *writer) author(ctx context.Context, m core.Message) string {
	switch m.Author.Kind {
	case core.AuthorContact:
		return w.name
	case core.AuthorPhone:
		return w.say("phone")
	case core.AuthorAgent:
		if a, err := w.repo.Agent(ctx, m.Author.Agent); err == nil {
			return clean(a.Name, 80)
		}
		return w.say("colleague")
	case core.AuthorWorkflow, core.AuthorAPI, core.AuthorSystem, core.AuthorProbe:
	}
	if m.Author.Name != "" {
		return clean(m.Author.Name, 80)
	}
	return w.say("automatic")
}

// foot says where an answer goes and until when one may answer freely.
func (w *writer) foot(ctx context.Context) {
	w.page.Foot = append(w.page.Foot, w.say("footer", "name", w.name, "channel", w.title))
	if w.Handle != nil {
		w.page.Foot = append(w.page.Foot, w.say("handling-foot"))
	}
	d, err := w.decide(ctx)
	switch {
	case err != nil:
		w.Log.InfoContext(ctx, "a mail does not say until when one may answer", "conversation", w.conv.ID, "err", err)
		return
	case d.Code == core.CodeClosed:
		w.page.Foot = append(w.page.Foot, w.say("conversation-closed"))
		return
	case d.Code == core.CodeChannelRemoved:
		w.page.Foot = append(w.page.Foot, w.because(d.Reason, d.Remedy))
		return
	case d.Verdict == core.VerdictTemplate:
		w.page.Foot = append(w.page.Foot, w.say("free-over-templates", "channel", w.title))
		return
	case d.Code == core.CodeOptedOut:
		w.page.Foot = append(w.page.Foot, w.say("opted-out"))
		return
	case d.Verdict == core.VerdictRefuse:
		w.page.Foot = append(w.page.Foot, w.say("free-over"))
		return
	case d.Verdict == core.VerdictPark:
		w.page.Foot = append(w.page.Foot, w.say("waits"))
	}
	if d.Until.IsZero() {
		w.page.Foot = append(w.page.Foot, w.say("free-always"))
		return
	}
	w.page.Foot = append(w.page.Foot, w.say("free-until", "time", w.when(d.Until)))
}

// decide asks the gate about a text by this agent.
func (w *writer) decide(ctx context.Context) (core.Decision, error) {
	by := core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID, Name: w.agent.Name}
	return w.Decide(ctx, w.conv.Workspace, Draft{Conversation: w.conv.ID, Author: by, Contents: []core.Content{{Kind: core.KindText, Text: "…"}}})
}

// failed says what the customer did not get, and gives it back.
func (w *writer) failed(ctx context.Context) error {
	m, err := w.repo.Message(ctx, w.notice.Message)
	if err != nil {
		return fmt.Errorf("failed message: %w", err)
	}
	if err := w.via(ctx, m.Channel); err != nil {
		return err
	}
	lead, reason, content := w.say("failed", "name", w.name), w.say("reason", "text", w.notice.Text), m.Content
	for i, p := range m.Parts {
		if !core.AboutPart(w.notice, p.ID) {
			continue
		}
		content = p.Content
		switch {
		case p.Status == core.StatusUnknown:
			lead = w.say("unknown", "name", w.name)
		case len(m.Parts) > 1:
			lead = w.say("failed-part", "name", w.name, "part", fmt.Sprint(i+1), "parts", fmt.Sprint(len(m.Parts)))
		}
		if p.Error != nil {
			reason = w.failure(ctx, *p.Error)
		}
	}
	w.page.Peek = lead
	w.page.add(blockLead, lead)
	w.page.add(blockSay, reason)
	w.page.quote(w.say("your-text"), w.summary(content, 20000))
	return w.templates(ctx)
}

// failure says why a part did not arrive.
func (w *writer) failure(ctx context.Context, e core.SendError) string {
	switch {
	case e.Code == string(core.CodeOvertaken):
		return w.say("overtaken")
	case e.Effect == core.EffectWindow || e.Code == string(core.CodeWindowClosed):
		return w.windowSentence(ctx, w.repo, w.conv, w.title)
	case e.Code != "":
		return w.because(e.Reason, e.Remedy, "("+e.Code+")")
	}
	return w.because(e.Reason, e.Remedy)
}

// because gives a reason of the gate's or a bridge's in the agent's language.
func (w *writer) because(sentences ...string) string {
	var all []string
	for _, s := range sentences {
		if s != "" {
			all = append(all, core.Reason(w.code, w.title, s))
		}
	}
	return w.say("reason", "text", strings.Join(all, " "))
}

// windowSentence says why free text is not allowed now.
func (w *writer) windowSentence(ctx context.Context, repo core.Repo, conv core.Conversation, title string) string {
	can, err := w.Capabilities(ctx, w.channel.ID)
	if err != nil {
		return w.say("window-closed", "channel", title)
	}
	state, err := repo.Window(ctx, w.channel.ID, conv.Contact)
	window := can.Window.Tighten(w.channel.FreeWindow)
	switch {
	case err != nil || window.Free == 0:
		return w.say("window-closed", "channel", title)
	case state.Last.IsZero():
		return w.say("window-closed-never", "channel", title)
	}
	free := max(window.Free, window.Human)
	return w.say("window-closed-until", "channel", title, "span", w.span(free), "last", w.when(state.Last), "until", w.when(state.Last.Add(free)))
}

// returned gives an agent their own mail back with the reason.
func (w *writer) returned(ctx context.Context) error {
	w.page.Peek = w.notice.Text
	if w.notice.Mail == "" {
		w.page.add(blockSay, w.notice.Text)
		return nil
	}
	w.page.add(blockLead, w.say(string(w.notice.Kind)))
	w.page.add(blockSay, w.notice.Text)
	in, err := w.mail(ctx, w.conv.Workspace, w.notice.Mail)
	if errors.Is(err, core.ErrNotFound) || core.CodeOf(err) != "" {
		return nil // what cannot be read cannot be given back
	}
	if err != nil {
		return err
	}
	w.answers = in.MessageID
	if strings.ContainsAny(w.answers, " \t\r\n<>") || !ascii(w.answers) {
		w.answers = ""
	}
	if err := w.theirs(ctx, in); err != nil {
		return err
	}
	if w.notice.Kind == core.NoticeRefused {
		return w.templates(ctx)
	}
	return nil
}

// theirs quotes the agent's own text, both readings where we were not sure.
func (w *writer) theirs(ctx context.Context, in Incoming) error {
	r, err := w.cut(ctx, in)
	if err != nil {
		return err
	}
	switch {
	case !r.Sure && !r.Nothing && r.Text != "":
		w.page.quote(w.say("reading"), r.Text)
		w.page.quote(w.say("other-reading"), shorten(r.Other, 4000))
	default:
		w.page.quote(w.say("your-text"), r.Text)
	}
	var names []string
	for _, file := range in.Files {
		names = append(names, clean(file.Name, 120))
	}
	w.page.quote(w.say("your-files"), strings.Join(names, "\n"))
	return nil
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 || r < 33 })
}

// linkTime is until when links in a notice's mail work.
func (w *writer) linkTime() time.Time { return w.notice.Created.Add(w.MediaLinkFor) }
