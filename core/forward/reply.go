package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/forward/cut"
)

const (
	sentBodies = 20      // of our mails to the agent, to be found in quotes
	mostMail   = 1 << 28 // bytes read of a stored mail
	// lastAttempt is the try upon whose failure a mail is given up.
	lastAttempt = 8
)

// outcome is what becomes of an agent's mail.
type outcome struct {
	state   core.MailState
	reason  string // in English, for the record
	message core.MessageID
	notice  *core.Notice // what the agent is told; nil: nothing
	keep    bool         // for a person to look at
	held    *core.Mail   // another mail of the agent's that this one decides about
}

// Reply is the worker of JobReply: it makes messages of the agents' mails to a conversation, in the order in which they came, or says why not.
// One that cannot be judged now holds up those behind it.
func (f *Forwarder) Reply(ctx context.Context, w core.Work) error {
	for !w.Ending() {
		m, err := f.Store.In(w.Workspace).NextMail(ctx, core.ConversationID(w.Key))
		done := false
		switch {
		case errors.Is(err, core.ErrNotFound):
			done, err = f.noMore(ctx, w)
		case err != nil:
			return fmt.Errorf("agent's mail: %w", err)
		default:
			done, err = f.answer(core.WithTrace(ctx, m.ID.Trace()), w, m)
			w.Attempt = 1 // of the next mail
		}
		if done || err != nil {
			return err
		}
	}
	return core.ErrStopping
}

// noMore ends the job unless a mail has come meanwhile: under the conversation's lock, so that none comes in between.
func (f *Forwarder) noMore(ctx context.Context, w core.Work) (done bool, err error) {
	err = f.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, core.ConversationID(w.Key)); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if done, err = f.last(ctx, repo, w); !done || err != nil {
			return err
		}
		return w.Finish(ctx, tx)
	})
	return done && err == nil, err
}

