package whatsappdevice

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow"
	"go.mau.fi/whatsmeow/proto/waE2E"
	"go.mau.fi/whatsmeow/types"
)

const (
	answerFor = 30 * time.Second    // WhatsApp's to a message
	sentFor   = 14 * 24 * time.Hour // receipts of our messages are told by the part's own key
	sentValue = "sent/"             // and the id that the part has at WhatsApp
)

// Send implements core.Link.
func (l *link) Send(ctx context.Context, out core.Outgoing) (core.Sent, error) {
	to, ok := recipient(out.To)
	if !ok {
		return core.Sent{}, core.Unsendable("No address of this contact on WhatsApp is known.", "Wait until they write.")
	}
	if to.Server == types.GroupServer && !l.conf.groups {
		return core.Sent{}, core.Unsendable("Groups are switched off for this channel.", "Switch them on in its settings, or write in WhatsApp on the phone.")
	}
	if _, err := compose(out.Content, nil); err != nil {
		return core.Sent{}, err
	}
	s, err := l.ready()
	if err != nil {
		return core.Sent{}, err
	}
	return s.send(ctx, to, out)
}

func (s *session) send(ctx context.Context, to types.JID, out core.Outgoing) (core.Sent, error) {
	message, err := s.prepared(ctx, to, out.Content)
	if err != nil {
		return core.Sent{}, err
	}
	if err := s.spend(ctx); err != nil {
		return core.Sent{}, err
	}
	id := stanzaOf(out.Key)
	if err := s.link.host.SaveUntil(ctx, sentValue+id, []byte(out.Key), s.link.host.Now().Add(sentFor)); err != nil {
		return core.Sent{}, fmt.Errorf("note message as being sent: %w", unsent(err))
	}
	answer, err := s.client.SendMessage(ctx, to, message, whatsmeow.SendRequestExtra{ID: id, Timeout: answerFor})
	if err != nil {
		return core.Sent{}, s.refused(ctx, answer, err)
	}
	chat, other := s.reader.couple(ctx, user(to), types.JID{})
	return core.Sent{Provider: ref{chat: chat, ours: true, id: id}.String(), Stanza: id, At: answer.Timestamp, Learned: peerOf("", chat, other).Identities}, nil
}

// unsent is of trouble of our own before anything left.
func unsent(err error) *core.SendError {
	return &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "The message could not be prepared; it is tried again.", Detail: err.Error()}
}

// prepared composes a message and uploads its file.
func (s *session) prepared(ctx context.Context, to types.JID, c core.Content) (*waE2E.Message, error) {
	own := s.ownLID
	if own.IsEmpty() || to.Server == types.DefaultUserServer {
		own = s.own
	}
	o, err := compose(c, quoting(c.Quote, own.String()))
	if err != nil || o.media == nil {
		return o.message, err
	}
	body, err := s.open(ctx, *o.media)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	up, err := s.client.UploadReader(ctx, body, nil, o.as)
	if err != nil {
		e := unsent(err)
		e.Reason = "The file could not be brought to WhatsApp; it is tried again."
		return nil, e
	}
	o.put(o.message, up)
	s.voice(ctx, &o, *o.media)
	return o.message, nil
}

// open reads the file of a message: here, or where a public link says.
func (s *session) open(ctx context.Context, m core.Media) (io.ReadCloser, error) {
	if m.ID != "" {
		body, err := s.link.host.Open(ctx, m.ID)
		if err != nil {
			return nil, core.Unopened(ctx, err)
		}
		return body, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, m.URL, nil)
	if err != nil {
		return nil, core.Unsendable("The link to the file cannot be read.", "Attach the file.")
	}
	answer, err := s.link.host.HTTP().Do(r)
	if err != nil {
		return nil, unsent(err)
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, core.Unsendable(fmt.Sprintf("The link to the file answers %d.", answer.StatusCode), "Attach the file.")
	}
	return answer.Body, nil
}

