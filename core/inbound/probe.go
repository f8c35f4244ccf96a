package inbound

import (
	"slices"

	"causeway/core"
)

// probed marks what the channel's own test contact does, so that it is kept and nothing more.
func probed(ch core.Channel, events []core.Event) []core.Event {
	probe, wanted := ch.Probe()
	if !wanted {
		return events
	}
	marked := false
	for i := range events {
		if events[i].Kind == core.EventReceipt || events[i].Origin != core.OriginCustomer || !probe.Is(events[i].Peer) {
			continue
		}
		if !marked {
			events, marked = slices.Clone(events), true
		}
		events[i].Historic, events[i].Test = true, true
	}
	return events
}
