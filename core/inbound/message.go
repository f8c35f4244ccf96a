package inbound

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

// message stores what a contact wrote, or an echo of what the business wrote elsewhere.
func (b *batch) message(ctx context.Context, e core.Event) error {
	if done, err := b.meet(ctx, e); done || err != nil {
		return err
	}
	e, err := b.continued(ctx, e)
	if err != nil {
		return err
	}
	contact, identity, err := b.person(ctx, e)
	if err != nil {
		return err
	}
	if done, err := b.meetTwin(ctx, e, contact, identity); done || err != nil {
		return err
	}
	return b.unmet(ctx, e, contact, identity)
}

// unmet stores a message that no side has brought yet, and applies what waited for it.
func (b *batch) unmet(ctx context.Context, e core.Event, contact core.Contact, identity core.IdentityID) error {
	m := b.draft(e, contact.ID, identity)
	if err := b.apart(ctx, &m); err != nil {
		return err
	}
	at, err := b.place(ctx, m)
	if err != nil {
		return err
	}
	if done, err := b.recognise(ctx, at.conv, e); done || err != nil {
		return err
	}
	m.Conversation, m.Contact = at.conv.ID, at.conv.Contact // which a merge may have changed just now
	if err := b.machine(ctx, &m, at.conv); err != nil {
		return err
	}
	if err := b.store(ctx, &m); err != nil {
		return err
	}
	if err := b.moves(ctx, e, m, at); err != nil {
		return err
	}
	if at.opened && !m.Historic && contact.Name == "" {
		b.askName(m) // once in a conversation: who the provider does not tell of is not asked for with each message
	}
	if err := b.enter(ctx, m, m.Parts[0], e); err != nil {
		return err
	}
	return b.unpark(ctx, e.Message.Provider)
}

// moves lets a message that was stored do what it does to its conversation. Of history only a channel's test opens the window.
func (b *batch) moves(ctx context.Context, e core.Event, m core.Message, at placed) error {
	switch {
	case at.scored:
		return b.scored(ctx, m)
	case !m.Historic:
		return b.among(e.Peer).live(ctx, m, at.conv, at.opened)
	case e.Test && m.Direction == core.In:
		return b.openWindow(ctx, m.Identity, m.At)
	}
	return nil
}

// askName has the provider asked for the name of who wrote a message.
func (b *batch) askName(m core.Message) {
	job := core.ProfileJob(b.ch.Workspace, b.ch.ID, m.Contact, m.Identity)
	b.job(job.Kind, job.Key)
}

// meet looks whether the message is here already: our own send reported back, or seen from another side. It then only learns from the event.
func (b *batch) meet(ctx context.Context, e core.Event) (bool, error) {
	p, err := b.partOf(ctx, e.Key, e.Message.Provider)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := b.again(ctx, p, e); err != nil {
		return true, err
	}
	return true, b.met(ctx, p, e)
}

// met learns from an event of a message that is here.
func (b *batch) met(ctx context.Context, p core.Part, e core.Event) error {
	if err := b.enliven(ctx, p, e); err != nil {
		return err
	}
	if p.Content.Kind == core.KindUnsupported && e.Message.Content.Kind != core.KindUnsupported {
		return b.fill(ctx, p, e)
	}
	return b.echoed(ctx, p, e)
}

// enliven makes a message that was imported as history one that came in just now: it is reported as such after all, and was in the import only because
// that was quicker.
func (b *batch) enliven(ctx context.Context, p core.Part, e core.Event) error {
	if e.Historic {
		return nil
	}
	m, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("message that is here: %w", err)
	}
	if !m.Historic || m.Content.Automatic != "" {
		return nil
	}
	m.Historic = false
	conv, opened, err := b.conversation(ctx, m)
	if err != nil {
		return err
	}
	m.Conversation, m.Contact = conv.ID, conv.Contact
	if m.Seq, err = b.repo.NextSeq(ctx, conv.ID, earlier(m.At, b.now)); err != nil {
		return fmt.Errorf("take sequence: %w", err)
	}
	if err := b.repo.Enliven(ctx, m.ID, conv.ID, m.Seq); err != nil {
		return fmt.Errorf("take message out of history: %w", err)
	}
	return b.among(e.Peer).live(ctx, m, conv, opened)
}

