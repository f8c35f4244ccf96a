// Package business reads the file for causeway apply: a business's channels, agents, teams and forwards, and makes the store what it says.
//
// The file is the truth for what it names: things are found again by their name (a channel also by its account, an agent by an address, so that
// renaming is no loss), and applying twice changes nothing. What the file does not name stays, except forwards: where it has forwards, they are
// all there are, for a forgotten one would go on mailing customers' words to somebody. Secrets are named, never written: {env: NAME} or
// {file: PATH}. Every mistake is said with its line, all of them at once.
package business

import (
	"time"

	"causeway/core"
)

// File is a business as the file describes it, checked.
type File struct {
	Name      string // of the file
	Workspace string // empty: "main", unless the caller puts the configured one
	Channels  []Channel
	Agents    []Agent
	Teams     []Team
	Forwards  []Forward
	Workflows []Workflow
	Reception core.Reception
	Desk      Desk
	Webhooks  []Webhook
	Care      core.Care // but for its rules, whose channels are names

	forwards bool // the file has them, if only an empty list
	receives bool // the file has hours or messages
	assigns  bool // there is an assignment
	cares    bool // the file says what becomes of conversations
	rules    []rule
}

// Channel is an account at a provider. Account is the value of the setting that its bridge names for it.
type Channel struct {
	Name    string
	Kind    string
	Window  time.Duration // zero: the platform's
	Values  map[string]string
	Secrets map[string]core.Secret
	Account string
	// Kept says that the file gives none of its bridge's settings, though there must be some: it has them already, as one that was connected on a page.
	Kept bool

	info  core.Info
	place string
}

// Where is the place of the file at which a channel stands.
func (c Channel) Where() string { return c.place }

// Agent is a person, known by the first of their addresses.
type Agent struct {
	Name      string
	Addresses []string // lower case
	Language  string
	Disabled  bool
	Languages []string // spoken with contacts
	Skills    []string
	Most      int
	Hours     core.Hours

	place string
}

// Team is a group of agents, by name.
type Team struct {
	Name     string
	Members  []string
	Strategy core.Strategy
	Hours    core.Hours
}

// Forward is a rule of who gets which mail. Empty Channel and Team mean all.
type Forward struct {
	Name     string
	Channel  string
	Team     string
	To       []string // agents
	Assigned bool     // also the assigned agent
}

// verifyToken is the setting that we make up where the file does not give it: the provider only has to hear the same from us as from its admin.
const verifyToken = "verify_token"
