package core

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// unreachedFor is how long it counts that a mail to an agent came back. Who cannot be reached for longer is told of anew.
const unreachedFor = 24 * time.Hour

// Unreached is a mail to an agent that was refused, or came back.
type Unreached struct {
	At      time.Time `json:"at"`
	Address string    `json:"address"`
	Why     string    `json:"why"`
}

func unreachedOwner(id AgentID) string { return "agent/" + string(id) }

// NoteUnreached notes that a mail to an agent was refused, or came back. It is news where nothing of the kind is known of the last day; of several nodes
// one has the news.
func NoteUnreached(ctx context.Context, repo Repo, a Agent, why string, now time.Time) (news bool, err error) {
	old, last, err := readUnreached(ctx, repo, a.ID)
	if err != nil || last.counts(a, now) {
		return false, err
	}
	raw, err := json.Marshal(Unreached{At: now, Address: a.Address(), Why: why})
	if err != nil {
		return false, err
	}
	if news, err = repo.SwapValue(ctx, unreachedOwner(a.ID), "unreached", old, raw); err != nil {
		return false, fmt.Errorf("note that an agent is not reached: %w", err)
	}
	return news, nil
}

// UnreachedLately returns the mail to an agent that was refused, or came back, in the last day.
func UnreachedLately(ctx context.Context, repo Repo, a Agent, now time.Time) (Unreached, bool, error) {
	_, last, err := readUnreached(ctx, repo, a.ID)
	return last, err == nil && last.counts(a, now), err
}

// counts reports whether it is of the last day, and of the address that the agent has.
func (u Unreached) counts(a Agent, now time.Time) bool {
	return u.Address == a.Address() && now.Sub(u.At) < unreachedFor
}

func readUnreached(ctx context.Context, repo Repo, id AgentID) (raw []byte, u Unreached, err error) {
	if raw, err = repo.Value(ctx, unreachedOwner(id), "unreached"); err != nil {
		return nil, u, fmt.Errorf("whether an agent is reached: %w", err)
	}
	if len(raw) > 0 {
		err = json.Unmarshal(raw, &u)
	}
	return raw, u, err
}
