package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"causeway/adapters/ginapi"
	"causeway/adapters/mail"
	"causeway/bridges/webchat"
	"causeway/core"
	"causeway/core/assign"
	"causeway/core/care"
	"causeway/core/forward"
	"causeway/core/outbound"
)

// newForwarder joins the conversations to the agents' mailboxes.
func newForwarder(g *gateway) (*forward.Forwarder, error) {
	cfg, links := g.cfg, g.vault.Derive(signedLinks)
	return forward.New(forward.Options{Store: g.store, Blobs: g.blobs, Converter: g.converter, Now: g.now, Log: g.log, Relay: g.relay, Parser: mail.Parse,
		Authenticator: newAuthenticator(cfg), Compose: g.compose, Decide: g.decide, Say: g.balancer.Say, Handle: hands{g.carer, g.desk}, Away: g.away, Unreached: g.unreached, Info: g.info, Capabilities: g.capabilities, Mailed: g.meters.mail, Judged: g.meters.judge,
		Domain: cfg.MailDomain, From: forward.Address{Name: "Causeway", Address: cfg.NotifyAddress}, Key: g.vault.Derive("reply tokens"), ReplyFor: cfg.ReplyFor(),
		Emit: func(ctx context.Context, ch core.Channel, events ...core.Event) error {
			return g.inbox().Accept(ctx, ch, events)
		},
		Follows: aChat, FollowAfter: cfg.FollowAfter, LinksFiles: cfg.PublicURL != "", AttachLimit: cfg.AttachLimit(), MediaLinkFor: cfg.MediaLinkFor(), Location: cfg.Location(),
		MediaLink: func(ws core.WorkspaceID, id core.MediaID, expires time.Time) string {
			return ginapi.SignMedia(g.public(), links, ws, id, expires)
		}})
}

// hands deal with conversations as agents command by mail.
type hands struct {
	*care.Carer
	assign.Desk
}

// away notes an agent's out-of-office reply, and has the admins told when it is news.
func (g *gateway) away(ctx context.Context, ws core.WorkspaceID, a core.Agent, until time.Time) error {
	end := "until they write again"
	if !until.IsZero() {
		end = "until " + until.In(a.Hours.Location()).Format("2006-01-02 15:04 MST")
	}
	sentence := fmt.Sprintf("%s has an out-of-office reply and gets no new conversations %s. To change that: causeway agents set %q online", a.Name, end, a.Name)
	return g.balancer.Away(ctx, ws, a.ID, until, g.tell(ws, string(a.ID)+"/away/"+g.now().UTC().Format(time.RFC3339), a.Name+" is out of office", sentence)...)
}

// unreached has the admins told of an agent whose mailbox does not take mail.
func (g *gateway) unreached(ws core.WorkspaceID, a core.Agent, why string) []core.Job {
	sentence := fmt.Sprintf("A mail to %s (%s) was refused or came back: %s. What customers write does not reach them there. "+
		"Correct the address in the business file and run causeway apply, or have the mailbox mended.", a.Name, a.Address(), strings.TrimRight(why, "."))
	return g.tell(ws, string(a.ID)+"/unreached/"+g.now().UTC().Format(time.RFC3339), a.Name+" cannot be mailed", sentence)
}

// tell returns the jobs that mail the admins something.
func (g *gateway) tell(ws core.WorkspaceID, key, subject, sentence string) []core.Job {
	return core.AdminJobs(ws, g.cfg.AlertTo, key, subject, sentence)
}

func request(d forward.Draft) outbound.Request {
	return outbound.Request{Conversation: d.Conversation, Author: d.Author, Contents: d.Contents, Key: d.Key, Seen: d.Seen}
}

func (g *gateway) compose(ctx context.Context, ws core.WorkspaceID, d forward.Draft) ([]core.Message, core.Decision, error) {
	return g.outbox.Compose(ctx, ws, request(d))
}

func (g *gateway) decide(ctx context.Context, ws core.WorkspaceID, d forward.Draft) (core.Decision, error) {
	decision, _, err := g.outbox.Decide(ctx, ws, request(d))
	return decision, err
}

// capabilities tells what a channel can carry.
func (g *gateway) capabilities(ctx context.Context, id core.ChannelID) (core.Capabilities, error) {
	_, _, link, err := g.links.Link(ctx, id)
	if err != nil {
		return core.Capabilities{}, err
	}
	return link.Capabilities(), nil
}

// alertAdmins mails the admins about a channel.
func (g *gateway) alertAdmins(ctx context.Context, ch core.Channel) error {
	return g.mail.Alert(ctx, ch, g.cfg.AlertTo)
}

// tellAdminsOfTemplates has the admins told what a provider has changed in a channel's templates.
func (g *gateway) tellAdminsOfTemplates(ctx context.Context, ch core.Channel, sentences []string) error {
	text := strings.Join(sentences, "\n")
	sum := sha256.Sum256([]byte(text))
	key := string(ch.ID) + "/templates/" + g.now().UTC().Format(time.DateOnly) + "/" + hex.EncodeToString(sum[:8])
	return g.store.Tx(ctx, func(tx core.Tx) error {
		return tx.Enqueue(ctx, g.tell(ch.Workspace, key, "Templates of the channel "+ch.Name, text)...)
	})
}

// aChat reports whether people leave the channel with the page that it is on.
func aChat(ch core.Channel) bool { return ch.Kind == webchat.Kind }

// arrived is told of every message that a provider has taken. What was answered in a web chat is looked after: a visitor who has left gets it by
// mail.
func (b *base) arrived(ctx context.Context, tx core.Tx, ch core.Channel, provider string) error {
	if err := b.acceptor.Arrived(ctx, tx, ch, provider); err != nil || !aChat(ch) || !mailing(b.cfg) || b.cfg.FollowAfter <= 0 {
		return err
	}
	p, err := tx.In(ch.Workspace).PartByProvider(ctx, ch.ID, provider)
	if err != nil {
		return fmt.Errorf("answer in a chat: %w", err)
	}
	return tx.Enqueue(ctx, core.Job{Kind: core.JobFollow, Workspace: ch.Workspace, Key: string(p.Conversation), At: b.now().Add(b.cfg.FollowAfter)})
}
