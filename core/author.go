package core

// AuthorKind tells who wrote a message. The send gate treats people and automation differently.
type AuthorKind string

const (
	AuthorContact  AuthorKind = "contact"
	AuthorAgent    AuthorKind = "agent"    // a person, by mail or API
	AuthorPhone    AuthorKind = "phone"    // the business's own phone (coexistence)
	AuthorWorkflow AuthorKind = "workflow" // automation
	AuthorAPI      AuthorKind = "api"      // a program
	AuthorProbe    AuthorKind = "probe"    // Causeway itself, in the message by which a channel proves that it works
	AuthorSystem   AuthorKind = "system"   // Causeway itself: of messages it writes only the confirmation of a contact's wish
)

// Author is who did something. Agent is set for a known agent.
type Author struct {
	Kind  AuthorKind `json:"kind"`
	Agent AgentID    `json:"agent,omitempty"`
	Name  string     `json:"name,omitempty"`
}

// Broadcaster is who writes one message to many contacts.
func Broadcaster() Author { return Author{Kind: AuthorWorkflow, Name: "broadcast"} }

// Human reports whether a person wrote it.
func (a Author) Human() bool { return a.Kind == AuthorAgent || a.Kind == AuthorPhone }