// spend takes the message from the budget.
func (s *session) spend(ctx context.Context) error {
	wait, err := s.link.budget.take(ctx)
	switch {
	case err != nil:
		return unsent(err)
	case wait > 0:
		s.link.ward.ail(ctx, ofBudget, spentUp(wait, s.link.host.Now()))
		return overBudget(wait)
	}
	return nil
}

// partOf is our key of what was sent under an id, empty if it was not sent here.
func (s *session) partOf(id types.MessageID) string {
	if !isOurs(id) {
		return ""
	}
	raw, err := s.link.host.Load(s.ctx, sentValue+id)
	if err != nil {
		return ""
	}
	return string(raw)
}

// refused maps what whatsmeow says of a send, and notes what it says of the channel.
func (s *session) refused(ctx context.Context, answer whatsmeow.SendResponse, err error) error {
	e := sendError(err)
	if e.Outcome == core.Unknown && !left(answer) {
		return unsent(err)
	}
	if e.Code == codeTimelock {
		s.refusedToStrangers(ctx, e)
	}
	return e
}

// left reports whether a message may have left: whatsmeow gave it to the connection, and measured how long that took.
func left(answer whatsmeow.SendResponse) bool { return answer.DebugTimings.Send > 0 }

const codeTimelock = "463"

var (
	anAnswer  = regexp.MustCompile(`(\d{3,4})$`)
	noAddress = regexp.MustCompile(`^no LID found for `)
)

// sendError maps the error of a send: WhatsApp's own answers, what never left, and what may have arrived.
func sendError(err error) *core.SendError {
	switch {
	case errors.Is(err, whatsmeow.ErrServerReturnedError):
		return answered(anAnswer.FindString(err.Error()), err)
	case errors.Is(err, whatsmeow.ErrNotConnected), errors.Is(err, whatsmeow.ErrNotLoggedIn):
		return notConnected()
	case noAddress.MatchString(err.Error()):
		e := core.Unsendable("This number is not on WhatsApp.", "Reach the customer on another channel.")
		e.Code, e.Detail = "not-on-whatsapp", err.Error()
		return e
	case errors.Is(err, whatsmeow.ErrIQTimedOut), errors.Is(err, whatsmeow.ErrNoSession):
		return unsent(err)
	}
	return &core.SendError{Code: "no-answer", Outcome: core.Unknown, Effect: core.EffectFail, Detail: err.Error(),
		Reason: "WhatsApp did not say whether it took the message; it may or may not have arrived.", Remedy: "Look at the phone before sending it again."}
}

// answered maps the codes with which WhatsApp answers a message.
func answered(code string, err error) *core.SendError {
	e := &core.SendError{Code: code, Outcome: core.Rejected, Effect: core.EffectFail, Detail: err.Error()}
	switch code {
	case codeTimelock:
		e.Reason = "WhatsApp lets this linked device write to nobody whom it has no chat with at the moment."
		e.Remedy = "Write the first message from the phone, or send a template over a Cloud API channel. Do not send it again from here."
	case "400", "406", "420", "479":
		e.Reason, e.Remedy = "WhatsApp calls the message malformed.", "Report it with the gateway's log; send it from the phone."
	case "401", "403":
		e.Reason, e.Remedy = "WhatsApp does not let this number write to this contact: they may have blocked it, or the group lets only its admins write.", "Reach the customer on another channel."
	case "404":
		e.Reason, e.Remedy = "WhatsApp does not know this contact any more.", "Reach the customer on another channel."
	case "429":
		e.Effect, e.Retry, e.Reason = core.EffectSlow, 5*time.Minute, "WhatsApp asks us to slow down."
		e.Remedy = "Lower the channel's budget."
	case "500", "503":
		e.Effect, e.Reason = core.EffectRetry, "WhatsApp has trouble at the moment."
	default:
		e.Reason, e.Remedy = "WhatsApp refused the message and gave no reason that Causeway knows.", "Send it from the phone, and report the code."
	}
	return e
}
