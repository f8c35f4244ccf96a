package forward

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"causeway/core"
)

// target is where a mail goes by its address.
type target struct {
	claims
	workspace core.WorkspaceID
	agent     core.Agent
	address   string
}

// Accepts says whether the door takes mail for a recipient. A Problem says in a sentence why not; it is of CodeUnavailable when the store
// cannot be asked now, so that the sender tries again. Mail to our sender address is taken, for programs that do not heed Reply-To, and
// mail to a reply address without its token, for those that drop it: there what it answers tells the conversation.
func (f *Forwarder) Accepts(ctx context.Context, env Envelope) error {
	if f.isBare(env.To) {
		return nil
	}
	if c, ours := f.visitors(env.To); ours {
		_, err := f.acceptVisitor(ctx, c)
		return err
	}
	_, err := f.resolve(ctx, env.To)
	return err
}

// isBare reports whether an address is our sender address, or a reply address that lost what stood behind its "+" under way.
func (f *Forwarder) isBare(address string) bool {
	return f.isFrom(address) || strings.EqualFold(strings.Trim(address, "<> "), string(toReply)+"@"+f.Domain)
}

func (f *Forwarder) isFrom(address string) bool {
	return strings.EqualFold(strings.Trim(address, "<> "), f.From.Address)
}

// resolve finds conversation and agent of an address.
func (f *Forwarder) resolve(ctx context.Context, address string) (target, error) {
	t := target{address: strings.ToLower(strings.Trim(strings.TrimSpace(address), "<>"))}
	var ok bool
	if t.claims, ok = f.claimsOf(address); !ok || t.purpose == toVisitor {
		return t, core.Problemf(core.CodeNotFound, "There is no such reply address.").Remedied("Answer the mail you got with your mail program's reply button.")
	}
	if !f.Now().Before(t.expires) {
		return t, core.Problemf(core.CodeForbidden, "This reply address expired on %s.", t.expires.Format("2006-01-02")).
			Remedied("Answer the newest mail of the conversation.")
	}
	var err error
	if t.workspace, err = f.Store.WorkspaceOf(ctx, t.conversation); err != nil {
		return t, unresolved(err, "The conversation of this reply address is gone.")
	}
	if gone, err := f.erased(ctx, t.workspace, t.conversation); err != nil {
		return t, err
	} else if gone {
		return t, core.Problemf(core.CodeForbidden, "Everything about this customer was erased, as they asked; nothing can be sent to them.").
			Remedied("Delete the mails of this conversation, too.")
	}
	agents, err := f.Store.In(t.workspace).Agents(ctx)
	if err != nil {
		return t, unresolved(err, "")
	}
	i := slices.IndexFunc(agents, func(a core.Agent) bool { return f.signer.is(t.claims.agent, a) })
	if i < 0 {
		return t, core.Problemf(core.CodeForbidden, "This reply address was revoked.").Remedied("Answer a newer mail of the conversation, or ask your admin.")
	}
	t.agent = agents[i]
	if t.agent.Disabled {
		return t, core.Problemf(core.CodeForbidden, "This reply address was revoked.").Remedied("Ask your admin.")
	}
	return t, nil
}

// erased reports whether a conversation's contact was erased: mail to it is refused, for what it quotes is not to be kept.
func (f *Forwarder) erased(ctx context.Context, ws core.WorkspaceID, id core.ConversationID) (bool, error) {
	repo := f.Store.In(ws)
	conv, err := repo.Conversation(ctx, id)
	if err != nil {
		return false, unresolved(err, "The conversation of this reply address is gone.")
	}
	gone, err := erased(ctx, repo, conv)
	if err != nil {
		return false, unresolved(err, "")
	}
	return gone, nil
}

// unresolved makes a Problem for people of a store's error.
func unresolved(err error, missing string) error {
	if errors.Is(err, core.ErrNotFound) {
		return core.Problemf(core.CodeNotFound, "%s", missing)
	}
	return &core.Problem{Code: core.CodeUnavailable, Detail: "The mail cannot be taken at the moment.", Remedy: "Try again later.", Err: err}
}

