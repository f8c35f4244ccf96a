package forward

import (
	"context"
	"crypto/hmac"
	"fmt"
	"strings"
	"time"

	"causeway/core"
	"causeway/core/forward/cut"

	"github.com/google/uuid"
)

// visitorToken is a token for whoever reads the mail of an address: an answer counts only if it comes from there.
func (s signer) visitorToken(id core.ConversationID, address string, expires time.Time) (string, error) {
	return s.sealed(toVisitor, id, s.visitor(s.keys[0], address), expires)
}

// visitor is what a token says of its reader.
func (s signer) visitor(key []byte, address string) (t tag) {
	copy(t[:], s.sum(key, []byte("visitor"), []byte(strings.ToLower(address))))
	return t
}

func (s signer) isVisitor(t tag, address string) bool {
	for _, key := range s.keys {
		if have := s.visitor(key, address); hmac.Equal(have[:], t[:]) {
			return true
		}
	}
	return false
}

// visitors returns what the address of a mail to a visitor says; false for any other.
func (f *Forwarder) visitors(address string) (claims, bool) {
	c, ok := f.claimsOf(address)
	return c, ok && c.purpose == toVisitor
}

// acceptVisitor says whether the door takes a visitor's answer.
func (f *Forwarder) acceptVisitor(ctx context.Context, c claims) (core.WorkspaceID, error) {
	if !f.Now().Before(c.expires) {
		return "", core.Problemf(core.CodeForbidden, "This reply address expired on %s.", c.expires.Format("2006-01-02")).Remedied("Write to us anew.")
	}
	ws, err := f.Store.WorkspaceOf(ctx, c.conversation)
	if err != nil {
		return "", unresolved(err, "The conversation of this reply address is gone.")
	}
	if gone, err := f.erased(ctx, ws, c.conversation); err != nil {
		return "", err
	} else if gone {
		return "", core.Problemf(core.CodeForbidden, "What you wrote here was erased.").Remedied("Write to us anew.")
	}
	return ws, nil
}

// receiveVisitor takes a visitor's answer to our mail as what they write in the chat, and returns when it is stored. What no person wrote ends here.
func (f *Forwarder) receiveVisitor(ctx context.Context, env Envelope, c claims, raw []byte) error {
	ws, err := f.acceptVisitor(ctx, c)
	if err != nil {
		return temporary(err)
	}
	in, err := f.Parser(raw)
	if err != nil {
		return err
	}
	if why := f.automatic(core.Mail{From: env.From}, in); why != "" {
		f.Log.InfoContext(ctx, "a visitor's mail was dropped", "conversation", c.conversation, "why", why)
		return nil
	}
	if in.FromFields > 1 || len(in.From) != 1 || !f.signer.isVisitor(c.agent, in.From[0].Address) {
		return core.Problemf(core.CodeForbidden, "This address takes answers only from where our mail went.").Remedied("Answer from the address that got our mail.")
	}
	ch, e, err := f.visitorEvent(ctx, f.Store.In(ws), c.conversation)
	if err != nil {
		return err
	}
	e.ID = "mail/" + fingerprint(env.To, raw)
	said, err := f.visitorSays(ctx, f.Store.In(ws), core.File{Channel: ch.ID, Conversation: c.conversation}, e.ID, in)
	if err != nil || len(said) == 0 {
		return err
	}
	var events []core.Event
	for i, content := range core.Together(e.ID, said) {
		one := e
		if i > 0 {
			one.ID = fmt.Sprintf("%s#%d", e.ID, i)
		}
		one.Message = &core.MessageBody{Provider: one.ID, Content: content}
		events = append(events, one)
	}
	if err := f.Emit(ctx, ch, events...); err != nil {
		return fmt.Errorf("store visitor's answer: %w", err)
	}
	return nil
}

// visitorSays is what a visitor wrote above our mail, and their files, which are kept: they belong where the given one does. The same mail again
// gives the same files.
func (f *Forwarder) visitorSays(ctx context.Context, repo core.Repo, like core.File, id string, in Incoming) ([]core.Content, error) {
	var said []core.Content
	r := cut.Reply(cut.Mail{Text: in.Text, HTML: in.HTML})
	own := inlined(in, r)
	if text := withoutPictures(strings.TrimSpace(r.Text)); text != "" {
		said = append(said, core.Content{Kind: core.KindText, Text: text})
	}
	for i, file := range in.Files {
		if len(file.Data) == 0 || seal(file) || file.Inline && !own[file.ContentID] {
			continue
		}
		kept := like
		kept.ID = core.MediaID(uuid.NewSHA1(uuid.NameSpaceURL, fmt.Append(nil, like.Conversation, "/", id, "/", i)).String())
		kept.State, kept.Blob, kept.Created = core.FileHere, "media/"+string(kept.ID), f.Now()
		kept.Media = core.Media{ID: kept.ID, MIME: mediaType(file), Name: core.FileName(file.Name), Size: int64(len(file.Data))}
		if err := f.keep(ctx, repo, kept, file.Data); err != nil {
			return nil, err
		}
		said = append(said, core.Content{Kind: core.FileKind(kept.Media.MIME), Media: &kept.Media})
	}
	return said, nil
}

// visitorEvent begins the event of a visitor who writes on the channel by which we answered them.
func (f *Forwarder) visitorEvent(ctx context.Context, repo core.Repo, id core.ConversationID) (ch core.Channel, e core.Event, err error) {
	v, err := f.visited(ctx, repo, id)
	if err != nil {
		return ch, e, fmt.Errorf("what the visitor was mailed: %w", err)
	}
	if ch, err = repo.Channel(ctx, v.Channel); err != nil {
		return ch, e, fmt.Errorf("channel of visitor: %w", err)
	}
	conv, err := repo.Conversation(ctx, id)
	if err != nil {
		return ch, e, fmt.Errorf("conversation of visitor: %w", err)
	}
	known, err := repo.IdentitiesOf(ctx, conv.Contact)
	if err != nil {
		return ch, e, fmt.Errorf("identities of visitor: %w", err)
	}
	e = core.Event{Kind: core.EventMessage, Account: ch.Account, At: f.Now(), Origin: core.OriginCustomer}
	for _, i := range known {
		if i.ID == v.Peer {
			e.Peer.Identities = []core.IdentityKey{i.Key}
		}
	}
	if len(e.Peer.Identities) == 0 {
		return ch, e, core.Problemf(core.CodeNotFound, "The chat of this reply address is gone.")
	}
	return ch, e, nil
}
