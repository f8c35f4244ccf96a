package core

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Assignment asks for somebody to look after a conversation. Who is considered, in this order: Agent; the agent that Dedicated names; the one who
// had the contact's last conversation (Previous); whoever the strategy of Team picks. Without a Team that is the conversation's own, else the default
// of the workspace.
type Assignment struct {
	Conversation ConversationID
	Agent        AgentID // this one, whether available or not: somebody decided it
	Team         TeamID  // takes it from its agent and lets the team's strategy pick
	Previous     bool    // who looked after the contact before, if they still answer customers
	Dedicated    string  // a field of the contact that holds an agent's name or mail address; empty: none
	Skills       []string
	Language     string        // BCP 47, that the agent has to speak; empty: any
	Fallback     time.Duration // how long to wait for the agent of Previous or Dedicated who is not available; zero: not at all
	By           Author
}

// Assigner carries assignments out. Assign returns the conversation as it is then: without an agent where it waits in a queue. Asking again for what
// is so already changes nothing.
type Assigner interface {
	Assign(ctx context.Context, ws WorkspaceID, a Assignment) (Conversation, error)
}

// Picking names how a strategy picks one of those available.
type Picking string

const (
	PickNobody     Picking = ""            // a person assigns, or whoever answers first takes it
	PickRoundRobin Picking = "round-robin" // one after the other
	PickFewest     Picking = "fewest-open" // who has the fewest conversations open
	PickEqual      Picking = "equal"       // who got the fewest, so that all available get the same number
)

// Strategy says how the conversations of a team find an agent. Ties are broken by who has been without a new conversation for longest.
type Strategy struct {
	Pick      Picking       `json:"pick,omitempty"`
	Most      int           `json:"most,omitempty"`      // conversations of any team that an agent may have open and still get more; zero: any number
	Absent    bool          `json:"absent,omitempty"`    // also those who are not there; zero: only those available
	Speaks    bool          `json:"speaks,omitempty"`    // those who speak the contact's language, where the team has such
	Previous  bool          `json:"previous,omitempty"`  // first who looked after the contact before
	Fallback  time.Duration `json:"fallback,omitempty"`  // how long to wait for them, or for a dedicated agent; zero: not at all
	Untouched time.Duration `json:"untouched,omitempty"` // after which a conversation that waits for its agent's first act goes to the next; zero: it stays
}

// DeskSettings are how a workspace assigns conversations.
type DeskSettings struct {
	Team     TeamID             `json:"team,omitempty"`     // gets what no workflow assigned; empty: the agents of all teams
	Strategy Strategy           `json:"strategy,omitzero"`  // among those; of no use with a Team
	Field    string             `json:"field,omitempty"`    // of contacts, that names their dedicated agent; empty: none
	Tags     map[string]AgentID `json:"tags,omitempty"`     // of contacts, each with its dedicated agent
	Phone    AgentID            `json:"phone,omitempty"`    // who holds the business's phone, and takes what is answered there; empty: nobody
	Answered time.Duration      `json:"answered,omitempty"` // on shift one is available for so long after answering; zero: as long as the shift lasts
	Online   time.Duration      `json:"online,omitempty"`   // how long the word that one is there holds for agents without shifts; zero: 12 hours
	Tell     DeskMessages       `json:"tell,omitzero"`
}

// DeskMessages are what the desk tells contacts.
type DeskMessages struct {
	Assigned bool          `json:"assigned,omitempty"` // who looks after them
	Surge    bool          `json:"surge,omitempty"`    // that all are busy, and what place in the queue they have
	Every    time.Duration `json:"every,omitempty"`    // how often they hear of a better place; zero: never
	Samples  int           `json:"samples,omitempty"`  // how many measured times make an estimate; zero: 8
}

// SurgeName is the author of what contacts are told of their place in a queue, by which reports count it.
const SurgeName = "surge"

// DeskName is the name of their value, which is the AutomationOwner's.
const DeskName = "assignment"

