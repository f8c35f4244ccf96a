package telegram

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"causeway/core"
)

// keyOwners is where the host keeps what is known of business connections.
const keyOwners = "business"

// owner is the account behind a business connection, and what the bot may do in it.
type owner struct {
	User    int64     `json:"user"`
	Name    string    `json:"name"`
	Enabled bool      `json:"enabled"`
	Reply   bool      `json:"reply"`
	Read    bool      `json:"read"`
	Since   time.Time `json:"since"`
}

// known reads what is known, by connection.
func (l *link) known(ctx context.Context) (map[string]owner, error) {
	raw, err := l.host.Load(ctx, keyOwners)
	if err != nil {
		return nil, fmt.Errorf("read business connections: %w", err)
	}
	all := map[string]owner{}
	if len(raw) > 0 && json.Unmarshal(raw, &all) != nil {
		all = map[string]owner{} // learned anew from the next news
	}
	return all, nil
}

// remember keeps the news of a business connection; other updates are none. It may be called twice for the same.
func (l *link) remember(ctx context.Context, u update) error {
	c, news := u.connection()
	if !news {
		return nil
	}
	l.owners.Lock()
	defer l.owners.Unlock()
	all, err := l.known(ctx)
	if err != nil {
		return err
	}
	all[string(c.ID)] = owner{User: int64(c.User.ID), Name: c.User.name(), Enabled: bool(c.Enabled), Reply: c.mayReply(), Read: bool(c.Rights.Read), Since: l.host.Now()}
	raw, err := json.Marshal(all)
	if err != nil {
		return fmt.Errorf("encode business connections: %w", err)
	}
	if err := l.host.Save(ctx, keyOwners, raw); err != nil {
		return fmt.Errorf("keep business connections: %w", err)
	}
	return nil
}

// route finds the connection by which an address is reached now: the owner may have connected the bot anew since the customer wrote. A
// connection that nothing is known of is tried as it is.
func (l *link) route(ctx context.Context, a address) (address, error) {
	if a.connection == "" {
		return a, nil
	}
	all, err := l.known(ctx)
	if err != nil {
		return a, &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "The business connection cannot be looked up.", Detail: err.Error()}
	}
	now, there := all[a.connection]
	if there && !now.Enabled {
		a.connection, now = current(all, a.connection, now)
	}
	switch {
	case there && !now.Enabled:
		return a, core.Unsendable("The bot is no longer connected to the owner's account.", reconnect)
	case there && !now.Reply:
		return a, core.Unsendable("The owner's account does not let the bot reply.", allowChat)
	}
	return a, nil
}

// current returns the newest enabled connection of the same owner, or the given one.
func current(all map[string]owner, id string, was owner) (string, owner) {
	for other, o := range all {
		if o.Enabled && o.User == was.User && (!was.Enabled || o.Since.After(was.Since) || o.Since.Equal(was.Since) && other > id) {
			id, was = other, o
		}
	}
	return id, was
}

// connected turns the news of a business connection into an event for the channel's health.
func (u update) connected(raw json.RawMessage) core.Event {
	var c connection
	_ = json.Unmarshal(raw, &c)
	e := u.event(core.EventAccount, "business_connection")
	name := c.User.name()
	h := core.Health{Level: core.HealthGood, Code: "business-connection", Reason: "The bot answers for the account of " + name + "."}
	switch {
	case !aConnection.MatchString(string(c.ID)):
		e.Fault = "The business connection has no id."
	case !bool(c.Enabled):
		h.Level, h.Reason, h.Remedy = core.HealthWarning, "The bot is no longer connected to the account of "+name+".", reconnect
	case !c.mayReply():
		h.Level, h.Reason, h.Remedy = core.HealthWarning, "The account of "+name+" does not let the bot reply.", allowChat
	}
	e.Change = &core.AccountBody{Name: "business connection", Detail: h.Reason, Health: &h}
	return e
}
