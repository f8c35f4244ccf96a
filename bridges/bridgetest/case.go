package bridgetest

import (
	"encoding/json"
	"net/http"
	"testing"

	"causeway/core"
)

// Case declares a bridge to the suite. Fields without "may be empty" are required.
type Case struct {
	Bridge   core.Bridge
	Channel  core.Channel
	Settings core.Settings // good ones, their secrets planted: long, and found nowhere else
	// BaseSetting is the key of the setting that holds the provider's address; the suite points it at its own server. Empty: the link calls nobody.
	BaseSetting string

	Hook    *Hook    // nil: the link must not be a core.WebhookLink
	Session *Session // nil, and Bound too: the link must not be a core.SessionLink
	Bound   *Bound   // nil: the link must not be a core.BoundLink. With it Session, BaseSetting's server and Answer are not used
	Send    *Send    // nil: the suite does not try sending
	// Media is a reference that Answer serves, nil: the link must not be a core.MediaLink. With Bound this and Act only say so: each stage has its own.
	Media *core.Media
	// Act is an action that Answer accepts, nil: the link must not be a core.ActionLink.
	Act *core.Act
	// Templates says whether the link is a core.TemplateLink, Setup whether it is a core.SetupLink.
	Templates, Setup bool
	// Answer plays the provider, when all is well. It is called from many goroutines.
	Answer func(w http.ResponseWriter, r *http.Request)
}

// Hook tells how the provider calls.
type Hook struct {
	// Sign makes the call for a body as the provider would, whatever the body is.
	Sign func(body []byte) core.WebhookRequest
	// Forge are calls that must be refused; the suite adds the unsigned one and one whose body was changed after signing.
	Forge map[string]core.WebhookRequest
	// Token says that the provider proves itself by a token and does not sign the body: a changed body cannot be seen.
	Token bool
	// Message is a body with one message, as little as possible.
	Message []byte
	// Two is a body with pieces for two accounts, which Accounts names; empty where a call is always for one.
	Two      []byte
	Accounts []string
	// Unknown is a body of a kind that no version of the provider knows.
	Unknown []byte
	// Samples are bodies to spoil, one member after the other; Form is how they are written. Pieces are the members that are things of their own, as
	// patterns of path.Match ("entry/*/messaging/*"): what is wrong with one costs none of the others. Vital are the members without which nobody can tell
	// who wrote what: whatever else is strange, what was written stays a message.
	// Blank says that a message may be empty, as a text message may.
	Samples       [][]byte
	Form          Form
	Blank         bool
	Pieces, Vital []string
	// Malformed is a body that cannot be read at all; empty where there is no such body.
	Malformed []byte
}

// Send tells how to send.
type Send struct {
	To []core.IdentityKey
	// Files are media to send, one for each kind; the suite serves their bytes from the host.
	Files map[core.ContentKind]core.Media
	// Contents are what else to send, one for each of Capabilities.Kinds. Template is the definition of the one among them.
	Contents []core.Content
	Template *core.Template
	// Refusals is what the provider answers when something is wrong, and what that must become. The suite adds what no provider can word: a
	// refused connection, a timeout before and after the request, an unreadable answer.
	Refusals []Refusal
}

// Refusal is an answer of the provider and what it must become.
type Refusal struct {
	Name    string
	Status  int
	Header  http.Header
	Body    string
	Outcome core.Outcome
	Effect  core.Effect
	Code    string
	AtLeast int // seconds to wait
}

// Run runs the suite.
func Run(t *testing.T, c Case) {
	t.Helper()
	t.Run("info", c.info)
	t.Run("open", c.open)
	t.Run("names", c.names)
	t.Run("claims", c.claims)
	t.Run("receive", c.receive)
	t.Run("mutations", c.mutations)
	t.Run("session", c.session)
	t.Run("send", c.send)
	t.Run("works", c.works)
	t.Run("faults", c.faults)
	t.Run("secrets", c.secrets)
	t.Run("cancel", c.cancel)
	t.Run("leaks", c.leaks)
	t.Run("close", c.closing)
}

// link opens the channel against an address.
func (c Case) link(t *testing.T, h *Host, base string) core.Link {
	t.Helper()
	l, err := c.Bridge.Open(c.Channel, c.at(base), h)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// at returns the settings with the provider's address changed.
func (c Case) at(base string) core.Settings {
	if c.BaseSetting == "" {
		return c.Settings
	}
	return With(c.Settings, c.BaseSetting, base)
}

func jsonOf(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
