// Package bridges holds one folder for each provider's protocol. This page says how to write one; the example below it is a whole bridge.
//
// A bridge turns a provider's calls into [core.Event] and our messages into calls of the provider. It keeps no state of its own, knows nothing of
// conversations, agents or databases, and imports core, the provider's SDK and, for Meta's platforms, bridges/meta; never another bridge.
//
// # In the order of writing
//
// Describe it. [core.Bridge].Info names the kind (lower case, for ever), the settings with what an admin must know to fill them, and the
// capabilities as data: text limit and its unit, media with types and sizes, the reply window. Core splits, checks and refuses by them, and the
// forms, the command line and docs/channels.md are made from them. What is not declared is never asked for.
//
// Open it. Check every setting without a call, and refuse what is missing, empty or copied from the instructions with a [core.Problem] that names
// the setting in Field and says where to find the value: [core.Settings.Lacking] finds it. One setting is the provider's address (api_base), so that
// a stand-in can take its place. Keep secrets as [core.Secret] and Reveal them only where they are used; no error, log line or finding may hold one,
// nor the address that does.
//
// Receive. Authenticate the raw body before anything is parsed, comparing in constant time; anything else is [core.ErrUnauthenticated]. A body
// that is authentic but unreadable is a Problem: it becomes a dead letter. Otherwise return at least one event for each piece, whatever the piece
// is: one that cannot be applied has a Fault and its Raw text, one that is not for us or not known is [core.EventOther]. One bad piece must not
// cost its neighbours. Every event has an ID that is the same when the provider repeats itself (its own, else a hash), the provider's time, the
// account it is for (a call may be for several), and every identity of the person that the provider told, the one to answer to first. Say when a
// message was written on the business's own phone (OriginDevice). Be liberal: numbers come as strings, fields are missing, new kinds appear, and a
// strange field costs only itself. NUL, which databases refuse, is left out.
//
// Send. One call for one part, with Outgoing.Key given to the provider if it takes one. What the platform refused is Rejected, with the effect that
// follows from its code: the table of codes is data, and a test repeats it. What broke before the request left is Rejected and tried again; what
// broke afterwards ([core.Watched] tells) is Unknown, and is never sent again unless Capabilities.Idempotent. The reason is a sentence for the
// author; the remedy says what to do; the provider's own words go into Detail.
//
// Check. Ask the provider about all that an admin can get wrong (credential, permissions, webhook, the account's standing), change nothing, and
// give each finding that is not good its remedy.
//
// The rest is optional and found by type assertion: [core.SetupLink], [core.AlbumLink], [core.MediaLink], [core.ActionLink], [core.TemplateLink]. Pin what is there
// with var _ core.MediaLink = (*link)(nil). Calls go out over Host.HTTP only: it is bounded, guarded and logged. Goroutines a link starts end with
// Close.
//
// # What it must pass
//
// bridgetest.Run, fed with one declared Case, tries all of the above: forged, repeated, huge and strange webhooks, limits of text in their unit,
// cut connections, cancelled calls, planted secrets, leaks; and every member of the sample webhooks is left out or takes a value of each other type,
// one after the other. Cases and sample webhooks of peer projects run through bridgetest.LoadPeers; a file of the bridge's own
// (testdata/peers/peers.json) gives the reason of each difference, and docs/differences.md is made of these files. Besides, golden
// events for webhooks in testdata, and a fuzz test of the parser. Then the bridge goes into the one list, cmd/causeway/bridges.go.
package bridges
