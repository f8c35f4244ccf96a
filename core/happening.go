package core

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// HappeningKind names what automation can react to.
type HappeningKind string

const (
	HappenedOpened       HappeningKind = "opened"   // a conversation began; By tells by whom. The contact's message follows as a happening of its own
	HappenedMessage      HappeningKind = "message"  // the contact wrote Message
	HappenedAnswered     HappeningKind = "answered" // a person of the business wrote Message: by mail, through the API, or on the phone
	HappenedSent         HappeningKind = "sent"     // Message was written by a program or automation, or as one more of a person's answer; see outbound.Options.Told
	HappenedClosed       HappeningKind = "closed"
	HappenedReopened     HappeningKind = "reopened"
	HappenedAssigned     HappeningKind = "assigned" // it has another agent or team
	HappenedTagged       HappeningKind = "tagged"   // Name is a tag that the conversation or its contact got
	HappenedUntagged     HappeningKind = "untagged"
	HappenedField        HappeningKind = "field"         // Name is a field of the contact that has another value
	HappenedOrdered      HappeningKind = "ordered"       // an order was taken down: Name is its id
	HappenedOrderChanged HappeningKind = "order-changed" // the order Name has another state
	HappenedTimer        HappeningKind = "timer"         // the time came that the run Name waited for
	HappenedSchedule     HappeningKind = "schedule"      // the time came at which the workflow Name starts
)

// Happening is something that happened in a conversation, kept until automation has dealt with it. It is stored in the transaction of what happened,
// with a JobWorkflow, by Happen.
type Happening struct {
	ID           string // time-ordered
	Conversation ConversationID
	Kind         HappeningKind
	Message      MessageID // what was written; empty for other kinds
	By           Author
	Name         string // of a tag or field, or the id of an order
	At           time.Time
}

// Happen records a happening in the caller's transaction and lets automation follow it. The conversation is locked.
func Happen(ctx context.Context, tx Tx, ws WorkspaceID, h Happening) error {
	if err := tx.In(ws).AddHappening(ctx, h); err != nil {
		return err
	}
	return tx.Enqueue(ctx, WorkflowJob(ws, h.Conversation))
}

// WorkflowJob returns the job in which automation follows what happened in a conversation.
func WorkflowJob(ws WorkspaceID, id ConversationID) Job {
	return Job{Kind: JobWorkflow, Workspace: ws, Key: string(id)}
}

// AutomationOwner is the owner of the values by which the parts of automation keep their settings in a workspace; see Store.Automated.
const AutomationOwner = "automation"

// Automated reports whether automation follows what happens in a workspace.
func Automated(ctx context.Context, repo ChannelRepo) (bool, error) {
	names, err := repo.Automation(ctx)
	return len(names) > 0, err
}

// Follower is a piece of automation: greeting, workflows, assignment. Follow reacts to one happening, given the conversation as those before left it,
// which is read but once for all of them: who changes it changes c, too. After a crash or an error it is called again with the same happening: what it
// does has to be done once all the same, which the happening's ID is good for (as the Key of a Request, as the name of a run).
type Follower interface {
	Follow(ctx context.Context, ws WorkspaceID, h Happening, c *Conversation) error
}

// Composer stores messages to be sent, if the gate allows them; see Request. Automation sends by it alone.
type Composer interface {
	Compose(ctx context.Context, ws WorkspaceID, r Request) ([]Message, Decision, error)
}

// Request asks for messages to be sent, one for each content, in order. Contact is set instead of Conversation to write to a contact in their open
// conversation, or in a new one. Channel empty means the one the contact last wrote on. Key makes the request idempotent: the same key gives the
// messages made the first time. NotBefore is the earliest time to send; what is written later does not wait for it.
type Request struct {
	Conversation ConversationID
	Contact      ContactID
	Channel      ChannelID
	Author       Author
	Contents     []Content
	Key          string
	NotBefore    time.Time
	Apart        bool // to the contact in a closed conversation, which stays closed: no person is to see it among theirs
	// Seen is the newest message that the author, a person, has seen: where the phone answered after it, the channel may want them to be told first. Zero:
	// it is not asked.
	Seen int64
}

// Handling is how the business's people deal with a conversation. The zero value, but for the conversation, is that of one nobody has touched.
type Handling struct {
	Conversation ConversationID
	Priority     int       // 0 normal, 1 high, 2 urgent
	Tags         []string  // sorted
	Snoozed      time.Time // out of sight until then, or until the contact writes; zero: it is not
	Queued       time.Time // since when it waits in a queue for an agent; zero: it does not
	Assigned     time.Time // when it got its agent; zero: it has none
	Answered     time.Time // when a person first answered, since it was last opened
	Touched      time.Time // when its agent last did something in it
}

// AutomationRepo keeps what automation works with.
type AutomationRepo interface {
	AddHappening(ctx context.Context, h Happening) error
	// Happenings lists the oldest of a conversation's, at most 100.
	Happenings(ctx context.Context, id ConversationID) ([]Happening, error)
	DropHappening(ctx context.Context, conv ConversationID, id string) error
	// DropHappenings drops all of the workspace's.
	DropHappenings(ctx context.Context) error

	// Handling returns the zero value, but for the conversation, where nothing was set.
	Handling(ctx context.Context, id ConversationID) (Handling, error)
	// SetHandling sets all but Queued and Assigned, which are SetPlace's. The conversation is locked.
	SetHandling(ctx context.Context, h Handling) error

	// Fields are what the business knows of a contact, by name.
	Fields(ctx context.Context, id ContactID) (map[string]string, error)
	// SetField sets a field, or with an empty value removes it, and reports whether that changed anything.
	SetField(ctx context.Context, id ContactID, name, value string) (changed bool, err error)
	// ContactTags are sorted.
	ContactTags(ctx context.Context, id ContactID) ([]string, error)
	// SetContactTag adds or removes a tag and reports whether that changed anything.
	SetContactTag(ctx context.Context, id ContactID, tag string, on bool) (changed bool, err error)
}

// TimerJob returns the job that wakes a run at the end of what it waits for at a turn.
func TimerJob(ws WorkspaceID, run string, turn int, at time.Time) Job {
	return Job{Kind: JobTimer, Workspace: ws, Key: run + "/" + strconv.Itoa(turn), At: at}
}

// Timed returns the run and turn that a TimerJob is about.
func (j Job) Timed() (run string, turn int) {
	run, number, _ := strings.Cut(j.Key, "/")
	turn, _ = strconv.Atoi(number)
	return run, turn
}