// Receive stores a mail for one recipient and returns when it is safe. The same mail again changes nothing. A Problem of another code than
// unavailable refuses it for good.
func (f *Forwarder) Receive(ctx context.Context, env Envelope, raw []byte) error {
	if c, ours := f.visitors(env.To); ours {
		return f.receiveVisitor(ctx, env, c, raw)
	}
	t, err := f.addressee(ctx, env, raw)
	if err != nil {
		return temporary(err)
	}
	key := fingerprint(t.address, raw)
	m := core.Mail{ID: core.NewID[core.MailID](), Key: key, Agent: t.agent.ID, Conversation: t.conversation, From: env.From, To: t.address,
		Blob: "mail/" + key, Trusted: env.User != "" && slices.Contains(t.agent.Addresses, strings.ToLower(env.User)), State: core.MailNew, Received: f.Now()}
	if env.Remote.IsValid() {
		m.Remote = env.Remote.String()
	}
	if _, err := f.Blobs.Put(ctx, m.Blob, bytes.NewReader(raw)); err != nil {
		return fmt.Errorf("keep mail: %w", err)
	}
	return f.Store.Tx(ctx, func(tx core.Tx) error {
		repo := tx.In(t.workspace)
		if _, err := repo.Lock(ctx, m.Conversation); err != nil { // so that Reply does not end just before it could see this mail
			return fmt.Errorf("lock conversation: %w", err)
		}
		won, err := repo.AddMail(ctx, m)
		if err != nil {
			return fmt.Errorf("add mail: %w", err)
		}
		if !won {
			return nil
		}
		return tx.Enqueue(ctx, core.Job{Kind: core.JobReply, Workspace: t.workspace, Key: string(m.Conversation)})
	})
}

// temporary turns a Problem of a store that is not there into an error of ours, upon which the sender tries again.
func temporary(err error) error {
	var p *core.Problem
	if errors.As(err, &p) && p.Code == core.CodeUnavailable {
		return fmt.Errorf("mail not taken: %w", errors.Join(p.Err, core.ErrUnavailable))
	}
	return err
}

// addressee resolves the recipient, or, where that names no conversation, what the mail answers.
func (f *Forwarder) addressee(ctx context.Context, env Envelope, raw []byte) (target, error) {
	if !f.isBare(env.To) {
		return f.resolve(ctx, env.To)
	}
	in, err := f.Parser(raw)
	if err != nil {
		return target{}, err
	}
	for _, address := range slices.Concat(in.Recipients, f.answered(in)) {
		if c, ok := f.claimsOf(address); ok && c.purpose == toReply {
			return f.resolve(ctx, address)
		}
	}
	return target{}, core.Problemf(core.CodeNotFound, "This mail answers none of ours.").Remedied("Answer the mail you got with your mail program's reply button.")
}

// answered returns the reply addresses that stand in the ids of our mails that this one answers, the nearest first.
func (f *Forwarder) answered(in Incoming) []string {
	refs := slices.Clone(in.References)
	slices.Reverse(refs)
	var all []string
	for _, id := range slices.Concat(in.InReplyTo, refs) {
		if _, rest, ok := strings.Cut(id, "."); ok {
			token, domain, _ := strings.Cut(rest, "@")
			all = append(all, string(toReply)+"+"+token+"@"+domain)
		}
	}
	return all
}

// fingerprint is the key of a mail: the same for the same mail to the same recipient, whichever way it took. Servers under way add lines of
// their own at the top of the header, so those do not count.
func fingerprint(to string, raw []byte) string {
	sum := sha256.New()
	sum.Write([]byte(strings.ToLower(to) + "\n"))
	head, body := apart(raw)
	skip := false
	for line := range bytes.SplitAfterSeq(head, []byte("\n")) {
		if len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			name, _, _ := bytes.Cut(line, []byte(":"))
			skip = traced(string(name))
		}
		if !skip {
			sum.Write(bytes.TrimRight(line, "\r\n"))
		}
	}
	sum.Write(body)
	return hex.EncodeToString(sum.Sum(nil))
}

// apart returns a mail's header and what follows it.
func apart(raw []byte) (head, body []byte) {
	head, body, found := bytes.Cut(raw, []byte("\r\n\r\n"))
	if !found {
		head, body, _ = bytes.Cut(raw, []byte("\n\n"))
	}
	return head, body
}

func traced(name string) bool {
	switch strings.ToLower(strings.TrimSpace(name)) {
	case "received", "return-path", "delivered-to", "x-original-to", "envelope-to", "authentication-results", "received-spf":
		return true
	}
	return false
}
