package twilio

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"causeway/bridges/sms"
	"causeway/core"
)

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	to, e := l.address(out.To)
	if e != nil {
		return core.Sent{}, e
	}
	values := url.Values{"To": {to}}
	l.from(values)
	if at := l.door.Address(ctx); at != "" {
		values.Set("StatusCallback", at+"?"+partArg+"="+url.QueryEscape(string(out.Key)))
	}
	if e := l.fill(ctx, values, out); e != nil {
		return core.Sent{}, e
	}
	var answer struct {
		SID   string      `json:"sid"`
		Code  json.Number `json:"error_code"`
		Words string      `json:"error_message"`
	}
	if err := l.ask(ctx, l.accountURL("/Messages.json"), values, &answer); err != nil {
		return core.Sent{}, l.told(ctx, out, core.AsSendError(err))
	}
	if code, _ := strconv.Atoi(answer.Code.String()); code != 0 {
		return core.Sent{}, l.told(ctx, out, sendError(code, l.call.Clean(answer.Words)))
	}
	if answer.SID == "" {
		return core.Sent{}, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail, Reason: "Twilio accepted the message but gave it no id; it may or may not have been sent."}
	}
	return core.Sent{Provider: answer.SID}, nil
}

// told passes on what a refusal says beyond its message: about the contact, or about the channel.
func (l *link) told(ctx context.Context, out core.Outgoing, e *core.SendError) error {
	now := l.host.Now()
	if silencing(e.Code) {
		refused := core.Event{ID: "send:" + string(out.Key) + ":" + strconv.Itoa(out.Attempt), Account: l.conf.sender, At: now, Peer: core.Peer{Identities: out.To}}
		if err := l.host.Emit(ctx, sms.Prefer(refused, true, e.Reason, "")); err != nil {
			l.host.Log().WarnContext(ctx, "opt-out not stored", "err", err)
		}
	}
	if alarming(e.Code) {
		l.host.Health(ctx, core.Health{Level: core.HealthWarning, Code: e.Code, Reason: e.Reason, Remedy: e.Remedy, Since: now})
	}
	return e
}

// address returns where to send.
func (l *link) address(to []core.IdentityKey) (string, *core.SendError) {
	if l.conf.sort != sortWhatsApp {
		if at, ok := sms.Address(to); ok {
			return at, nil
		}
		return "", core.Unsendable("The contact has no number that a message can be sent to.", "Add the number to the contact. A sender that is a name cannot be answered.")
	}
	for _, k := range to {
		if k.Scheme == core.SchemePhone {
			return "whatsapp:+" + k.Value, nil
		}
		if k.Scheme == core.SchemeBSUID {
			return "whatsapp:" + k.Value, nil
		}
	}
	return "", core.Unsendable("The contact has neither a phone number nor a WhatsApp user id.", "Add the number to the contact.")
}

// from puts who sends: the sender, the service, or a sender within a service.
func (l *link) from(values url.Values) {
	if l.conf.service != "" {
		values.Set("MessagingServiceSid", l.conf.service)
	}
	if l.conf.sort != sortService {
		values.Set("From", l.conf.sender)
	}
}

// fill puts what the message says.
func (l *link) fill(ctx context.Context, values url.Values, out core.Outgoing) *core.SendError {
	c := out.Content
	switch {
	case c.Kind == core.KindTemplate && c.Template != nil:
		return l.fillTemplate(ctx, values, *c.Template, out.Template)
	case c.Kind == core.KindLocation && c.Location != nil && l.conf.sort == sortWhatsApp:
		return fillPlace(values, *c.Location)
	case c.Kind.HasMedia():
		return l.fillMedia(ctx, values, c)
	}
	return fillText(values, sms.Plain(c))
}

func fillText(values url.Values, text string) *core.SendError {
	switch {
	case text == "":
		return core.Unsendable("The message is empty, or of a kind that cannot be written as text.", "Write something.")
	case core.UnitUTF16.Len(text) > textLimit:
		return core.Unsendable("The text is longer than the 1600 characters that Twilio takes.", "Send it in pieces.")
	}
	values.Set("Body", text)
	return nil
}

func (l *link) fillMedia(ctx context.Context, values url.Values, c core.Content) *core.SendError {
	if c.Media == nil {
		return core.Unsendable("The message has no file.", "Attach one.")
	}
	address, e := l.door.Link(ctx, *c.Media)
	if e != nil {
		return e
	}
	values.Set("MediaUrl", address)
	if c.Text == "" {
		return nil
	}
	return fillText(values, c.Text)
}

// fillPlace sends a location as WhatsApp shows it. Twilio wants a text beside it.
func fillPlace(values url.Values, p core.Location) *core.SendError {
	at := strconv.FormatFloat(p.Latitude, 'f', -1, 64) + "," + strconv.FormatFloat(p.Longitude, 'f', -1, 64)
	name := strings.NewReplacer("|", " ", "\n", " ").Replace(strings.TrimSpace(p.Name + " " + p.Address))
	values.Set("PersistentAction", strings.TrimSuffix("geo:"+at+"|"+name, "|"))
	if name == "" {
		name = at
	}
	return fillText(values, name)
}

var aContent = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// fillTemplate names the content at Twilio and gives its variables.
func (l *link) fillTemplate(ctx context.Context, values url.Values, use core.TemplateUse, t *core.Template) *core.SendError {
	if t == nil || !aContent.MatchString(t.ProviderID) {
		return core.Unsendable("The template is not one that Twilio has given an id.", "Read the templates anew: causeway template sync.")
	}
	values.Set("ContentSid", t.ProviderID)
	variables := map[string]string{}
	for _, c := range t.Components {
		if c.Type == "header" && c.Format == core.HeaderLink && use.Header != nil {
			name, value, e := l.headerValue(ctx, c.Text, *use.Header)
			if e != nil {
				return e
			}
			variables[name] = value
			continue
		}
		for _, name := range names(c.Text + " " + c.URL) {
			if _, known := variables[name]; known && c.As[name] != "" {
				continue
			}
			if v, given := use.Values[keyOf(c, name)]; given {
				variables[name] = v
			}
		}
	}
	if len(variables) > 0 {
		raw, err := json.Marshal(variables)
		if err != nil {
			return core.AsSendError(err)
		}
		values.Set("ContentVariables", string(raw))
	}
	return nil
}

// headerValue is the variable of an address that makes it the address of a file.
func (l *link) headerValue(ctx context.Context, pattern string, m core.Media) (name, value string, e *core.SendError) {
	address, e := l.door.Link(ctx, m)
	if e != nil {
		return "", "", e
	}
	at := variable.FindStringSubmatchIndex(pattern)
	before, after := pattern[:at[0]], pattern[at[1]:]
	rest, ok := strings.CutPrefix(address, before)
	if value, ends := strings.CutSuffix(rest, after); ok && ends && !variable.MatchString(after) {
		return pattern[at[2]:at[3]], value, nil
	}
	return "", "", core.Unsendable("The template's file is at "+before+"…, and the file given is elsewhere.",
		"Give the rest of the address as the template's header value, or have a template approved whose file is at this channel's own address.")
}

var variable = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)

func names(text string) []string {
	var all []string
	for _, m := range variable.FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}
