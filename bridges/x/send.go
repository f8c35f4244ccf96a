package x

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"causeway/core"
)

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	to, ok := recipient(out.To)
	if !ok {
		return core.Sent{}, core.Unsendable("The contact has no X account that is known here.", "Wait until they write to the account.")
	}
	if err := l.fits(out.Content); err != nil {
		return core.Sent{}, err
	}
	if out.Content.Kind == core.KindChoices {
		return l.offer(ctx, to, out.Content)
	}
	body := map[string]any{}
	if out.Content.Text != "" {
		body["text"] = out.Content.Text
	}
	if out.Content.Kind.HasMedia() {
		id, err := l.upload(ctx, out.Content.Kind, *out.Content.Media)
		if err != nil {
			return core.Sent{}, err
		}
		body["attachments"] = []map[string]string{{"media_id": id}}
	}
	var answer struct {
		Data struct {
			Event text `json:"dm_event_id"`
		} `json:"data"`
	}
	err := l.api.call(ctx, http.MethodPost, "/2/dm_conversations/with/"+to+"/messages", body, &answer)
	return l.sent(answer.Data.Event, err)
}

func recipient(to []core.IdentityKey) (string, bool) {
	for _, k := range to {
		if k.Scheme == Scheme && anAccount.MatchString(k.Value) {
			return k.Value, true
		}
	}
	return "", false
}

// sent makes what Send returns of X's answer. The id tells when the message was made.
func (l *link) sent(id text, err error) (core.Sent, error) {
	switch {
	case err != nil:
		return core.Sent{}, l.api.failed(err)
	case id.id() == "":
		return core.Sent{}, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail, Reason: unclear, Remedy: lookThere, Detail: "the answer has no id of the message"}
	}
	return core.Sent{Provider: id.id(), At: madeAt(id.id())}, nil
}

// fits says why X cannot carry the content, before anything is called.
func (l *link) fits(c core.Content) error {
	switch {
	case core.UnitUTF16.Len(c.Text) > textLimit:
		return core.Unsendable("The text is longer than the 10,000 characters that X takes.", "Send it in pieces.")
	case c.Kind == core.KindText && strings.TrimSpace(c.Text) == "":
		return core.Unsendable("The message is empty.", "Write something.")
	case c.Kind == core.KindText:
		return nil
	case (c.Kind == core.KindImage || c.Kind == core.KindVideo) && c.Media != nil && c.Media.ID != "":
		return nil
	case c.Kind == core.KindImage || c.Kind == core.KindVideo:
		return core.Unsendable("The message has no file.", "Attach one.")
	case c.Kind == core.KindChoices && l.conf.version1:
		return offerable(c)
	}
	return core.Unsendable("X cannot carry a message of this kind ("+string(c.Kind)+").", "Send it as text, or as a picture or video.")
}

func offerable(c core.Content) error {
	switch {
	case c.Choices == nil || len(c.Choices.Options) == 0 || strings.TrimSpace(c.Text) == "":
		return core.Unsendable("There is nothing to choose from, or no text above it.", "Write a text and the choices.")
	case len(c.Choices.Options) > maxOptions:
		return core.Unsendable("X shows 20 choices at most.", "Offer fewer.")
	case c.Choices.Style != core.ChoicesAuto:
		return core.Unsendable("X cannot show choices of this kind.", "Write the link into the text.")
	}
	for _, o := range c.Choices.Options {
		if len(o.ID) > maxOptionID {
			return core.Unsendable("The id of a choice is longer than X takes.", "Give it a shorter one.")
		}
	}
	return nil
}

type option struct {
	Label       string `json:"label"`
	Description string `json:"description,omitempty"`
	Metadata    string `json:"metadata"`
}

// offer sends quick replies, which only version 1.1 has.
func (l *link) offer(ctx context.Context, to string, c core.Content) (core.Sent, error) {
	options := make([]option, 0, len(c.Choices.Options))
	for i, o := range c.Choices.Options {
		if o.ID == "" {
			o.ID = strconv.Itoa(i)
		}
		options = append(options, option{Label: cut(o.Title, maxOptionTitle), Description: cut(o.Description, maxOptionHelp), Metadata: o.ID})
	}
	data := map[string]any{"text": c.Text, "quick_reply": map[string]any{"type": "options", "options": options}}
	create := map[string]any{"target": map[string]string{"recipient_id": to}, "message_data": data}
	var answer struct {
		Event struct {
			ID text `json:"id"`
		} `json:"event"`
	}
	err := l.api.call(ctx, http.MethodPost, "/1.1/direct_messages/events/new.json", map[string]any{"event": map[string]any{"type": "message_create", "message_create": create}}, &answer)
	return l.sent(answer.Event.ID, err)
}

// Act implements core.ActionLink: that an answer is being written, and that a message was read.
func (l versioned) Act(ctx context.Context, a core.Act) (core.Sent, error) {
	to, ok := recipient(a.To)
	if !ok {
		return core.Sent{}, core.Unsendable("The contact has no X account that is known here.", "Wait until they write to the account.")
	}
	var path string
	switch {
	case a.Action == core.ActionTyping:
		path = "/1.1/direct_messages/indicate_typing.json?recipient_id=" + to
	case a.Action == core.ActionRead && anAccount.MatchString(a.Target):
		path = "/1.1/direct_messages/mark_read.json?last_read_event_id=" + a.Target + "&recipient_id=" + to
	default:
		return core.Sent{}, core.Unsendable("X does not do this ("+string(a.Action)+").", "Write it instead.")
	}
	return core.Sent{}, l.api.failed(l.api.call(ctx, http.MethodPost, path, nil, nil))
}

// cut shortens to at most limit runes.
func cut(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}
