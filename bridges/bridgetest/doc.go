// Package bridgetest is what every bridge must pass: a suite driven by one declared Case, and a double of the gateway for it and for tests of
// a bridge's own.
//
// The suite plays the provider with a server on this machine and never leaves it. What it cannot know it is told by the Case: how the provider
// signs, what its webhooks look like, what it answers. A duty that does not apply is left out by leaving its field empty, and then the suite
// checks that the link does not claim it.
//
// A link that sends over the connection of its session (core.BoundLink) brings a provider of its own: its Case has a Bound, which makes a Stage for each
// part of the suite.
//
// Beside the suite stand the cases of peer projects. LoadPeers reads a bridge's file about them (testdata/peers/peers.json), which names the sets
// of cases, the settings each is run with, and the reason of every difference. A bridge's own tests run them through a link:
//
//	for _, c := range bridgetest.LoadPeers(t, fixtures, "testdata/peers/peers.json").Cases(t) {
//		_, events, err := open(c.With(good)).Receive(ctx, c.Request)
//		c.Judge(t, bridgetest.OutcomeOf(events, err))
//	}
//
// A test of the whole gateway posts c.Request's headers and body at the channel's address, and judges a PeerOutcome made from what the store then
// holds: the same table serves both. docs/differences.md is made of these files.
package bridgetest