// recognise looks whether an echo of our own send, which does not carry our key, is of the part being sent just now: its answer is still on its
// way, so nobody knows the provider's id yet.
func (b *batch) recognise(ctx context.Context, conv core.Conversation, e core.Event) (bool, error) {
	if e.Origin != core.OriginGateway && e.Origin != core.OriginBusiness {
		return false, nil
	}
	p, err := b.repo.NextPart(ctx, conv.ID)
	if absent(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("part being sent: %w", err)
	}
	sending := p.Status == core.StatusSending || p.Status == core.StatusUnknown
	if !sending || p.Provider != "" || p.Channel != b.ch.ID || p.Content.Kind != e.Message.Content.Kind || p.Content.Text != e.Message.Content.Text {
		return false, nil
	}
	return true, b.echoed(ctx, p, e)
}

// echoed takes a message as proof that a part was sent.
func (b *batch) echoed(ctx context.Context, p core.Part, e core.Event) error {
	if p.Status == core.StatusReceived {
		return nil
	}
	return b.raise(ctx, p.ID, core.ReceiptBody{Provider: e.Message.Provider, Stanza: e.Message.Stanza, Status: came(e)}, e.At)
}

// fill replaces a placeholder by what another transport could read.
func (b *batch) fill(ctx context.Context, p core.Part, e core.Event) error {
	if _, err := b.lock(ctx, p.Conversation); err != nil {
		return err
	}
	old, err := b.repo.Message(ctx, p.Message)
	if err != nil {
		return fmt.Errorf("placeholder: %w", err)
	}
	if !old.Revoked.IsZero() {
		return nil
	}
	m := core.Message{ID: p.Message, Conversation: old.Conversation, Content: e.Message.Content, Created: b.now, Parts: []core.Part{p}}
	if err := b.quote(ctx, &m); err != nil {
		return err
	}
	if err := b.keep(ctx, b.file(&m)); err != nil {
		return err
	}
	e.Historic = old.Historic && e.Historic
	if err := b.repo.EditMessage(ctx, p.Message, m.Content, e.At); err != nil {
		return fmt.Errorf("fill placeholder: %w", err)
	}
	return b.tell(ctx, e, m.Conversation, core.ConversationEvent{Kind: core.EventNotice, Code: "filled", By: author(e), Message: p.Message, At: e.At,
		Data: map[string]string{"text": m.Content.Text}, Text: "The message that could not be shown is here now."})
}

// apart keeps what a machine wrote from opening a conversation: where none is open, it is kept like history.
func (b *batch) apart(ctx context.Context, m *core.Message) error {
	if m.Content.Automatic == "" || m.Direction != core.In {
		return nil
	}
	_, err := b.repo.OpenConversation(ctx, m.Contact)
	if err != nil && !absent(err) {
		return fmt.Errorf("open conversation of contact: %w", err)
	}
	m.Historic = m.Historic || err != nil
	return nil
}

// draft makes the message and its one part from the event.
func (b *batch) draft(e core.Event, contact core.ContactID, identity core.IdentityID) core.Message {
	m := core.Message{ID: core.NewID[core.MessageID](), Workspace: b.ch.Workspace, Contact: contact, Channel: b.ch.ID, Identity: identity,
		Direction: core.In, Author: author(e), Content: e.Message.Content, Status: core.StatusReceived, At: e.At, Created: b.now, Historic: e.Historic}
	if e.Origin != core.OriginCustomer {
		m.Direction, m.Status = core.Out, came(e)
	}
	m.Parts = []core.Part{{ID: core.NewID[core.PartID](), Message: m.ID, Channel: b.ch.ID, Provider: e.Message.Provider,
		Stanza: e.Message.Stanza, Status: m.Status, Sent: m.At, Updated: b.now}}
	return m
}

// came is how far a message of the business has come.
func came(e core.Event) core.Status {
	if e.Message.Status != "" {
		return e.Message.Status
	}
	return core.StatusSent
}

