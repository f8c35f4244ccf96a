package ginapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"causeway/core"
	"causeway/core/outbound"
)

// sendBody is what is to be sent.
type sendBody struct {
	Contents    []core.Content `json:"contents" minItems:"1" maxItems:"10" nullable:"false" doc:"one message each, sent in this order"`
	Channel     core.ChannelID `json:"channel,omitempty" maxLength:"64" doc:"default: the channel the contact last wrote on"`
	AuthorAgent core.AgentID   `json:"author_agent,omitempty" maxLength:"64" doc:"the agent who wrote it; default: the key, as a program"`
	NotBefore   time.Time      `json:"not_before,omitzero" doc:"do not send before; the rules are asked again then"`
	Close       bool           `json:"close,omitempty" doc:"close the conversation with it; of a dry run: of no effect"`
}

type sendInput struct {
	ByID
	Key  string `header:"Idempotency-Key" maxLength:"200" doc:"the same key and body give the messages made the first time; the same key with another body is refused"`
	Body sendBody
}

type tryInput struct {
	ByID
	Body sendBody
}

// sentView is what became of a request to send.
type sentView struct {
	Messages []messageView `json:"messages" nullable:"false"`
	Decision decisionView  `json:"decision" doc:"park: kept until the channel is mended"`
}

// trialView is the answer to a dry run.
type trialView struct {
	Decision decisionView   `json:"decision"`
	Parts    []core.Content `json:"parts" nullable:"false" doc:"what would be sent, one call to the provider each"`
}

func (s *Server) sendInConversation(ctx context.Context, repo core.Repo, in *sendInput) (*answer[sentView], error) {
	c, err := repo.Conversation(ctx, core.ConversationID(in.ID))
	if err != nil {
		return nil, missing(err, "conversation")
	}
	return s.send(ctx, repo, outbound.Request{Conversation: c.ID}, in)
}

func (s *Server) sendToContact(ctx context.Context, repo core.Repo, in *sendInput) (*answer[sentView], error) {
	c, err := repo.Contact(ctx, core.ContactID(in.ID))
	if err != nil {
		return nil, missing(err, "contact")
	}
	if c.MergedInto != "" {
		return nil, core.Problemf(core.CodeConflict, "This contact was merged into another one.").Remedied("Write to the contact %s.", c.MergedInto)
	}
	return s.send(ctx, repo, outbound.Request{Contact: c.ID}, in)
}

func (s *Server) tryInConversation(ctx context.Context, repo core.Repo, in *tryInput) (*answer[trialView], error) {
	c, err := repo.Conversation(ctx, core.ConversationID(in.ID))
	if err != nil {
		return nil, missing(err, "conversation")
	}
	r, err := s.request(ctx, repo, outbound.Request{Conversation: c.ID}, in.Body)
	if err != nil {
		return nil, err
	}
	d, parts, err := s.Outbox.Decide(ctx, caller(ctx).Workspace, r)
	if parts == nil {
		parts = []core.Content{}
	}
	return reply(trialView{Decision: showDecision(d), Parts: parts}, err)
}

func (s *Server) send(ctx context.Context, repo core.Repo, r outbound.Request, in *sendInput) (*answer[sentView], error) {
	fingerprint := fingerprintOf(in)
	in.Key = url.PathEscape(in.Key) // plain text without "/", which separates what the outbox adds
	again, err := s.sameBody(ctx, repo, in.Key, fingerprint)
	if err != nil {
		return nil, err
	}
	r, err = s.request(ctx, repo, r, in.Body)
	if err != nil {
		return nil, err
	}
	if in.Key != "" {
		r.Key = keyOwner(ctx) + "/" + in.Key // another program's key, and a mail's, are others
	}
	if !enter(s.sends) {
		return nil, errCrowded()
	}
	defer leave(s.sends)
	made, decision, err := s.Outbox.Compose(ctx, caller(ctx).Workspace, r)
	if errors.Is(err, core.ErrDuplicate) && r.Key != "" {
		made, decision, err = s.Outbox.Compose(ctx, caller(ctx).Workspace, r) // the same request at the same time was first: its messages are there now
	}
	if err != nil {
		return nil, err
	}
	if len(made) != len(r.Contents) {
		return nil, otherBody()
	}
	out := sentView{Messages: []messageView{}, Decision: showDecision(decision)}
	for _, m := range made {
		out.Messages = append(out.Messages, showMessage(m))
	}
	if in.Body.Close && !again {
		if _, err := s.Desk.Close(ctx, caller(ctx).Workspace, made[0].Conversation, r.Author); err != nil {
			return nil, fmt.Errorf("close conversation: %w", err)
		}
	}
	s.remember(ctx, repo, in.Key, fingerprint)
	return reply(out, nil)
}

// request turns what the caller wants into what the outbox takes.
func (s *Server) request(ctx context.Context, repo core.Repo, r outbound.Request, b sendBody) (outbound.Request, error) {
	var err error
	if r.Author, err = s.author(ctx, b.AuthorAgent, "body.author_agent"); err != nil {
		return r, err
	}
	if b.Channel != "" {
		if _, err := repo.Channel(ctx, b.Channel); err != nil {
			return r, missing(err, "channel")
		}
	}
	r.Channel, r.NotBefore, r.Contents = b.Channel, b.NotBefore, b.Contents
	for i := range r.Contents {
		if err := complete(ctx, repo, r.Conversation, &r.Contents[i], fmt.Sprintf("body.contents[%d]", i)); err != nil {
			return r, err
		}
	}
	return r, nil
}

// The outbox compares the messages themselves; what else a request says (its recipient, their number, the time) is compared here, by a
// fingerprint kept under the key once its messages are stored.

// fingerprintFor is how long a key's request can still be compared whole; the outbox compares its messages for good.
const fingerprintFor = 30 * 24 * time.Hour

func keyOwner(ctx context.Context) string { return "api/" + caller(ctx).ID }

func fingerprintOf(in *sendInput) []byte {
	text, _ := json.Marshal(struct { // plain data: it cannot fail
		ID   string
		Body sendBody
	}{in.ID, in.Body})
	sum := sha256.Sum256(text)
	return sum[:]
}

// sameBody refuses another request under a key that was used, and reports whether this one was done before.
func (s *Server) sameBody(ctx context.Context, repo core.Repo, key string, fingerprint []byte) (again bool, err error) {
	if key == "" {
		return false, nil
	}
	before, err := repo.Value(ctx, keyOwner(ctx), key)
	if err != nil {
		return false, fmt.Errorf("look up idempotency key: %w", err)
	}
	if before != nil && !bytes.Equal(before, fingerprint) {
		return false, otherBody()
	}
	return before != nil, nil
}

// remember keeps what was asked for under an idempotency key.
func (s *Server) remember(ctx context.Context, repo core.Repo, key string, fingerprint []byte) {
	if key == "" {
		return
	}
	if err := repo.SetValueUntil(ctx, keyOwner(ctx), key, fingerprint, s.Now().Add(fingerprintFor)); err != nil {
		// The messages are stored: an error would say the opposite. The outbox still compares them.
		s.Log.WarnContext(ctx, "idempotency key not remembered", "err", err)
	}
}

func otherBody() error {
	return &core.Problem{Code: core.CodeConflict, Detail: "This idempotency key was used for another request.",
		Remedy: "Use a new key for a new request.", Field: "header.Idempotency-Key"}
}
