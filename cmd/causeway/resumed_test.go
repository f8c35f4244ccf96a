package main

import (
	"testing"

	"causeway/core"
)

// TestLinkedDeviceResumed: a linked device that stopped connects anew when an admin has its channel send again. Where that does not help, the channel says
// so again; and one that was only paused stays as it is.
func TestLinkedDeviceResumed(t *testing.T) {
	l := newLinkedRig(t)
	resume := func() { l.Helper(); must(t, l.outbox.Resume(t.Context(), l.channel.Workspace, l.channel.ID)) }
	must(t, l.outbox.Pause(t.Context(), l.channel.Workspace, l.channel.ID))
	resume()
	if l.health() != "connected" {
		t.Errorf("after a pause the channel says %q", l.health())
	}
	l.phone.Rejects(405, nil)
	l.until("it stops", func() bool { return l.health() == "405" })
	resume()
	l.until("it says again why", func() bool { return l.health() == "405" })
	l.phone.Admits()
	resume()
	l.until("it is connected", func() bool { return l.health() == "connected" })
	if ch, err := l.repo().Channel(t.Context(), l.channel.ID); err != nil || ch.State != core.ChannelActive {
		t.Errorf("the channel is %s, %v", ch.State, err)
	}
	l.ana.Text("back again")
	l.mail("back again")
}
