package whatsappdevice

import (
	"context"
	"fmt"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

// Act implements core.ActionLink.
func (l *link) Act(ctx context.Context, a core.Act) (core.Sent, error) {
	on, ok := refOf(a.Target)
	if !ok {
		return core.Sent{}, core.Unsendable("WhatsApp does not know the message that this is about.", "")
	}
	s, err := l.ready()
	if err != nil {
		return core.Sent{}, err
	}
	if a.Action == core.ActionRead || a.Action == core.ActionTyping {
		return core.Sent{}, s.show(ctx, a.Action, on)
	}
	message, err := s.change(a, on)
	if err != nil {
		return core.Sent{}, err
	}
	if err := s.spend(ctx); err != nil {
		return core.Sent{}, err
	}
	id := stanzaOf(a.Key)
	answer, err := s.client.SendMessage(ctx, on.chat, message, whatsmeow.SendRequestExtra{ID: id, Timeout: answerFor})
	if err != nil {
		return core.Sent{}, s.refused(ctx, answer, err)
	}
	return core.Sent{Provider: ref{chat: on.chat, ours: true, id: id}.String(), Stanza: id, At: answer.Timestamp}, nil
}

// show tells the customer that their message was read, and that an answer is being written.
func (s *session) show(ctx context.Context, a core.Action, on ref) error {
	if err := s.markRead(ctx, on); err != nil || a == core.ActionRead {
		return err
	}
	if err := s.client.SendChatPresence(ctx, on.chat, types.ChatPresenceComposing, types.ChatPresenceMediaText); err != nil {
		return sendError(err)
	}
	return nil
}

// markRead shows the customer that a message of theirs was read, and the phone too.
func (s *session) markRead(ctx context.Context, on ref) error {
	if on.ours {
		return nil
	}
	sender := on.sender
	if sender.IsEmpty() {
		sender = on.chat
	}
	if err := s.client.MarkRead(ctx, []types.MessageID{on.id}, s.link.host.Now(), on.chat, sender); err != nil {
		return fmt.Errorf("mark as read: %w", sendError(err))
	}
	return nil
}

// change makes the message that changes another one.
func (s *session) change(a core.Act, on ref) (*waE2E.Message, error) {
	sender := on.sender
	if !on.ours && sender.IsEmpty() {
		sender = on.chat
	}
	switch a.Action {
	case core.ActionReaction:
		return s.client.BuildReaction(on.chat, sender, on.id, a.Emoji), nil
	case core.ActionRevoke:
		return s.client.BuildRevoke(on.chat, sender, on.id), nil
	case core.ActionEdit:
		now, err := rewritten(a.Content)
		if err != nil {
			return nil, err
		}
		return s.client.BuildEdit(on.chat, on.id, now), nil
	default:
		return nil, core.Unsendable(fmt.Sprintf("WhatsApp cannot do this (%s).", a.Action), "")
	}
}

// rewritten is what a message is changed to: new words, or those of a picture, video or document, which stays.
func rewritten(c core.Content) (*waE2E.Message, error) {
	switch {
	case !c.Kind.HasMedia():
		o, err := compose(c, nil)
		return o.message, err
	case c.Text == "" || core.UnitRunes.Len(c.Text) > captionLimit:
		return nil, core.Unsendable("The caption is empty, or too long for WhatsApp.", "Delete the message and send another.")
	case c.Kind == core.KindImage:
		return &waE2E.Message{ImageMessage: &waE2E.ImageMessage{Caption: &c.Text}}, nil
	case c.Kind == core.KindVideo:
		return &waE2E.Message{VideoMessage: &waE2E.VideoMessage{Caption: &c.Text}}, nil
	case c.Kind == core.KindDocument:
		now := &waE2E.Message{DocumentMessage: &waE2E.DocumentMessage{Caption: &c.Text}}
		return &waE2E.Message{DocumentWithCaptionMessage: &waE2E.FutureProofMessage{Message: now}}, nil
	default:
		return nil, core.Unsendable("WhatsApp lets no program change the words of such a file.", "Delete it and send another.")
	}
}
