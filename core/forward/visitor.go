package forward

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"causeway/core"
	"causeway/core/forward/cut"
)

const (
	visitorAtOnce = 10               // messages in one mail
	visitorEach   = 10 * time.Minute // the shortest time between two mails
	visitorLook   = 50               // messages are looked at; more are not unread for a visitor who has left just now
)

// visited is what a conversation's visitor was mailed.
type visited struct {
	Last    int64          `json:"last"`              // the Seq of the last message that was mailed
	Sending int64          `json:"sending,omitempty"` // the same of a mail that is on its way: a crash may have kept us from knowing more
	At      time.Time      `json:"at"`                // when the last mail went
	Channel core.ChannelID `json:"channel"`           // by which they wrote
	Peer    core.IdentityID
}

// unread is what a visitor has not read, the oldest first, and how long to wait before it is mailed.
type unread struct {
	visited
	messages []core.Message
	to       string
	wait     time.Duration
}

// Follow is the worker of core.JobFollow: a visitor of a chat who has left it gets by mail what was answered and not read. Nothing is mailed of
// what was read meanwhile, to whom no address is known, or after the time for free answers. A mail's Message-ID comes from what is in it: sent a
// second time after a crash, mail programs show it once.
func (f *Forwarder) Follow(ctx context.Context, w core.Work) error {
	u, err := f.claimUnread(ctx, w)
	switch {
	case err != nil:
		return err
	case len(u.messages) == 0:
		return nil // the job is finished
	case u.wait > 0:
		return core.Later{After: u.wait}
	}
	l, err := f.visitorLetter(ctx, w, u)
	if err != nil {
		return err
	}
	switch err := f.send(ctx, l); {
	case forGood(err):
		f.Log.WarnContext(ctx, "a visitor's mail was refused for good", "conversation", w.Key, "err", err)
	case err != nil:
		return fmt.Errorf("mail to a visitor: %w", err)
	}
	if err := f.settleUnread(ctx, w, u); err != nil {
		return err
	}
	return core.Later{After: visitorEach}
}

// claimUnread finds what is to be mailed now and notes that it is on its way; where there is nothing to mail, it finishes the job.
func (f *Forwarder) claimUnread(ctx context.Context, w core.Work) (u unread, err error) {
	err = f.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(w.Workspace)
		conv, err := repo.Lock(ctx, core.ConversationID(w.Key))
		if errors.Is(err, core.ErrNotFound) {
			return w.Finish(ctx, tx)
		}
		if err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		if u, err = f.missed(ctx, repo, conv); err != nil {
			return err
		}
		if len(u.messages) == 0 {
			return w.Finish(ctx, tx)
		}
		if u.wait > 0 {
			return nil
		}
		u.Sending = u.messages[len(u.messages)-1].Seq
		return f.setVisited(ctx, repo, conv.ID, u.visited)
	})
	return u, err
}

// settleUnread notes that the mail went. What the relay did is recorded even when the work is being stopped.
func (f *Forwarder) settleUnread(ctx context.Context, w core.Work, u unread) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	u.Last, u.Sending, u.At = u.Sending, 0, f.Now()
	return f.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(w.Workspace)
		if _, err := repo.Lock(ctx, core.ConversationID(w.Key)); err != nil {
			return fmt.Errorf("lock conversation: %w", err)
		}
		return f.setVisited(ctx, repo, core.ConversationID(w.Key), u.visited)
	})
}

func (f *Forwarder) setVisited(ctx context.Context, repo core.Repo, id core.ConversationID, v visited) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("note a visitor's mail: %w", err)
	}
	return repo.SetValue(ctx, owner(id), "visitor", raw)
}

func (f *Forwarder) visited(ctx context.Context, repo core.Repo, id core.ConversationID) (v visited, err error) {
	raw, err := repo.Value(ctx, owner(id), "visitor")
	if err != nil || len(raw) == 0 {
		return v, err
	}
	return v, json.Unmarshal(raw, &v)
}

// missed finds what the visitor has not read of what was written to them since they last wrote or read.
func (f *Forwarder) missed(ctx context.Context, repo core.Repo, conv core.Conversation) (u unread, err error) {
	if u.visited, err = f.visited(ctx, repo, conv.ID); err != nil {
		return u, fmt.Errorf("what the visitor was mailed: %w", err)
	}
	newest, err := repo.Messages(ctx, conv.ID, core.Page{Limit: visitorLook})
	if err != nil {
		return u, fmt.Errorf("messages of conversation: %w", err)
	}
	chats, err := f.chats(ctx, repo)
	if err != nil {
		return u, err
	}
	for _, m := range newest {
		if m.Seq <= u.Last || m.Direction == core.In || m.Status == core.StatusRead && chats[m.Channel] {
			break
		}
		if chats[m.Channel] && follows(m) {
			u.messages = append(u.messages, m)
		}
	}
	if len(u.messages) == 0 {
		return u, nil
	}
	slices.Reverse(u.messages)
	if begun := u.begun(); len(begun) > 0 {
		u.messages = begun
	}
	u.messages = u.messages[:min(len(u.messages), visitorAtOnce)]
	first := u.messages[0]
	u.Channel, u.Peer = first.Channel, first.Identity
	u.wait = max(first.At.Add(f.FollowAfter).Sub(f.Now()), u.At.Add(visitorEach).Sub(f.Now()))
	return f.reachable(ctx, repo, conv, u)
}

// begun are the messages of a mail that is on its way: it says the same when it goes once more. There are none where the visitor has read them meanwhile,
// or written since.
func (u unread) begun() []core.Message {
	return slices.DeleteFunc(slices.Clone(u.messages), func(m core.Message) bool { return m.Seq > u.Sending })
}

