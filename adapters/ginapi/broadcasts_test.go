package ginapi

import (
	"context"
	"slices"
	"strings"
	"testing"

	"causeway/core"
	"causeway/core/broadcast"
)

const castJSON = `{"name":"Sale","channels":["wa"],"opt_in":"offers","texts":{"en":"Hello {name}"},"to":{"tags":["customer"]},"at":"2030-01-01T09:00:00Z"}`

// toyCaster keeps broadcasts in the memory, and sends nothing.
type toyCaster struct{ *memory }

func (c toyCaster) DryRun(context.Context, core.WorkspaceID, core.Broadcast) (broadcast.Plan, error) {
	return broadcast.Plan{Contacts: 3, Send: 2, Channels: map[core.ChannelID]int{"wa": 2}, LeftOut: map[string]int{"opted out": 1}, Minutes: 1}, nil
}

func (c toyCaster) Start(_ context.Context, ws core.WorkspaceID, b core.Broadcast) (core.Broadcast, error) {
	r := c.room(ws)
	if _, err := r.Broadcast(context.Background(), b.ID); err == nil {
		return b, core.ErrDuplicate
	}
	b.State, b.Created = core.BroadcastGoing, noon
	r.broadcasts = append(r.broadcasts, b)
	return b, nil
}

func (c toyCaster) turn(ws core.WorkspaceID, id string, to core.BroadcastState) error {
	r := c.room(ws)
	i := slices.IndexFunc(r.broadcasts, func(b core.Broadcast) bool { return b.ID == id })
	if i < 0 {
		return core.NotFound("broadcast")
	}
	r.broadcasts[i].State = to
	return nil
}

func (c toyCaster) Pause(_ context.Context, ws core.WorkspaceID, id string) error {
	return c.turn(ws, id, core.BroadcastPaused)
}

func (c toyCaster) Resume(_ context.Context, ws core.WorkspaceID, id string) error {
	return c.turn(ws, id, core.BroadcastGoing)
}

func (c toyCaster) Cancel(_ context.Context, ws core.WorkspaceID, id string) error {
	return c.turn(ws, id, core.BroadcastCancelled)
}

func (r *room) Broadcast(_ context.Context, id string) (core.Broadcast, error) {
	return first(r.broadcasts, func(b core.Broadcast) bool { return b.ID == id })
}

func (r *room) Broadcasts(context.Context, core.Page) ([]core.Broadcast, error) {
	return r.broadcasts, nil
}

func (r *room) Recipients(_ context.Context, _ string, s core.RecipientState, _ core.ContactID, _ int) ([]core.Recipient, error) {
	return only(r.recipients, func(x core.Recipient) bool { return s == "" || s == x.State }), nil
}

func (r *room) CountRecipients(context.Context, string) (map[core.RecipientState]int, map[string]int, error) {
	return map[core.RecipientState]int{core.RecipientSent: 1, core.RecipientLeftOut: 1}, map[string]int{"opted out": 1}, nil
}

func (r *room) LockDesk(context.Context) ([]byte, error) { return nil, r.m.fail }

func TestBroadcasts(t *testing.T) {
	o := openOffice(t)
	var plan castPlanView
	if o.want(200, "POST", "/broadcasts/dry-run", castJSON, &plan); plan.Send != 2 || plan.LeftOut["opted out"] != 1 {
		t.Errorf("the plan is %+v", plan)
	}
	var one, two, other BroadcastView
	o.want(201, "POST", "/broadcasts", castJSON, &one, "Idempotency-Key", "sale 1")
	o.want(201, "POST", "/broadcasts", castJSON, &two, "Idempotency-Key", "sale 1")
	o.want(201, "POST", "/broadcasts", castJSON, &other, "Idempotency-Key", "sale 2")
	if one.ID != two.ID || one.ID == other.ID || one.Language != "en" || one.By.Kind != core.AuthorAPI || one.At.IsZero() {
		t.Errorf("made %+v, %+v and %+v", one, two, other)
	}
	o.want(409, "POST", "/broadcasts", strings.Replace(castJSON, "Hello", "Goodbye", 1), nil, "Idempotency-Key", "sale 1")
	var shown BroadcastView
	o.want(200, "GET", "/broadcasts/b1", "", &shown)
	if shown.Counts == nil || shown.Counts.Sent != 1 || shown.Counts.Why["opted out"] != 1 {
		t.Errorf("shown %+v", shown.Counts)
	}
	var list pageView[recipientView]
	o.want(200, "GET", "/broadcasts/b1/recipients", "", &list)
	if len(list.Items) != 2 || list.Items[0].Status != core.StatusFailed || list.Items[1].Code != core.CodeOptedOut {
		t.Errorf("recipients %+v", list.Items)
	}
	for action, want := range map[string]core.BroadcastState{"pause": core.BroadcastPaused, "resume": core.BroadcastGoing, "cancel": core.BroadcastCancelled} {
		if o.want(200, "POST", "/broadcasts/b1/"+action, "", &shown); shown.State != want {
			t.Errorf("after %s it is %s", action, shown.State)
		}
	}
	for body, status := range map[string]int{`{"name":"x","channels":["none"],"opt_in":"*","texts":{"en":"x"}}`: 404, `{"name":"x","channels":[],"texts":{}}`: 422, `{"channels":["wa"]}`: 422} {
		o.want(status, "POST", "/broadcasts", body, nil)
	}
	o.want(404, "GET", "/broadcasts/none", "", nil)
	o.want(404, "GET", "/broadcasts/none/recipients", "", nil)
	o.want(404, "POST", "/broadcasts/none/pause", "", nil)
}
