package session

import (
	"context"
	"fmt"
	"time"

	"causeway/core"
)

const (
	leaveFor  = 30 * time.Second
	leaveLook = 200 * time.Millisecond // for the end of the session on another node
)

// Owners are the owners of what is kept of a channel for its link and its sessions, secrets and small values.
func Owners(id core.ChannelID) []string {
	return []string{Owner(id), templatesOwner(id), sessionOwner(id), pairingOwner(core.Channel{ID: id}), safeOwner(id), core.NewsOwner(id), core.ImportOwner(id)}
}

// Leave takes leave of the provider of a channel that was removed, which still has its secrets. Callback is the address of its webhook. A *Problem says
// what is left to be done by a person; one who comes to the address meanwhile is told that there is no such channel.
func (m *Manager) Leave(ctx context.Context, ch core.Channel, callback string) error {
	ctx, cancel := context.WithTimeout(ctx, leaveFor)
	defer cancel()
	m.closeLink(ch.ID)
	sealed, err := m.Store.In(ch.Workspace).Secrets(ctx, Owner(ch.ID))
	if err != nil {
		return fmt.Errorf("read secrets: %w", err)
	}
	o := &opened{channel: ch}
	if o.link, o.host, err = m.openLink(ch, sealed); err != nil {
		return err
	}
	defer func() { m.shut(o) }()
	l, ok := o.link.(core.LeaveLink)
	if !ok {
		return byHand(o.link, callback)
	}
	staying, err := m.Store.AllChannels(ctx)
	if err != nil {
		return fmt.Errorf("channels that stay: %w", err)
	}
	leave := func(ctx context.Context) error { return l.Leave(ctx, callback, staying) }
	if _, held := o.link.(core.SessionLink); held {
		return m.asSession(ctx, o, leave)
	}
	return leave(ctx)
}

// closeLink closes the link of a channel that is open here.
func (m *Manager) closeLink(id core.ChannelID) {
	m.mu.Lock()
	o := m.open[id]
	m.mu.Unlock()
	if o != nil {
		m.discard(o)
	}
}

// byHand is what is left to be done where a link cannot take leave.
func byHand(link core.Link, callback string) error {
	if _, served := link.(core.ServeLink); served {
		return core.Problemf(core.CodeUnsupported, "The chat is still in your pages, and answers nobody.").Remedied("Take its script out of them.")
	}
	if _, called := link.(core.WebhookLink); called {
		return core.Problemf(core.CodeUnsupported, "The provider may still call %s, which answers no more.", callback).Remedied("Take that address out at the provider.")
	}
	return nil
}

// asSession runs f under the lease of a channel's session, once that is over wherever it ran.
func (m *Manager) asSession(ctx context.Context, o *opened, f func(ctx context.Context) error) error {
	t := &tenure{opened: o}
	t.ctx, t.end = context.WithCancelCause(ctx)
	defer t.end(errStopped)
	for holder := core.NewID[string](); t.lease == (core.Lease{}); {
		got, err := m.Store.TakeLeases(ctx, holder, []string{leaseOf + string(o.channel.ID)}, leaveFor)
		if err != nil {
			return fmt.Errorf("lease of session: %w", err)
		}
		if len(got) > 0 {
			t.lease = got[0]
		} else if err := core.Wait(ctx, leaveLook); err != nil {
			return core.Problemf(core.CodeUnavailable, "The channel's session has not ended on the node that runs it.").Remedied("Restart the gateway.").Because(err)
		}
	}
	defer func() { _ = m.Store.DropLease(context.WithoutCancel(ctx), t.lease) }() // else it is over by itself soon
	o.host.session.Store(t)
	return f(ctx)
}