// last reports whether no mail to the conversation, which is locked, waits.
func (f *Forwarder) last(ctx context.Context, repo core.Repo, w core.Work) (bool, error) {
	_, err := repo.NextMail(ctx, core.ConversationID(w.Key))
	if errors.Is(err, core.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// answer makes messages of one mail, or says why not, and reports whether the job ended with that.
func (f *Forwarder) answer(ctx context.Context, w core.Work, m core.Mail) (done bool, err error) {
	var o outcome
	raw, err := f.raw(ctx, m)
	if err == nil {
		o, err = f.judge(ctx, w.Workspace, m, raw)
	}
	if err != nil && w.Attempt >= lastAttempt && ctx.Err() == nil && !errors.Is(err, core.ErrUnavailable) {
		o, err = f.broken(ctx, w.Workspace, m, err)
	}
	if err != nil {
		return false, err
	}
	f.Log.InfoContext(ctx, "agent's mail", "mail", m.ID, "conversation", m.Conversation, "agent", m.Agent, "state", o.state, "reason", o.reason)
	done, err = f.close(ctx, w, m, raw, o)
	if err == nil && f.Judged != nil {
		f.Judged(o.state)
	}
	return done, err
}

// broken ends a mail that fails again and again, so that its author at least knows.
func (f *Forwarder) broken(ctx context.Context, ws core.WorkspaceID, m core.Mail, cause error) (outcome, error) {
	w, err := f.writer(ctx, ws, core.Notice{Conversation: m.Conversation, Agent: m.Agent, Created: f.Now()})
	if err != nil {
		return outcome{}, errors.Join(cause, err)
	}
	f.Log.ErrorContext(ctx, "agent's mail given up", "mail", m.ID, "conversation", m.Conversation, "err", cause)
	return outcome{state: core.MailRefused, reason: cause.Error(), notice: w.warning(f.Now(), "broken", w.say("broken")), keep: true}, nil
}

func (f *Forwarder) raw(ctx context.Context, m core.Mail) ([]byte, error) {
	if m.Blob == "" { // its text is no longer kept
		return nil, core.ErrNotFound
	}
	r, err := f.Blobs.Open(ctx, m.Blob)
	if err != nil {
		return nil, fmt.Errorf("open agent's mail: %w", err)
	}
	defer func() { _ = r.Close() }()
	raw, err := io.ReadAll(io.LimitReader(r, mostMail))
	if err != nil {
		return nil, fmt.Errorf("read agent's mail: %w", err)
	}
	return raw, nil
}

// mail reads a stored mail again.
func (f *Forwarder) mail(ctx context.Context, ws core.WorkspaceID, id core.MailID) (Incoming, error) {
	m, err := f.Store.In(ws).Mail(ctx, id)
	if err != nil {
		return Incoming{}, err
	}
	raw, err := f.raw(ctx, m)
	if err != nil {
		return Incoming{}, err
	}
	return f.Parser(raw)
}

// judge decides what becomes of a mail, and composes the message if it is to be one.
func (f *Forwarder) judge(ctx context.Context, ws core.WorkspaceID, m core.Mail, raw []byte) (outcome, error) {
	w, err := f.writer(ctx, ws, core.Notice{Conversation: m.Conversation, Agent: m.Agent, Created: f.Now()})
	if err != nil {
		return outcome{}, err
	}
	c, ok := f.claimsOf(m.To)
	if !ok || c.conversation != m.Conversation {
		return outcome{state: core.MailQuarantined, reason: "the reply address is not genuine", keep: true}, nil
	}
	in, err := f.Parser(raw)
	if p := (*core.Problem)(nil); errors.As(err, &p) {
		return f.unread(w, m, p), nil
	}
	if err != nil {
		return outcome{}, fmt.Errorf("parse agent's mail: %w", err)
	}
	if o, err := f.outOfOffice(ctx, w, m, in, raw); o != nil || err != nil {
		if err != nil {
			return outcome{}, err
		}
		return *o, nil
	}
	if c.purpose == toBounce || bounced(m, in, raw) {
		return f.bounce(ctx, w, m, in, raw)
	}
	if why := f.automatic(m, in); why != "" {
		return outcome{state: core.MailIgnored, reason: why}, nil
	}
	if o, ok, err := f.identify(ctx, w, m, c, in, raw); !ok || err != nil {
		return o, err
	}
	return f.take(ctx, w, m, in)
}

func (f *Forwarder) unread(w *writer, m core.Mail, p *core.Problem) outcome {
	o := outcome{state: core.MailRefused, reason: p.Error(), keep: true}
	if !m.Trusted && !f.AllowUnproven {
		o.state = core.MailQuarantined // nobody knows whose it is
		return o
	}
	o.notice = w.question(m, "unreadable", "text", p.Detail)
	return o
}

// take makes messages of a mail whose author is known.
func (f *Forwarder) take(ctx context.Context, w *writer, m core.Mail, in Incoming) (outcome, error) {
	key := "mail/" + string(m.ID)
	if before, err := w.repo.MessageByKey(ctx, key); err == nil {
		return f.resumed(ctx, w, m, in, before) // we stopped right after composing
	} else if !errors.Is(err, core.ErrNotFound) {
		return outcome{}, fmt.Errorf("message of mail: %w", err)
	}
	switch over, err := f.brake(ctx, w, m, in); {
	case err != nil:
		return outcome{}, err
	case over != nil:
		return *over, nil
	}
	ours, err := f.subject(ctx, w.repo, w.conv, w.name, w.title)
	if err != nil {
		return outcome{}, err
	}
	if absentSubject(in.Subject) || strangePrefix(in.Subject, ours) {
		return outcome{state: core.MailRefused, reason: "its subject is that of an automatic answer",
			notice: w.warning(f.Now(), "looks-automatic", w.say("looks-automatic", "text", clean(in.Subject, 100)))}, nil
	}
	if slices.ContainsFunc(in.Files, func(file IncomingFile) bool { return file.MIME == core.MailReaction }) {
		return outcome{state: core.MailRefused, reason: "an emoji put on our mail", notice: w.question(m, "reacted")}, nil
	}
	r, err := w.cut(ctx, in)
	if err != nil {
		return outcome{}, err
	}
	if o, meant, err := f.confirm(ctx, w, in, r); meant || err != nil {
		return o, err
	}
	switch o, err := f.presence(ctx, w, m, in, r.Text); {
	case err != nil:
		return outcome{}, err
	case o != nil:
		return *o, nil
	}
	return f.answerAndDo(ctx, w, m, in, r)
}

// answerAndDo sends what a mail says to the customer, and does what it commands.
func (f *Forwarder) answerAndDo(ctx context.Context, w *writer, m core.Mail, in Incoming, r cut.Result) (outcome, error) {
	r, deeds, notice := w.orders(m, in, r)
	switch {
	case notice != nil:
		return outcome{state: core.MailRefused, reason: notice.Text, notice: notice}, nil
	case len(deeds) > 0 && r.Text == "" && len(in.Files) == 0:
		return f.handle(ctx, w, m, deeds)
	}
	if done, err := f.before(ctx, w, m, deeds); err != nil {
		return w.handled(m, deeds, done, err)
	}
	if w.channel.State == core.ChannelRemoved { // which nobody can ask what it carries
		p := core.RemovedChannel()
		return outcome{state: core.MailRefused, reason: p.Error(), notice: w.refusal(ctx, m, p)}, nil
	}
	contents, notice, err := w.contents(ctx, m, in, r)
	if err != nil {
		return outcome{}, err
	}
	if notice != nil {
		return outcome{state: core.MailRefused, reason: notice.Text, notice: notice}, nil
	}
	seen, err := w.seen(ctx, in)
	if err != nil {
		return outcome{}, err
	}
	o, err := f.compose(ctx, w, m, "mail/"+string(m.ID), contents, seen)
	if err != nil {
		return o, err
	}
	return f.followed(ctx, w, m, deeds, o)
}

// orders takes the commands out of what was found in a mail. What is not surely the agent's own text commands nothing.
func (w *writer) orders(m core.Mail, in Incoming, r cut.Result) (cut.Result, []deed, *core.Notice) {
	if !r.Sure && r.Text != "" {
		return r, nil, nil
	}
	s, notice := w.commanded(m, in.Subject, r.Text)
	if len(s.deeds) > 0 {
		r.Text = s.answer
		r.Sure, r.Nothing = s.answer != "", s.answer == ""
	}
	return r, s.deeds, notice
}

// resumed goes on with a mail whose message was stored before we stopped.
func (f *Forwarder) resumed(ctx context.Context, w *writer, m core.Mail, in Incoming, made core.Message) (outcome, error) {
	o := outcome{state: core.MailSent, message: made.ID}
	r, err := w.cut(ctx, in)
	if err != nil {
		return outcome{}, err
	}
	_, deeds, _ := w.orders(m, in, r)
	return f.followed(ctx, w, m, deeds, o)
}

// contents are what the mail says to the customer, or a notice why it cannot be told.
func (w *writer) contents(ctx context.Context, m core.Mail, in Incoming, r cut.Result) ([]core.Content, *core.Notice, error) {
	pictures := inlined(in, r)
	files, notice, err := w.attachments(ctx, m, in, pictures)
	if err != nil || notice != nil {
		return nil, notice, err
	}
	text := withoutPictures(r.Text)
	switch {
	case !r.Sure && !r.Nothing && r.Text != "":
		return nil, w.question(m, "unsure"), nil
	case text == "" && len(files) == 0:
		return nil, w.question(m, "nothing"), nil
	case text == "" && !r.Sure && !r.Nothing && strings.TrimSpace(in.Text+in.HTML) != "":
		return nil, w.question(m, "unsure"), nil
	}
	if c, notice, err := w.command(ctx, m, text, files); c != nil || notice != nil || err != nil {
		return c, notice, err
	}
	files = core.Together(string(m.ID), files)
	if text != "" {
		files = slices.Insert(files, 0, core.Content{Kind: core.KindText, Text: text})
	}
	return files, nil, nil
}

// cut finds the agent's own text.
func (w *writer) cut(ctx context.Context, in Incoming) (cut.Result, error) {
	sent, err := w.sentTo(ctx)
	if err != nil {
		return cut.Result{}, err
	}
	m := cut.Mail{Text: in.Text, HTML: in.HTML, Author: append([]string{w.agent.Name}, w.agent.Addresses...), From: []string{w.From.Address, w.shown()}}
	for _, from := range in.From {
		m.Author = append(m.Author, from.Name)
	}
	for _, n := range sent {
		m.Sent, m.Others = append(m.Sent, n.Body), append(m.Others, w.unquoted(n.Body))
	}
	return cut.Reply(m), nil
}

// unquoted is the text of one of our mails without what it quotes of the agent's own: what they answered before, and what was given back to them.
func (w *writer) unquoted(body string) string {
	own := w.isolate(clean(w.agent.Name, 80)) + w.say("list")
	given := []string{w.say("your-text"), w.say("reading")}
	var kept []string
	theirs := false
	for line := range strings.SplitSeq(body, "\n") {
		if theirs = theirs && strings.HasPrefix(line, ">"); theirs {
			continue
		}
		kept = append(kept, line)
		theirs = strings.HasPrefix(line, own) || slices.Contains(given, line)
	}
	return strings.Join(kept, "\n")
}

// compose hands the contents to the gate.
func (f *Forwarder) compose(ctx context.Context, w *writer, m core.Mail, key string, contents []core.Content, seen int64) (outcome, error) {
	d := Draft{Conversation: m.Conversation, Author: core.Author{Kind: core.AuthorAgent, Agent: w.agent.ID, Name: w.agent.Name}, Contents: contents, Key: key, Seen: seen}
	made, _, err := f.Compose(ctx, w.conv.Workspace, d)
	var p *core.Problem
	switch {
	case errors.As(err, &p) && p.Code == core.CodeOvertaken:
		return w.hold(ctx, m, seen)
	case errors.As(err, &p) && p.Code != core.CodeUnavailable:
		return outcome{state: core.MailRefused, reason: p.Error(), notice: w.refusal(ctx, m, p)}, nil
	case err != nil:
		return outcome{}, fmt.Errorf("compose: %w", err)
	case len(made) == 0:
		return outcome{}, errors.New("compose made no message")
	}
	told, err := w.altered(ctx, made)
	if err != nil {
		return outcome{}, err
	}
	return outcome{state: core.MailSent, message: made[0].ID, notice: told}, nil
}

// refusal tells an agent why the gate said no.
func (w *writer) refusal(ctx context.Context, m core.Mail, p *core.Problem) *core.Notice {
	text := w.because(p.Detail, p.Remedy)
	switch {
	case p.Code == core.CodeWindowClosed:
		text = w.windowSentence(ctx, w.repo, w.conv, w.title)
		if d, err := w.decide(ctx); err == nil && d.Verdict == core.VerdictTemplate {
			text += "\n" + w.say("wait-or-template")
		} else {
			text += "\n" + w.say("wait")
		}
	case w.code != "en" && (p.Code == core.CodeOptedOut || p.Code == core.CodeClosed): // the gate speaks English
		text = w.say(string(p.Code))
	}
	if p.Code == core.CodeClosed && w.Handle != nil {
		text += "\n" + w.say("handling-reopen")
	}
	return w.remark(core.NoticeRefused, m, text)
}

// question asks an agent about their mail, in a sentence of the catalogue.
func (w *writer) question(m core.Mail, sentence string, values ...string) *core.Notice {
	return w.remark(core.NoticeQuestion, m, w.say(sentence, values...))
}

// remark is what an agent is told about a mail of theirs, once.
func (w *writer) remark(kind core.NoticeKind, m core.Mail, lines ...string) *core.Notice {
	return &core.Notice{Kind: kind, Key: "mail/" + string(m.ID), Agent: w.agent.ID, Mail: m.ID, Text: strings.Join(lines, "\n")}
}

// close records the outcome, and what follows from it, at once, and ends the job with that if no other mail waits.
func (f *Forwarder) close(ctx context.Context, w core.Work, m core.Mail, raw []byte, o outcome) (done bool, err error) {
	err = f.Store.Tx(ctx, func(tx core.Tx) error {
		if err := f.record(ctx, tx, w.Workspace, m, raw, o); err != nil {
			return err
		}
		if done, err = f.last(ctx, tx.In(w.Workspace), w); done {
			done = w.Finish(ctx, tx) == nil // a job that another has by now takes nothing back of what was recorded
		}
		return err
	})
	return done && err == nil, err
}

// record writes down what becomes of a mail.
func (f *Forwarder) record(ctx context.Context, tx core.Tx, ws core.WorkspaceID, m core.Mail, raw []byte, o outcome) error {
	m.State, m.Reason, m.Message = o.state, o.reason, o.message
	repo := tx.In(ws)
	if _, err := repo.Lock(ctx, m.Conversation); err != nil {
		return fmt.Errorf("lock conversation: %w", err)
	}
	if err := repo.SetMail(ctx, m); err != nil {
		return fmt.Errorf("record agent's mail: %w", err)
	}
	if o.held != nil {
		if err := repo.SetMail(ctx, *o.held); err != nil {
			return fmt.Errorf("record mail that was held: %w", err)
		}
	}
	if o.keep {
		if err := repo.AddDeadLetter(ctx, core.DeadLetter{ID: string(m.ID), Kind: core.DeadMail, Reason: o.reason, Raw: raw, At: f.Now()}); err != nil {
			return fmt.Errorf("keep mail for a person: %w", err)
		}
	}
	if o.notice == nil {
		return nil
	}
	if err := f.note(ctx, repo, m.Conversation, *o.notice); err != nil {
		return err
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobNotify, Workspace: ws, Key: string(m.Conversation)})
}

// envelope is how the mail reached our door.
func envelope(m core.Mail) Envelope {
	env := Envelope{From: m.From, To: m.To}
	if remote, err := netip.ParseAddr(m.Remote); err == nil {
		env.Remote = remote
	}
	return env
}

// hour names the hour of a time, for what is said once in an hour.
func hour(t time.Time) string { return t.UTC().Format("2006-01-02T15") }