// LoadDesk returns a workspace's settings; the zero value where there are none.
func LoadDesk(ctx context.Context, repo ChannelRepo) (DeskSettings, error) {
	var s DeskSettings
	raw, err := repo.Value(ctx, AutomationOwner, DeskName)
	if err != nil || len(raw) == 0 {
		return s, err
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, fmt.Errorf("settings of assignment: %w", err)
	}
	return s, nil
}

// SaveDesk sets a workspace's.
func SaveDesk(ctx context.Context, repo ChannelRepo, s DeskSettings) error {
	raw, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("settings of assignment: %w", err)
	}
	return repo.SetValue(ctx, AutomationOwner, DeskName, raw)
}

// Presence is what an agent said of being there.
type Presence string

const (
	PresenceUnsaid  Presence = ""        // their shift tells
	PresenceOnline  Presence = "online"  // gets conversations
	PresenceBusy    Presence = "busy"    // is there, gets no new ones
	PresenceOffline Presence = "offline" // is not there
	PresenceAway    Presence = "away"    // an out-of-office reply said so; it ends when they write
)

// Duty is an agent's part in being assigned to.
type Duty struct {
	Agent    AgentID
	Presence Presence
	Until    time.Time // when Presence ends; zero: when it is changed
	Since    time.Time // when it was said
	Answered time.Time // when they last answered a contact
	Given    time.Time // when they last got a conversation
	Open     int       // conversations they have open; counted, never set
}

// Place is a conversation's place at the desk.
type Place struct {
	Conversation ConversationID
	Team         TeamID    // whose queue it is in; empty: that of all agents
	Queued       time.Time // since when it waits there; zero: it does not
	Assigned     time.Time // when it got its agent; zero: it has none
	Priority     int       // of its Handling; never set here
	Wants        Wants
}

// Wants is what a conversation wants of its agent, and what became of that so far.
type Wants struct {
	Skills   []string  `json:"skills,omitempty"`
	Language string    `json:"language,omitempty"`
	Agent    AgentID   `json:"agent,omitempty"`    // only this one, until Until
	Until    time.Time `json:"until,omitzero"`     // zero: as long as Agent is there at all
	Passed   []AgentID `json:"passed,omitempty"`   // left it untouched
	Position int       `json:"position,omitempty"` // in the queue, as told to the contact; zero: nothing was told
	Wait     int       `json:"wait,omitempty"`     // minutes, as told; zero: none was
	Told     time.Time `json:"told,omitzero"`
}

// DeskRepo keeps who is there, and who waits for whom.
type DeskRepo interface {
	// LockDesk keeps others from handing out conversations of the workspace until the transaction ends, and returns what SetDesk kept, nil at
	// first. It comes before the locks of conversations: that of one, or those of LockPlaces.
	LockDesk(ctx context.Context) ([]byte, error)
	SetDesk(ctx context.Context, doc []byte) error
	// Desk is what SetDesk kept last, without a lock.
	Desk(ctx context.Context) ([]byte, error)
	// Duties lists those of all agents, by id.
	Duties(ctx context.Context) ([]Duty, error)
	// SetDuty sets all but Open and Answered, which Answers raises.
	SetDuty(ctx context.Context, d Duty) error
	Answers(ctx context.Context, id AgentID, at time.Time) error

	// Place returns the zero value, but for the conversation, where nothing was set.
	Place(ctx context.Context, id ConversationID) (Place, error)
	SetPlace(ctx context.Context, p Place) error
	// LockPlaces is Lock for many conversations, in the order of their ids, with the places they have then. Those that the workspace does not have are
	// left out. It is for transactions, whose only locks of conversations these are.
	LockPlaces(ctx context.Context, ids ...ConversationID) (map[ConversationID]Conversation, map[ConversationID]Place, error)
	// Places lists what waits in a queue: higher priority first, then the longest waiting. After is the last one seen, nil for the start.
	Places(ctx context.Context, team TeamID, after *Place, limit int) ([]Place, error)
	// Position is the place in the queue of one that waits, from 1.
	Position(ctx context.Context, p Place) (int, error)
	// Queues counts what waits, by queue.
	Queues(ctx context.Context) (map[TeamID]int, error)
}
