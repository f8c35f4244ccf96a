package core

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Reconciliation is what the two sides of a number have seen of one day.
type Reconciliation struct {
	Number string      `json:"number"`
	API    string      `json:"api_channel"`   // names of the channels
	Phone  string      `json:"phone_channel"` //
	Day    string      `json:"day"`           // YYYY-MM-DD
	Count  LedgerCount `json:"count"`
	Gaps   []Gap       `json:"gaps,omitempty"` // at most as many as were asked for
}

// Gap is a message that one side alone has seen.
type Gap struct {
	At           time.Time      `json:"at"`
	Direction    Direction      `json:"direction"`
	SeenBy       string         `json:"seen_by"` // "api" or "phone"
	Stanza       string         `json:"stanza"`
	Message      MessageID      `json:"message"`
	Conversation ConversationID `json:"conversation"`
	Expected     bool           `json:"expected"` // the other side never sees such messages
	Why          string         `json:"why"`      // what it may be
}

// Missed is how many gaps should not be.
func (r Reconciliation) Missed() int {
	return len(slices.DeleteFunc(slices.Clone(r.Gaps), func(g Gap) bool { return g.Expected }))
}

// Reconcile compares what the sides of each shared number of a workspace have seen between two times, a day of that name.
func Reconcile(ctx context.Context, repo Repo, day string, from, to time.Time, most int) ([]Reconciliation, error) {
	channels, err := repo.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	var all []Reconciliation
	for _, api := range channels {
		at := slices.IndexFunc(channels, func(c Channel) bool { return c.ID == api.Twin })
		if api.Phone || at < 0 {
			continue
		}
		r := Reconciliation{Number: api.Number, API: api.Name, Phone: channels[at].Name, Day: day}
		if r.Count, err = repo.CountLedger(ctx, api.Number, from, to); err != nil {
			return nil, fmt.Errorf("count ledger of %s: %w", api.Number, err)
		}
		gaps, err := repo.LedgerGaps(ctx, api.Number, from, to, most)
		if err != nil {
			return nil, fmt.Errorf("gaps in ledger of %s: %w", api.Number, err)
		}
		for _, e := range gaps {
			g, err := gapOf(ctx, repo, e)
			if err != nil {
				return nil, err
			}
			r.Gaps = append(r.Gaps, g)
		}
		slices.SortStableFunc(r.Gaps, func(a, b Gap) int { return a.At.Compare(b.At) })
		all = append(all, r)
	}
	return all, nil
}

func gapOf(ctx context.Context, repo Repo, e LedgerEntry) (Gap, error) {
	g := Gap{At: e.At, Direction: e.Direction, SeenBy: "phone", Stanza: e.Stanza, Message: e.Message, Conversation: e.Conversation,
		Why: "The API did not bring it: its webhook did not come, or only the phone can read such a message."}
	if e.Phone.Seen.IsZero() {
		g.SeenBy, g.Why = "api", "The linked device did not bring it: it was not connected, or could not decrypt the message."
		return g, nil
	}
	conv, err := repo.Conversation(ctx, e.Conversation)
	if err != nil {
		return g, fmt.Errorf("conversation of gap: %w", err)
	}
	known, err := repo.IdentitiesOf(ctx, conv.Contact)
	if err != nil {
		return g, fmt.Errorf("contact of gap: %w", err)
	}
	if slices.ContainsFunc(known, func(i Identity) bool { return i.Key.Scheme == SchemeGroup }) {
		g.Expected, g.Why = true, "The API sees no groups."
	}
	return g, nil
}
