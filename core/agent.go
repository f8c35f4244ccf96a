package core

import "time"

// Agent is a person who answers customers, known by their mailbox.
type Agent struct {
	ID        AgentID
	Workspace WorkspaceID
	Name      string
	Addresses []string // their mail addresses in lower case; the first gets mail, all may answer
	Language  string   // of notices to them, BCP 47; empty means English
	Epoch     int      // part of every reply token: raising it revokes all of them
	Disabled  bool
	Created   time.Time
	Skills    []string // that a conversation can ask for
	Languages []string // spoken with contacts, BCP 47; none: only Language
	Most      int      // conversations open before they get no more; zero: as their team says
	Hours     Hours    // their shifts; never closing: those of their team
}

// Address is where the agent gets mail.
func (a Agent) Address() string {
	if len(a.Addresses) == 0 {
		return ""
	}
	return a.Addresses[0]
}

// Team is a group of agents.
type Team struct {
	ID        TeamID
	Workspace WorkspaceID
	Name      string
	Members   []AgentID
	Strategy  Strategy
	Hours     Hours // of members without shifts of their own; never closing: those of the Reception
}

// Forward is a rule: which conversations are mailed to whom. Channel and Team narrow it; empty means every channel, every team. All rules
// that fit apply, each mailbox getting one mail.
type Forward struct {
	ID        string
	Workspace WorkspaceID
	Name      string
	Channel   ChannelID
	Team      TeamID
	To        []AgentID // always
	Assigned  bool      // also the assigned agent; while there is none, the members of the conversation's team
}

// APIKey lets a program in. The key itself is shown once; the store keeps its SHA-256.
type APIKey struct {
	ID        string
	Workspace WorkspaceID
	Name      string
	Hash      []byte
	Scopes    []string // "read", "send", "manage"
	Created   time.Time
	Revoked   time.Time
}
