package webchat

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"causeway/core"
)

const (
	otherWay = "Reach the visitor on another channel, or wait until they write again."
	rewrite  = "Change the message and send it again."
)

// refuse is the error of a message that cannot go out.
func refuse(reason, remedy string) error {
	return &core.SendError{Outcome: core.Rejected, Effect: core.EffectFail, Reason: reason, Remedy: remedy}
}

// Send implements core.Link. The message is sent when it is in the visitor's log; a browser that is not there now gets it when it comes back.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	to, err := l.recipient(out.To)
	if err != nil {
		return core.Sent{}, err
	}
	e, err := l.compose(ctx, out)
	if err != nil {
		return core.Sent{}, err
	}
	if ctx.Err() != nil {
		return core.Sent{}, retry(core.Rejected, ctx.Err())
	}
	if e, err = l.enter(ctx, logOut, to, e); err != nil {
		return core.Sent{}, retry(core.Unknown, err)
	}
	return core.Sent{Provider: e.ID, At: l.host.Now()}, nil
}

// retry is the error of a store that does not answer.
func retry(o core.Outcome, err error) error {
	return &core.SendError{Outcome: o, Effect: core.EffectRetry, Reason: "The message could not be kept for the visitor just now.", Detail: err.Error()}
}

// recipient returns which visitor of this channel is meant.
func (l *link) recipient(keys []core.IdentityKey) (string, error) {
	for _, k := range keys {
		if k.Scheme == Scheme && k.Scope == l.conf.site && k.Value != "" {
			return k.Value, nil
		}
	}
	return "", refuse("The contact never wrote by this site's chat.", "Reach them on another channel.")
}

// compose makes the entry of a message.
func (l *link) compose(ctx context.Context, out core.Outgoing) (entry, error) {
	c := out.Content
	e := entry{Say: sayMessage, ID: string(out.Key), At: l.host.Now().UnixMilli()}
	e.Text, e.Rich = rich(c.Text)
	if l.conf.names {
		e.By = out.Author
	}
	if reason := capabilities().Refuses(c); reason != "" {
		return e, refuse(reason, rewrite)
	}
	limit := textLimit
	switch {
	case c.Kind.HasMedia():
		limit = captionLimit
		f, err := l.attach(ctx, c.Media)
		if err != nil {
			return e, err
		}
		e.File = f
	case strings.TrimSpace(c.Text) == "":
		return e, refuse("The message says nothing.", rewrite)
	case c.Kind == core.KindChoices:
		var err error
		if e.Options, err = buttons(c.Choices); err != nil {
			return e, err
		}
	}
	if utf8.RuneCountInString(c.Text) > limit {
		return e, refuse("The text is longer than the chat shows.", rewrite)
	}
	return e, nil
}

// attach names a file that a browser will ask for, once it is seen to be there.
func (l *link) attach(ctx context.Context, m *core.Media) (*file, error) {
	if m == nil || m.ID == "" {
		return nil, refuse("The message names a file and carries none.", "Attach the file and send it again.")
	}
	content, err := l.host.Open(ctx, m.ID)
	if err != nil {
		if core.CodeOf(err) == core.CodeNotFound {
			return nil, refuse("The file is no longer here.", "Attach the file and send it again.")
		}
		return nil, retry(core.Rejected, err)
	}
	_ = content.Close()
	return &file{ID: "m-" + string(m.ID), Name: m.Name, MIME: m.MIME, Size: m.Size}, nil
}

func buttons(c *core.Choices) ([]option, error) {
	if c == nil || len(c.Options) == 0 || len(c.Options) > maxButtons {
		return nil, refuse("The chat shows from one to ten things to pick from.", rewrite)
	}
	if c.Style == core.ChoicesLocation || c.Style == core.ChoicesForm {
		return nil, refuse("The chat can ask for neither a place nor a form.", rewrite)
	}
	var all []option
	for i, o := range c.Options {
		if o.Title == "" || utf8.RuneCountInString(o.Title) > maxTitle {
			return nil, refuse("The words on a button are missing or too long.", rewrite)
		}
		b := option{ID: cmp.Or(o.ID, strconv.Itoa(i)), Title: o.Title}
		if c.Style == core.ChoicesLink {
			if !strings.HasPrefix(o.URL, "https://") && !strings.HasPrefix(o.URL, "http://") {
				return nil, refuse("A button leads nowhere.", "Give it a web address.")
			}
			b.URL = o.URL
		}
		all = append(all, b)
	}
	return all, nil
}

// Act implements core.ActionLink.
func (l *link) Act(ctx context.Context, a core.Act) (core.Sent, error) {
	to, err := l.recipient(a.To)
	if err != nil {
		return core.Sent{}, err
	}
	if a.Action == core.ActionTyping {
		l.stir(to, hubTyping)
		return core.Sent{At: l.host.Now()}, ctx.Err()
	}
	if ctx.Err() != nil {
		return core.Sent{}, retry(core.Rejected, ctx.Err())
	}
	err = l.edit(ctx, logOut, to, func(j *journal) (bool, error) { return true, j.change(a, l.host.Now().UnixMilli()) })
	var refused *core.SendError
	switch {
	case errors.As(err, &refused):
		return core.Sent{}, refused
	case err != nil:
		return core.Sent{}, retry(core.Unknown, err)
	}
	return core.Sent{Provider: a.Target, At: l.host.Now()}, nil
}

// change adds what an action does to the log.
func (j *journal) change(a core.Act, at int64) error {
	e := entry{Target: a.Target, At: at}
	switch a.Action {
	case core.ActionRead:
		e.Say = sayRead
		j.Entries = slices.DeleteFunc(j.Entries, func(e entry) bool { return e.Say == sayRead }) // the newest says it all
	case core.ActionEdit:
		e.Say = sayEdit
		e.Text, e.Rich = rich(a.Content.Text)
		if strings.TrimSpace(e.Text) == "" || utf8.RuneCountInString(e.Text) > textLimit {
			return refuse("A message cannot be changed to nothing, nor to more than the chat shows.", rewrite)
		}
	case core.ActionRevoke:
		e.Say = sayRevoke
	default:
		return refuse("The chat cannot do this.", "")
	}
	if old := j.find(a.Target); e.Say != sayRead {
		if old == nil {
			return refuse("The message is no longer in the chat.", otherWay)
		}
		old.Text, old.Rich, old.Options = e.Text, e.Rich, nil // for those who come later
		if e.Say == sayRevoke {
			old.File = nil
		}
	}
	j.add(e)
	return nil
}

// Fetch implements core.MediaLink: what a visitor sent is kept by us.
func (l *link) Fetch(ctx context.Context, m core.Media) (core.Download, error) {
	raw, err := l.host.Load(ctx, fileKey(m.Provider))
	if err != nil {
		return core.Download{}, err
	}
	if len(raw) == 0 {
		return core.Download{}, core.ErrMediaGone
	}
	return core.Download{Body: io.NopCloser(strings.NewReader(string(raw))), MIME: m.MIME, Name: m.Name, Size: int64(len(raw))}, nil
}

func fileKey(id string) string { return "chat/file/" + id }