// chats are the channels whose people may leave: what went by another is theirs already.
func (f *Forwarder) chats(ctx context.Context, repo core.Repo) (map[core.ChannelID]bool, error) {
	all, err := repo.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels of visitors: %w", err)
	}
	chats := map[core.ChannelID]bool{}
	for _, ch := range all {
		chats[ch.ID] = f.Follows != nil && f.Follows(ch)
	}
	return chats, nil
}

// follows reports whether a message is one that a visitor may have missed.
func follows(m core.Message) bool {
	return (m.Status == core.StatusSent || m.Status == core.StatusDelivered) && m.Revoked.IsZero() && !m.Historic
}

// reachable leaves nothing to be mailed to a visitor who cannot or must not be.
func (f *Forwarder) reachable(ctx context.Context, repo core.Repo, conv core.Conversation, u unread) (unread, error) {
	contact, err := repo.Contact(ctx, conv.Contact)
	if err != nil {
		return u, fmt.Errorf("contact of conversation: %w", err)
	}
	can, err := f.Capabilities(ctx, u.Channel)
	if err != nil {
		return u, fmt.Errorf("capabilities of channel: %w", err)
	}
	state, err := repo.Window(ctx, u.Channel, conv.Contact)
	if err != nil {
		return u, fmt.Errorf("window of contact: %w", err)
	}
	if u.to, err = f.visitorAddress(ctx, repo, contact); err != nil {
		return u, err
	}
	if u.to == "" || contact.Blocked || contact.OptedOut || !f.Now().Before(state.Last.Add(can.Window.Free)) {
		u.messages = nil
	}
	return u, nil
}

// visitorAddress is where a visitor can be mailed: the address that their site has proven, else the one they typed before the chat or when they found
// nobody there; "" if none is known.
func (f *Forwarder) visitorAddress(ctx context.Context, repo core.Repo, contact core.Contact) (string, error) {
	known, err := repo.IdentitiesOf(ctx, contact.ID)
	if err != nil {
		return "", fmt.Errorf("identities of contact: %w", err)
	}
	for _, i := range known {
		if i.Key.Scheme == core.SchemeEmail {
			return i.Key.Value, nil
		}
	}
	all, err := repo.ConversationsOf(ctx, contact.ID)
	if err != nil {
		return "", fmt.Errorf("conversations of contact: %w", err)
	}
	for _, c := range all {
		for _, page := range []core.Page{{Limit: visitorLook}, {Before: "3", Limit: 2}} { // lately, and before the first message
			some, err := repo.Messages(ctx, c.ID, page)
			if err != nil {
				return "", fmt.Errorf("messages of conversation: %w", err)
			}
			if typed := typedAddress(some); typed != "" {
				return typed, nil
			}
		}
	}
	return "", nil
}

// typedAddress is the address in the first form of these messages that has one.
func typedAddress(all []core.Message) string {
	for _, m := range all {
		if form := m.Content.Form; form != nil {
			if typed, _ := form.Fields["email"].(string); typed != "" {
				return typed
			}
		}
	}
	return ""
}

// visitorLetter writes the mail.
func (f *Forwarder) visitorLetter(ctx context.Context, job core.Work, u unread) (Letter, error) {
	w := &writer{Forwarder: f, repo: f.Store.In(job.Workspace), room: f.AttachLimit}
	w.notice.Created = f.Now()
	var err error
	if w.conv, err = w.repo.Conversation(ctx, core.ConversationID(job.Key)); err != nil {
		return Letter{}, fmt.Errorf("conversation: %w", err)
	}
	if w.contact, err = w.repo.Contact(ctx, w.conv.Contact); err != nil {
		return Letter{}, fmt.Errorf("contact: %w", err)
	}
	if err := w.via(ctx, u.Channel); err != nil {
		return Letter{}, err
	}
	if title := clean(w.channel.Settings["title"], 80); title != "" {
		w.title = title
	} else {
		w.title = clean(w.channel.Name, 80)
	}
	w.tongue = f.tongue(w.contact.Language)
	w.page = page{Lang: w.code, Dir: w.dir(), Mark: cut.Marker(w.say("mark"))}
	w.page.add(blockLead, w.say("left-lead", "name", w.title))
	for _, m := range u.messages {
		if err := w.content(ctx, m.Content); err != nil {
			return Letter{}, err
		}
	}
	w.page.Peek = w.summary(u.messages[0].Content, 120)
	w.page.Foot = append(w.page.Foot, w.say("left-foot", "name", w.title))
	return w.toVisitor(u)
}

// toVisitor addresses the mail: from the channel, and its answers lead back to the conversation.
func (w *writer) toVisitor(u unread) (l Letter, err error) {
	token, err := w.signer.visitorToken(w.conv.ID, u.to, w.Now().Add(w.ReplyFor))
	if err != nil {
		return l, fmt.Errorf("reply address: %w", err)
	}
	root := string(w.conv.ID) + ".chat@" + w.Domain
	l = Letter{Date: w.Now(), From: Address{w.title, w.From.Address}, To: Address{clean(w.contact.Name, 80), u.to}, ReplyTo: Address{w.title, string(toVisitor) + "+" + token + "@" + w.Domain},
		Subject: w.say("left-subject", "name", w.title), MessageID: string(w.conv.ID) + ".chat" + strconv.FormatInt(u.Sending, 10) + "@" + w.Domain, InReplyTo: root, References: []string{root},
		Headers: [][2]string{{"Auto-Submitted", "auto-generated"}, {"X-Auto-Response-Suppress", "All"}, {markHeader, w.mark}}, Text: w.page.text(), Files: w.files}
	l.HTML, err = w.page.html(w.layout)
	return l, err
}