// store inserts the message at the end of its conversation, with its medium.
func (b *batch) store(ctx context.Context, m *core.Message) error {
	if err := b.quote(ctx, m); err != nil {
		return err
	}
	if err := b.pick(ctx, m); err != nil {
		return err
	}
	var err error
	// A provider's clock that runs ahead must not keep the conversation on top for as long.
	if m.Seq, err = b.repo.NextSeq(ctx, m.Conversation, earlier(m.At, b.now)); err != nil {
		return fmt.Errorf("take sequence: %w", err)
	}
	m.Parts[0].Conversation, m.Parts[0].Seq, m.Parts[0].Content = m.Conversation, m.Seq, m.Content
	file := b.file(m)
	won, err := b.repo.AddMessage(ctx, *m)
	if err == nil && !won {
		err = errLost // between our look and our insert; the next try meets it
	}
	if err != nil {
		return fmt.Errorf("add message: %w", err)
	}
	return b.keep(ctx, file)
}

// quote finds our own id of the message quoted. One that is not known stays quoted by the provider's.
func (b *batch) quote(ctx context.Context, m *core.Message) error {
	q := m.Content.Quote
	if q == nil || q.Provider == "" {
		return nil
	}
	p, err := b.partAt(ctx, q.Provider, q.Stanza, func(core.LedgerEntry) bool { return true })
	if absent(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find quoted message: %w", err)
	}
	found := *q
	found.Message = p.Message
	m.Content.Quote = &found
	return nil
}

// file names the medium of a message, if it has one at the provider, and returns the row for it.
func (b *batch) file(m *core.Message) *core.File {
	media := m.Content.Media
	if media == nil || (media.Provider == "" && media.URL == "") {
		return nil
	}
	kept := *media // the event's own stays as the provider gave it
	kept.ID, kept.Name = core.NewID[core.MediaID](), core.FileName(kept.Name)
	m.Content.Media, m.Parts[0].Content.Media = &kept, &kept
	return &core.File{ID: kept.ID, Channel: b.ch.ID, Conversation: m.Conversation, Message: m.ID, Media: kept,
		State: core.FilePending, Created: b.now}
}

// keep stores the row of a medium, nil for none, and asks for the medium to be fetched.
func (b *batch) keep(ctx context.Context, f *core.File) error {
	if f == nil {
		return nil
	}
	b.job(core.JobFetch, string(f.ID))
	if err := b.repo.AddFile(ctx, *f); err != nil {
		return fmt.Errorf("add file: %w", err)
	}
	return nil
}

// placed is the conversation that a message belongs to, and whether the message opened that, or scores it.
type placed struct {
	conv           core.Conversation
	opened, scored bool
}

// place finds, and locks, the conversation that a message belongs to.
func (b *batch) place(ctx context.Context, m core.Message) (at placed, err error) {
	if at.conv, at.scored, err = b.surveyed(ctx, m); at.scored || err != nil {
		return at, err
	}
	at.conv, at.opened, err = b.conversation(ctx, m)
	return at, err
}

// conversation returns, locked, the one that a message belongs to: the contact's open one or, opened by it, a new one. Imported history goes into
// a closed one and opens nothing.
func (b *batch) conversation(ctx context.Context, m core.Message) (core.Conversation, bool, error) {
	for range lookAgain {
		conv, opened, err := b.findOrOpen(ctx, m)
		if absent(err) {
			continue // it was closed between two looks
		}
		if err != nil || opened {
			return conv, opened, err
		}
		if conv, err = b.lock(ctx, conv.ID); err != nil {
			return conv, false, err
		}
		if conv.State == core.ConversationOpen || m.Historic {
			return conv, false, nil
		}
	}
	return core.Conversation{}, false, errLost
}

func (b *batch) findOrOpen(ctx context.Context, m core.Message) (core.Conversation, bool, error) {
	conv, err := b.repo.OpenConversation(ctx, m.Contact)
	if err == nil || !absent(err) {
		return conv, false, err
	}
	if m.Historic {
		if old, err := b.repo.ConversationsOf(ctx, m.Contact); err != nil {
			return conv, false, fmt.Errorf("conversations of contact: %w", err)
		} else if len(old) > 0 {
			return old[0], false, nil
		}
	}
	conv = core.Conversation{ID: core.NewID[core.ConversationID](), Workspace: b.ch.Workspace, Contact: m.Contact, Channel: b.ch.ID,
		State: core.ConversationOpen, Opened: b.now, LastAt: earlier(m.At, b.now), Referral: m.Content.Referral}
	if m.Historic {
		conv.State, conv.Closed = core.ConversationClosed, b.now
	}
	won, err := b.repo.AddConversation(ctx, &conv)
	if err != nil {
		return conv, false, fmt.Errorf("open conversation: %w", err)
	}
	if !won {
		conv, err = b.repo.OpenConversation(ctx, m.Contact)
	}
	return conv, won, err
}

