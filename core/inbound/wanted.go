package inbound

import "causeway/core"

// wanted gathers what the events of requests are about. What more is needed is looked for when it is.
func wanted(all []*request, marks func(core.Channel, core.Event) []string) core.Wanted {
	var w core.Wanted
	for _, r := range all {
		for _, e := range r.events {
			if !r.applies(e) {
				continue
			}
			if !stays(e) {
				w.Claims = append(w.Claims, core.EventKey{Workspace: r.ch.Workspace, Channel: r.ch.ID, Kind: e.Kind, ID: e.ID})
			}
			want(&w, r.ch, e)
			for _, m := range marks(r.ch, e) {
				w.Erased = append(w.Erased, core.Owned[string]{Workspace: r.ch.Workspace, Value: m})
			}
		}
	}
	return w
}

// applies reports whether an event of the request is to be applied, rather than kept as a dead letter.
func (r *request) applies(e core.Event) bool { return !foreign(r.ch, e) && unfit(e) == "" }

// stays reports whether an event need not be claimed: a message that is here already is found by its provider's id, and learns nothing new from
// a repetition.
func stays(e core.Event) bool { return e.Kind == core.EventMessage && e.Message.Provider != "" }

// want adds what an event is about. Other kinds than messages and receipts are rare, and look for themselves.
func want(w *core.Wanted, ch core.Channel, e core.Event) {
	ws := ch.Workspace
	key := func(provider string) core.Owned[core.ProviderKey] {
		return core.Owned[core.ProviderKey]{Workspace: ws, Value: core.ProviderKey{Channel: ch.ID, Provider: provider}}
	}
	switch e.Kind {
	case core.EventMessage:
		w.Coming = append(w.Coming, key(e.Message.Provider))
		if q := e.Message.Content.Quote; q != nil && q.Provider != "" {
			w.Targets = append(w.Targets, key(q.Provider))
		}
		for _, k := range append(e.Peer.Identities, core.OtherWritings(e.Peer.Identities)...) {
			w.Identities = append(w.Identities, core.Owned[core.IdentityKey]{Workspace: ws, Value: k})
		}
	case core.EventReceipt:
		if e.Receipt.Provider != "" {
			w.Targets = append(w.Targets, key(e.Receipt.Provider))
		}
		for _, k := range e.Receipt.Learned {
			w.Identities = append(w.Identities, core.Owned[core.IdentityKey]{Workspace: ws, Value: k})
		}
	default:
		return
	}
	if e.Key != "" && !core.IsActKey(e.Key) {
		w.Parts = append(w.Parts, core.Owned[core.PartID]{Workspace: ws, Value: core.PartID(e.Key)})
	}
}

// presumeMissing notes of everything that was wanted for a request that it is not there, until it is found.
func (u *unit) presumeMissing(r *request) {
	for _, e := range r.events {
		if !r.applies(e) {
			continue
		}
		var w core.Wanted
		want(&w, r.ch, e)
		key := core.EventKey{Workspace: u.ws, Channel: r.ch.ID, Kind: e.Kind, ID: e.ID}
		if !u.fresh[key] {
			u.fresh[key] = stays(e) // others were asked for, and are known
		}
		for _, k := range append(w.Coming, w.Targets...) {
			u.providers[k.Value] = ""
		}
		for _, k := range w.Coming {
			u.parked[k.Value] = false
		}
		for _, k := range w.Identities {
			u.identities[k.Value] = nil
		}
	}
}
