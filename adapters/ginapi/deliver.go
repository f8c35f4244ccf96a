package ginapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"causeway/core"
)

// deliver stores events with the channels they are for. One webhook may serve several accounts; whoever knows the secret of one channel must
// not be able to write into another, so events for another channel count only if that channel's own link authenticates the call too. What is
// refused goes to the dead letters of the channel that was called, last: should something before it fail, the provider comes again, and
// events stored twice are one while dead letters would be two. The note is for the channel log.
func (s *Server) deliver(ctx context.Context, v *visit, events []core.Event) (string, error) {
	if own(v.channel, events) == len(events) {
		return v.trace(v.channel, events), s.Inbox.Accept(ctx, v.channel, events)
	}
	var refused []refusal
	note := ""
	for _, group := range byAccount(v.channel, events) {
		ch, why, err := s.addressee(ctx, v, group[0].Account)
		if err != nil {
			return "", err
		}
		if why != "" {
			refused = append(refused, refusal{group, why})
			continue
		}
		if err := s.Inbox.Accept(ctx, ch, group); err != nil {
			return "", err
		}
		note = v.trace(ch, group)
	}
	for _, r := range refused {
		if err := s.Inbox.Refuse(ctx, v.channel, r.events, r.why); err != nil {
			return "", fmt.Errorf("keep refused events: %w", err)
		}
		note = "some events kept as dead letters: " + r.why
	}
	return note, nil
}

// mostTraces is how many are told; one webhook may bring a thousand events.
const mostTraces = 8

// trace notes the traces of events, and returns a note of them for the channel log.
func (v *visit) trace(ch core.Channel, events []core.Event) string {
	for i := range events[:min(len(events), mostTraces-len(v.traces))] {
		v.traces = append(v.traces, events[i].Trace(ch.ID))
	}
	return "trace " + strings.Join(v.traces, ", ")
}

// store stores events with all whom they are for, and returns the note for the channel log.
func (s *Server) store(ctx context.Context, v *visit, events []core.Event) (string, error) {
	others, err := s.concerned(ctx, v, events)
	if err != nil {
		return "", err
	}
	doubt(events, others)
	note, err := s.deliver(ctx, v, events)
	if err != nil {
		return "", err
	}
	return note, s.spread(ctx, others)
}

// refusal is events that no channel may take, with the reason.
type refusal struct {
	events []core.Event
	why    string
}

// own counts the events that are for the channel itself.
func own(ch core.Channel, events []core.Event) int {
	n := 0
	for i := range events {
		if events[i].Account == "" || events[i].Account == ch.Account {
			n++
		}
	}
	return n
}

// byAccount groups events by their account, each group in its order, groups in order of their first event. Events without an account are the
// channel's own.
func byAccount(ch core.Channel, events []core.Event) [][]core.Event {
	var groups [][]core.Event
	at := map[string]int{}
	for _, e := range events {
		account := cmp.Or(e.Account, ch.Account)
		i, there := at[account]
		if !there {
			i = len(groups)
			at[account] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], e)
	}
	return groups
}

// addressee finds the channel that stands for an account. Why says that it may not be served by this call.
func (s *Server) addressee(ctx context.Context, v *visit, account string) (ch core.Channel, why string, err error) {
	if account == "" || account == v.channel.Account {
		return v.channel, "", nil
	}
	found, err := s.Store.ChannelByAccount(ctx, v.channel.Kind, account)
	if errors.Is(err, core.ErrNotFound) {
		return ch, fmt.Sprintf("they are for the account %s, and no channel here stands for it", account), nil
	}
	if err != nil {
		return ch, "", fmt.Errorf("find channel of account: %w", err)
	}
	ch, link, err := s.Links.Webhook(ctx, found.ID)
	if err != nil {
		return ch, "", fmt.Errorf("open channel of account: %w", err)
	}
	_, _, err = link.Receive(ctx, v.request)
	var unread *core.Problem
	switch {
	case errors.Is(err, core.ErrUnauthenticated):
		return ch, fmt.Sprintf("they are for the account %s, whose channel does not accept this signature", account), nil
	case again(err):
		return ch, "", err
	case errors.As(err, &unread):
		return ch, fmt.Sprintf("they are for the account %s, whose channel cannot read this call: %s", account, unread.Detail), nil
	case err != nil:
		return ch, "", fmt.Errorf("have channel of account look at the call: %w", err)
	}
	return ch, "", nil // it is authentic; what the body says was read by the channel that was called
}

// concern is what a call says to a channel that was not called.
type concern struct {
	channel core.Channel
	events  []core.Event
}

// concerned returns the other channels that news of an account is for: it comes to one of their addresses only. Each of them reads the call itself, so
// that none gets what its own secret does not prove, or what is not surely about it.
func (s *Server) concerned(ctx context.Context, v *visit, events []core.Event) ([]concern, error) {
	if !slices.ContainsFunc(events, func(e core.Event) bool { return e.Shared }) {
		return nil, nil
	}
	all, err := s.Store.AllChannels(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels of the account: %w", err)
	}
	var others []concern
	for _, ch := range all {
		if ch.Kind != v.channel.Kind || ch.ID == v.channel.ID {
			continue
		}
		if opened, theirs := s.shared(ctx, v, ch.ID); len(theirs) > 0 {
			others = append(others, concern{opened, theirs})
		}
	}
	return others, nil
}

// doubt marks the news of which it is not said whose it is as news to ask about, where several channels take it for theirs.
func doubt(events []core.Event, others []concern) {
	takers := map[string][]*core.AccountBody{}
	for _, list := range append([]concern{{events: events}}, others...) {
		for i := range list.events {
			if e := &list.events[i]; e.Change != nil && e.Change.Unnamed {
				takers[e.ID] = append(takers[e.ID], e.Change)
			}
		}
	}
	for _, all := range takers {
		for _, c := range all {
			c.Ask = len(all) > 1
		}
	}
}

// spread tells the others.
func (s *Server) spread(ctx context.Context, others []concern) error {
	for _, o := range others {
		if err := s.Inbox.Accept(ctx, o.channel, o.events); err != nil {
			return err
		}
	}
	return nil
}

// shared is the news of a call that surely concerns another channel. A channel that cannot be opened, or does not take the call, has none.
func (s *Server) shared(ctx context.Context, v *visit, id core.ChannelID) (core.Channel, []core.Event) {
	ch, link, err := s.Links.Webhook(ctx, id)
	if err != nil {
		return ch, nil
	}
	_, events, err := link.Receive(ctx, v.request)
	if err != nil {
		return ch, nil
	}
	return ch, slices.DeleteFunc(events, func(e core.Event) bool { return !e.Shared || e.Doubtful })
}