// noteOpened notes that a message opened its conversation.
func (b *batch) noteOpened(ctx context.Context, m core.Message) error {
	err := b.repo.AddConversationEvent(ctx, core.ConversationEvent{ID: core.NewID[string](), Conversation: m.Conversation, Kind: core.EventOpened,
		By: m.Author, Message: m.ID, At: b.now})
	if err != nil {
		return fmt.Errorf("note conversation as opened: %w", err)
	}
	return nil
}

// live moves window, waiting clock and channel of the conversation, and asks for the agents to be told.
func (b *batch) live(ctx context.Context, m core.Message, conv core.Conversation, opened bool) (err error) {
	if !opened && m.Direction == core.In && m.Content.Automatic == "" {
		if opened, err = b.afterGreeting(ctx, m, &conv); err != nil {
			return err
		}
	}
	if opened {
		if err := b.noteOpened(ctx, m); err != nil {
			return err
		}
		if err := b.happened(ctx, m, core.HappenedOpened); err != nil {
			return err
		}
	}
	switch {
	case m.Content.Automatic != "": // nobody waits for an answer
	case m.Direction == core.In:
		err = b.wrote(ctx, m, &conv)
	case m.Author.Human():
		if err = b.tookOver(ctx, m, &conv); err == nil {
			err = b.happened(ctx, m, core.HappenedAnswered)
		}
	}
	if err != nil {
		return err
	}
	if conv.Referral == nil {
		conv.Referral = m.Content.Referral
	}
	if err := b.repo.SetConversation(ctx, conv); err != nil {
		return fmt.Errorf("update conversation: %w", err)
	}
	b.job(core.JobNotify, string(conv.ID))
	return nil
}

// wrote has a contact who wrote wait for an answer, by the channel that they wrote to.
func (b *batch) wrote(ctx context.Context, m core.Message, conv *core.Conversation) error {
	if err := b.openWindow(ctx, m.Identity, m.At); err != nil {
		return err
	}
	if conv.Channel = b.ch.ID; b.shared() && b.ch.Phone {
		conv.Channel = b.ch.Twin // the sanctioned way
	}
	if err := b.waits(ctx, m, conv); err != nil {
		return err
	}
	return b.happened(ctx, m, core.HappenedMessage)
}

// openWindow opens the reply window from a customer's act. A provider's clock that runs ahead must not keep it open longer than that act allows.
func (b *batch) openWindow(ctx context.Context, id core.IdentityID, at time.Time) error {
	if err := b.repo.TouchWindow(ctx, b.ch.ID, id, earlier(at, b.now)); err != nil {
		return fmt.Errorf("open window: %w", err)
	}
	return nil
}

// among is the batch for what a peer says: no automation follows what is said in a group.
func (b *batch) among(p core.Peer) *batch {
	if !p.Group() {
		return b
	}
	apart := *b
	apart.inGroup = true
	return &apart
}

// happened lets automation follow what a message brought, where there is any.
func (b *batch) happened(ctx context.Context, m core.Message, kind core.HappeningKind) error {
	if b.inGroup {
		return nil
	}
	if automated, err := core.Automated(ctx, b.repo); err != nil || !automated {
		return err
	}
	h := core.Happening{ID: core.NewID[string](), Conversation: m.Conversation, Kind: kind, By: m.Author, At: b.now}
	if kind != core.HappenedOpened {
		h.Message = m.ID
	}
	if err := b.repo.AddHappening(ctx, h); err != nil {
		return fmt.Errorf("let automation follow: %w", err)
	}
	b.job(core.JobWorkflow, string(m.Conversation))
	return nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
