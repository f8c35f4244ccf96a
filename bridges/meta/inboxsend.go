package meta

import (
	"cmp"
	"context"
	"encoding/json"

	"causeway/core"
)

// body is a request.
type body map[string]any

// Send implements core.Link. What a person wrote in the extended window is tagged as such, and nothing else ever is.
func (i *Inbox) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	to, err := i.address(out.To)
	if err != nil {
		return core.Sent{}, err
	}
	m, err := i.fill(ctx, out)
	if err != nil {
		return core.Sent{}, err
	}
	if out.Key != "" {
		m["metadata"] = string(out.Key) // comes back in the echo
	}
	b := body{"recipient": to, "messaging_type": "RESPONSE", "message": m}
	if out.Human {
		b["messaging_type"], b["tag"] = "MESSAGE_TAG", "HUMAN_AGENT"
	}
	if q := out.Content.Quote; q != nil && metasID(q.Provider) {
		b["reply_to"] = body{"mid": Whole(q.Provider)}
	}
	var answer struct {
		ID Text `json:"message_id"`
	}
	if err := i.Graph.Post(ctx, i.Node+"/messages", b, &answer); err != nil {
		return core.Sent{}, i.told(ctx, i.failed(err, out.Human))
	}
	if !GoodID(string(answer.ID)) {
		return core.Sent{}, &core.SendError{Outcome: core.Unknown, Effect: core.EffectFail,
			Reason: i.Title + " accepted the message but gave it no id; it may or may not have been sent."}
	}
	return core.Sent{Provider: string(answer.ID)}, nil
}

// told raises the channel's health for refusals that slow it down because a person must look.
func (i *Inbox) told(ctx context.Context, e *core.SendError) error {
	if e.Effect == core.EffectSlow && e.Remedy != "" {
		i.Host.Health(ctx, e.Worry(i.Host.Now()))
	}
	return e
}

// address names the recipient. The ids of another account's people are nobody here.
func (i *Inbox) address(to []core.IdentityKey) (body, error) {
	for _, k := range to {
		if k.Scheme == i.Scheme && (k.Scope == i.Account || k.Scope == "") && GoodID(k.Value) {
			return body{"id": k.Value}, nil
		}
	}
	return nil, core.Unsendable("The contact is not known to this "+i.Title+" account.", "Wait until they write to it, or use another channel.")
}

// fill makes the message.
func (i *Inbox) fill(ctx context.Context, out core.Outgoing) (body, error) {
	switch c := out.Content; {
	case c.Kind == core.KindText:
		return i.text(c.Text)
	case c.Kind == core.KindChoices && c.Choices != nil:
		return i.choices(c)
	case attachmentTypes[c.Kind] != "":
		return i.medium(ctx, c)
	}
	return nil, core.Unsendable(i.Title+" cannot carry a message of this kind ("+string(out.Content.Kind)+").", "Send it as text or as a file.")
}

func (i *Inbox) text(s string) (body, error) {
	switch n := i.Can.Unit.Len(s); {
	case n == 0:
		return nil, core.Unsendable("The message is empty.", "Write something.")
	case n > i.Can.TextLimit:
		return nil, core.Unsendable("The text is longer than what "+i.Title+" takes.", "Send it in pieces.")
	}
	return body{"text": s}, nil
}

// attachmentTypes are the platform's words for files.
var attachmentTypes = map[core.ContentKind]string{core.KindImage: "image", core.KindVideo: "video", core.KindAudio: "audio", core.KindVoice: "audio", core.KindDocument: "file"}

// medium sends a file by the id of a fresh upload if we have it, else by its public link. There is no place for words beside it.
func (i *Inbox) medium(ctx context.Context, c core.Content) (body, error) {
	if c.Text != "" {
		return nil, core.Unsendable(i.Title+" shows no text with a file.", "Send it as a text of its own.")
	}
	payload := body{}
	switch m := c.Media; {
	case m == nil:
		return nil, core.Unsendable("The message has no file.", "Attach one.")
	case m.ID != "":
		id, err := i.upload(ctx, c.Kind, *m)
		if err != nil {
			return nil, err
		}
		payload["attachment_id"] = id
	case core.WebAddress(m.URL):
		payload["url"] = m.URL
	default:
		return nil, core.Unsendable("The message's file is nowhere to be found.", "Attach it again.")
	}
	return body{"attachment": body{"type": attachmentTypes[c.Kind], "payload": payload}}, nil
}

// upload gives a file to the platform and returns its id there. Whatever goes wrong, the message that needs the file was not sent: no outcome of
// an upload is unknown.
func (i *Inbox) upload(ctx context.Context, kind core.ContentKind, m core.Media) (string, error) {
	file, err := i.Host.Open(ctx, m.ID)
	if err != nil {
		return "", core.Unopened(ctx, err)
	}
	defer file.Close()
	form, err := json.Marshal(body{"attachment": body{"type": attachmentTypes[kind], "payload": body{"is_reusable": true}}})
	if err != nil {
		return "", core.Unsendable("The message's file cannot be described.", "")
	}
	var answer struct {
		ID Text `json:"attachment_id"`
	}
	fields := append([][2]string{{"message", string(form)}}, i.Upload...)
	f := File{Field: "filedata", Name: cmp.Or(m.Name, string(kind)), MIME: cmp.Or(m.MIME, "application/octet-stream"), Size: m.Size, Body: file}
	if err := i.Graph.Upload(ctx, i.Node+"/message_attachments", fields, f, &answer); err != nil {
		e := i.failed(err, false)
		if e.Outcome == core.Unknown {
			e.Outcome, e.Effect, e.Reason, e.Remedy = core.Rejected, core.EffectRetry, "The file could not be handed to "+i.Title+".", ""
		}
		return "", e
	}
	if answer.ID == "" {
		return "", &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: i.Title + " took the file but gave it no id."}
	}
	return string(answer.ID), nil
}

// Act implements core.ActionLink.
func (i *Inbox) Act(ctx context.Context, a core.Act) (core.Sent, error) {
	to, err := i.address(a.To)
	if err != nil {
		return core.Sent{}, err
	}
	b := body{"recipient": to}
	switch {
	case a.Action == core.ActionTyping:
		b["sender_action"] = "typing_on"
	case a.Action == core.ActionRead:
		b["sender_action"] = "mark_seen"
	case a.Action == core.ActionReaction && i.Loves:
		if err := react(b, a); err != nil {
			return core.Sent{}, err
		}
	default:
		return core.Sent{}, core.Unsendable(i.Title+" cannot do this ("+string(a.Action)+").", "Do it in the app.")
	}
	if err := i.Graph.Post(ctx, i.Node+"/messages", b, nil); err != nil {
		return core.Sent{}, i.failed(err, false)
	}
	return core.Sent{}, nil
}

// react puts a heart on a message: other emoji cannot be sent.
func react(b body, a core.Act) error {
	payload := body{"message_id": Whole(a.Target)}
	switch {
	case !metasID(a.Target):
		return core.Unsendable("It does not say which message it is about.", "")
	case a.Emoji == "":
		b["sender_action"] = "unreact"
	case a.Emoji == "❤" || a.Emoji == "❤️" || a.Emoji == "♥" || a.Emoji == "♥️":
		b["sender_action"], payload["reaction"] = "react", "love"
	default:
		return core.Unsendable("Only a heart can be put on a message from here.", "Use ❤️.")
	}
	b["payload"] = payload
	return nil
}
