package bridgetest

import (
	"net/http"
	"sync/atomic"
	"testing"

	"causeway/core"
)

// Bound tells how to play a provider to a core.BoundLink, which sends over the connection of its session, and so needs one that is up.
type Bound struct {
	// Begin opens the channel on the host and runs its session, against a provider of its own that is well. It returns once the session is up.
	Begin func(t *testing.T, h *Host) *Stage
	// Remains are goroutines that a library of the bridge's may leave behind, by their top function: each is a known defect of the library.
	Remains []string
}

// Stage is an open channel and its provider.
type Stage struct {
	Link core.Link
	To   []core.IdentityKey // whom to write to
	// Media and Act are as the fields of the Case, for what lies at this provider.
	Media *core.Media
	Act   *core.Act
	// Secrets are what the link keeps beside its settings and nobody may see, by what it is.
	Secrets map[string]core.Secret

	// Calls is how often the provider was asked for something that matters: how many messages it has taken, and how many files it has handed out.
	Calls func() int
	// Say has a message come in. Waiting is how much of what came in is not acknowledged.
	Say     func()
	Waiting func() int
	// Refuse has the provider refuse what is sent from now on, Mute has it take everything and answer nothing, Cut has it break the connection instead of
	// answering. Down breaks the connection and takes no other; it returns when the link has seen that.
	Refuse     func(Refusal)
	Mute, Down func()
	Cut        func()
	// End ends the session and waits for that; twice is harmless. Again is what a process does that starts after it: Link is another one then.
	End, Again func()
}

// stage opens the channel against a provider that is well, and returns it with the Case of what lies there.
func (c Case) stage(t *testing.T, h *Host) (Case, *Stage) {
	t.Helper()
	if c.Bound == nil {
		var calls atomic.Int32
		l := c.link(t, h, provider(t, func(w http.ResponseWriter, r *http.Request) { calls.Add(1); c.Answer(w, r) }))
		return c, &Stage{Link: l, Calls: func() int { return int(calls.Load()) }, End: func() { _ = l.Close() }}
	}
	s := c.Bound.Begin(t, h)
	t.Cleanup(s.End)
	if c.Media, c.Act = s.Media, s.Act; c.Send != nil {
		send := *c.Send
		send.To, c.Send = s.To, &send
	}
	return c, s
}
