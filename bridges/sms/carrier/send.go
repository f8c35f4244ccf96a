package carrier

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	v, e := l.message(ctx, out)
	if e != nil {
		return core.Sent{}, e
	}
	for i := range l.def.Send {
		if r := &l.def.Send[i]; r.When.suits(v) {
			return l.deliver(ctx, r, v, out)
		}
	}
	return core.Sent{}, core.Unsendable("The definition of the provider has no request for such a message.", "Add one to the channel's definition.")
}

// deliver makes the call and reads the answer.
func (l *link) deliver(ctx context.Context, r *request, v vars, out core.Outgoing) (core.Sent, error) {
	req, err := r.build(ctx, v)
	if err != nil {
		return core.Sent{}, l.call.Broken(err)
	}
	got, err := l.call.Do(req)
	if err != nil {
		return core.Sent{}, l.call.Broken(err)
	}
	o := l.def.Answer.read(got, v)
	switch {
	case o.ok && o.id != "":
		return core.Sent{Provider: o.id}, nil
	case o.ok && o.code == "" && o.words == "":
		return core.Sent{}, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail, Detail: errAnswer.Error(),
			Reason: l.def.Title + " gave the message no id that could be read; it may or may not have been sent.", Remedy: "Ask the customer before sending it again."}
	}
	return core.Sent{}, l.told(ctx, out, l.failed(got, o))
}

// told remembers whom the provider says to have stopped.
func (l *link) told(ctx context.Context, out core.Outgoing, e *core.SendError) error {
	if e.Effect == core.EffectStop {
		refused := core.Event{ID: "send:" + string(out.Key) + ":" + strconv.Itoa(out.Attempt), Account: l.conf.sender, At: l.host.Now(), Peer: core.Peer{Identities: out.To}}
		if err := l.host.Emit(ctx, sms.Prefer(refused, true, e.Reason, "")); err != nil {
			l.host.Log().WarnContext(ctx, "opt-out not stored", "err", err)
		}
	}
	return e
}

// message gives the values of one message.
func (l *link) message(ctx context.Context, out core.Outgoing) (vars, *core.SendError) {
	to, ok := sms.Address(out.To)
	if !ok {
		return nil, core.Unsendable("The contact has no number that a message can be sent to.", "Add the number to the contact. A sender that is a name cannot be answered.")
	}
	said, file, mime, e := l.content(ctx, out.Content)
	if e != nil {
		return nil, e
	}
	said = filtered(said, l.def.Text.Clean)
	if l.def.unit().Len(said) > l.def.Text.Limit {
		return nil, core.Unsendable("The text is longer than the "+strconv.Itoa(l.def.Text.Limit)+" "+string(l.def.unit())+" that the provider takes.", "Send it in pieces.")
	}
	counted := core.CountSegments(said)
	own := map[string]string{"to": written(to, l.def.Numbers.To), "from": written(l.conf.sender, cmp.Or(l.def.Numbers.From, "as-is")), "text": said, "key": string(out.Key),
		"callback": l.callback(ctx, string(out.Key)), "media_url": file, "mime": mime, "encoding": counted.Encoding, "segments": strconv.Itoa(counted.Count)}
	return func(name string) string {
		if v, ok := own[name]; ok {
			return v
		}
		return l.setting(name)
	}, nil
}

// content returns the text of a message and, where files go by themselves, the address and type of its file.
func (l *link) content(ctx context.Context, c core.Content) (said, file, mime string, e *core.SendError) {
	if said = sms.Plain(c); !c.Kind.HasMedia() {
		if said == "" {
			e = core.Unsendable("The message is empty, or of a kind that cannot be written as text.", "Write something.")
		}
		return said, "", "", e
	}
	if _, can := l.Capabilities().Media[c.Kind]; !can || c.Media == nil {
		return "", "", "", core.Unsendable("This channel cannot send such a file.", "Send it as text or as a link.")
	}
	at, e := l.door.Link(ctx, *c.Media)
	if e != nil {
		return "", "", "", e
	}
	if l.def.Media.As == "link" {
		return strings.TrimPrefix(said+"\n"+at, "\n"), "", "", nil
	}
	return said, at, c.Media.MIME, nil
}

// written writes a number as the provider wants it. What is no number with a prefix stays as it is.
func written(number, how string) string {
	digits, isNumber := strings.CutPrefix(number, "+")
	switch {
	case how == "as-is":
		return number
	case how == "plus" && !isNumber && len(number) > 8 && core.Digits(number) == number:
		return "+" + number
	case !isNumber:
		return number
	case how == "digits":
		return digits
	case how == "national":
		return sms.National(digits)
	}
	return number
}

// partArg is the parameter of the channel's address that says which part a report is about.
const partArg = "part"

// callback is the channel's own address for reports about one part, with what authenticates a call; "" while it is not known.
func (l *link) callback(ctx context.Context, part string) string {
	at := l.door.Address(ctx)
	if at == "" {
		return ""
	}
	query := url.Values{}
	if part != "" {
		query.Set(partArg, part)
	}
	if name, ok := strings.CutPrefix(l.def.Sign.At, "query."); ok && l.def.Sign.Kind == signQuery {
		query.Set(name, mustFill(l.def.Sign.Secret, l.setting))
	}
	if len(query) == 0 {
		query.Set("from", "provider") // so that a definition may add parameters of its own with &
	}
	return at + "?" + query.Encode()
}
